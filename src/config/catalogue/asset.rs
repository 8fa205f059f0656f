//! The embedded list: a section a provider, a line a model. `scripts/make-catalogue` writes and explains it.

use crate::base::{Capability, Mode, ModelInfo, ModelRef, PicoUsdPerToken, Prices, ProviderId};

pub(super) const ASSET: &str = include_str!("../../../assets/catalogue.tsv");

/// One row: the model, and the day of its retirement (`2027-01-31`) where the provider has named one.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) info: ModelInfo,
    pub(super) retires: Option<&'static str>,
}

/// The models of one kind of provider, under the name that the configuration gives it.
pub(super) fn rows(kind: &str, provider: &ProviderId) -> impl Iterator<Item = Row> {
    section(kind)
        .lines()
        .map(move |line| row(provider, line).expect("the embedded rows are well formed: a test reads them all"))
}

fn section(kind: &str) -> &'static str {
    let Some((_, rest)) = ASSET.split_once(&format!("\n@{kind}\n")) else { return "" };
    rest.split_once("\n@").map_or(rest, |(section, _)| section)
}

fn row(provider: &ProviderId, line: &'static str) -> Option<Row> {
    let mut fields = line.split('\t');
    let mut next = || fields.next().unwrap_or("");
    let id = next();
    let mode = match next() {
        "c" => Mode::Chat,
        "r" => Mode::Responses,
        "t" => Mode::Completion,
        "e" => Mode::Embedding,
        _ => return None,
    };
    let (input, output) = (number(next())?, number(next())?);
    let prices = prices([next(), next(), next(), next()])?;
    let letters = next();
    let retires = Some(next()).filter(|day| !day.is_empty());
    let tiers = next();
    let mut info = ModelInfo::unknown(ModelRef::new(provider.clone(), id));
    info.mode = mode;
    info.max_input_tokens = input;
    info.max_output_tokens = output;
    info.prices = prices;
    for letter in letters.chars() {
        info.capabilities.set(capability(letter)?, letter.is_ascii_uppercase());
    }
    for tier in tiers.split_terminator(';') {
        let mut parts = tier.split(':');
        let above = number(parts.next()?)??;
        let prices = self::prices([parts.next()?, parts.next()?, parts.next()?, parts.next()?])?;
        info.long_context.push((above, prices));
    }
    Some(Row { info, retires })
}

fn prices([input, output, read, write]: [&str; 4]) -> Option<Prices> {
    let price = |text| Some(number(text)?.map(PicoUsdPerToken));
    Some(Prices { input: price(input)?, output: price(output)?, cache_read: price(read)?, cache_write: price(write)? })
}

/// Outer `None` = no number; inner `None` = empty, which means unknown.
fn number(text: &str) -> Option<Option<u64>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

fn capability(letter: char) -> Option<Capability> {
    Some(match letter.to_ascii_uppercase() {
        'V' => Capability::Vision,
        'T' => Capability::Tools,
        'S' => Capability::ResponseSchema,
        'R' => Capability::Reasoning,
        'P' => Capability::SamplingParams,
        'A' => Capability::AdaptiveThinking,
        'O' => Capability::ThinkingAlwaysOn,
        'M' => Capability::MidConversationSystem,
        'F' => Capability::ForcedToolUse,
        'L' => Capability::AssistantPrefill,
        _ => return None,
    })
}
