//! The recorded outcomes.

use crate::base::{Mode, ModelInfo, ModelRef, PicoUsdPerToken, ProviderId};
use flate2::read::GzDecoder;
use serde::Deserialize;
use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::sync::OnceLock;
use xxhash_rust::xxh3::xxh3_64;

const ASSET: &[u8] = include_bytes!("../../../assets/replay.jsonl.gz");

/// How one model did on one question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// 1 = right, 0 = wrong.
    pub quality: f64,
    /// Tokens of the question.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

/// One question.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its id in the source.
    pub id: String,
    /// Its subject.
    pub domain: String,
    /// Its text.
    pub prompt: String,
    outcomes: Vec<(f64, u64, u64)>,
}

/// All records.
#[derive(Debug)]
pub struct Replay {
    /// The models, in the order of the source.
    pub models: Vec<String>,
    /// The model that stands for "what is used today".
    pub baseline: String,
    /// The questions.
    pub items: Vec<Item>,
    prices: HashMap<String, (f64, f64)>,
    by_prompt: HashMap<u64, usize>,
}

#[derive(Deserialize)]
struct Header {
    models: Vec<String>,
    usd_per_mtok: HashMap<String, (f64, f64)>,
    baseline: String,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    domain: String,
    prompt: String,
    out: Vec<(f64, u64, u64)>,
}

/// The records, unpacked on first use.
#[must_use]
pub fn replay() -> &'static Replay {
    static REPLAY: OnceLock<Replay> = OnceLock::new();
    REPLAY.get_or_init(|| Replay::read().expect("the embedded records are whole: a test reads them"))
}

impl Replay {
    fn read() -> Result<Self, std::io::Error> {
        let mut lines = BufReader::new(GzDecoder::new(ASSET)).lines();
        let header = lines.next().ok_or(std::io::ErrorKind::UnexpectedEof)??;
        let header: Header = serde_json::from_str(&header)?;
        let mut items = Vec::new();
        for line in lines {
            let Row { id, domain, prompt, out } = serde_json::from_str(&line?)?;
            items.push(Item { id, domain, prompt, outcomes: out });
        }
        let by_prompt =
            items.iter().enumerate().map(|(index, item)| (xxh3_64(item.prompt.as_bytes()), index)).collect();
        let Header { models, usd_per_mtok: prices, baseline } = header;
        Ok(Self { models, baseline, items, prices, by_prompt })
    }

    /// The question with exactly this text.
    #[must_use]
    pub fn find(&self, prompt: &str) -> Option<&Item> {
        let index = self.by_prompt.get(&xxh3_64(prompt.as_bytes()))?;
        self.items.get(*index).filter(|item| item.prompt == prompt)
    }

    /// How `model` did on `item`; `None` where the model is not in the records.
    #[must_use]
    pub fn outcome(&self, model: &str, item: &Item) -> Option<Outcome> {
        let index = self.models.iter().position(|known| known == model)?;
        let (quality, input_tokens, output_tokens) = *item.outcomes.get(index)?;
        Some(Outcome { quality, input_tokens, output_tokens })
    }

    /// The models with their list prices, as entries of the catalogue under `provider`.
    #[must_use]
    pub fn catalogue(&self, provider: &ProviderId) -> Vec<ModelInfo> {
        let entry = |model: &String| {
            let mut info = ModelInfo::unknown(ModelRef::new(provider.clone(), model));
            info.mode = Mode::Chat;
            let price = self.prices.get(model);
            info.prices.input = price.and_then(|(input, _)| PicoUsdPerToken::from_usd_per_mtok(*input));
            info.prices.output = price.and_then(|(_, output)| PicoUsdPerToken::from_usd_per_mtok(*output));
            info
        };
        self.models.iter().map(entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_records_are_whole() {
        let replay = Replay::read().unwrap();
        assert!(replay.items.len() >= 500 && replay.models.len() >= 10);
        assert!(replay.models.contains(&replay.baseline));
        for item in &replay.items {
            assert_eq!(item.outcomes.len(), replay.models.len());
            assert!(
                item.outcomes
                    .iter()
                    .all(|(quality, input, output)| { (0.0..=1.0).contains(quality) && *input > 0 && *output > 0 })
            );
        }
        let item = &replay.items[7];
        assert_eq!(replay.find(&item.prompt), Some(item));
        assert_eq!(replay.find("no such question"), None);
        assert!(replay.catalogue(&"replay".into()).iter().all(|info| info.prices.input.is_some()));
    }
}
