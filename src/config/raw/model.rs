//! `[[model]]`: adds to, or overrides, the built-in catalogue.

use crate::base::{Capability, Mode, PicoUsdPerToken};
use crate::config::leaf::{choice, filled, integer, number};
use crate::config::nearest::nearest;
use crate::config::report::{Complaint, Field};
use crate::config::section::Section;
use crate::config::tree::{Place, Table, Value};

/// Prices as they are written; absent = as before.
#[derive(Debug)]
pub(in crate::config) struct RawPrices {
    pub(in crate::config) input: Option<PicoUsdPerToken>,
    pub(in crate::config) output: Option<PicoUsdPerToken>,
    pub(in crate::config) cache_read: Option<PicoUsdPerToken>,
    pub(in crate::config) cache_write: Option<PicoUsdPerToken>,
}

/// One model.
#[derive(Debug)]
pub(in crate::config) struct RawModel {
    pub(in crate::config) id: Option<Field<String>>,
    pub(in crate::config) base_model: Option<Field<String>>,
    pub(in crate::config) mode: Option<Field<Mode>>,
    pub(in crate::config) prices: RawPrices,
    pub(in crate::config) long_context: Option<Vec<(Field<u64>, RawPrices)>>,
    pub(in crate::config) max_input_tokens: Option<u64>,
    pub(in crate::config) max_output_tokens: Option<u64>,
    pub(in crate::config) capabilities: Vec<Field<(Capability, bool)>>,
    pub(in crate::config) prior_quality: Option<f64>,
}

const MODES: &[(&str, Mode)] = &[
    ("chat", Mode::Chat),
    ("responses", Mode::Responses),
    ("completion", Mode::Completion),
    ("embedding", Mode::Embedding),
];

impl RawModel {
    pub(super) fn read_all(root: &mut Section<'_>) -> Vec<Self> {
        let mut models = Vec::new();
        for (index, (place, table)) in root.tables("model").into_iter().enumerate() {
            let path = named("model", "id", index, &table);
            models.push(Self::read(Section::new(path, place, table, root.report)));
        }
        models
    }

    fn read(mut section: Section<'_>) -> Self {
        let tokens = || integer(1..=1_000_000_000_000);
        let raw = Self {
            id: section.required("id", filled),
            base_model: section.optional("base_model", filled),
            mode: section.optional("mode", choice(MODES)),
            prices: RawPrices::read(&mut section),
            max_input_tokens: section.optional("max_input_tokens", tokens()).map(|field| field.value),
            max_output_tokens: section.optional("max_output_tokens", tokens()).map(|field| field.value),
            capabilities: section.list("capabilities", &[], capability),
            prior_quality: section.optional("prior_quality", number(0.0..=1.0)).map(|field| field.value),
            long_context: section.has("long_context").then(|| long_context(&mut section)),
        };
        section.finish();
        raw
    }
}

impl RawPrices {
    fn read(section: &mut Section<'_>) -> Self {
        let mut price = |key| section.optional(key, price).map(|field| field.value);
        Self {
            input: price("input_usd_per_mtok"),
            output: price("output_usd_per_mtok"),
            cache_read: price("cache_read_usd_per_mtok"),
            cache_write: price("cache_write_usd_per_mtok"),
        }
    }
}

fn long_context(section: &mut Section<'_>) -> Vec<(Field<u64>, RawPrices)> {
    let path = section.key("long_context");
    let mut tiers = Vec::new();
    for (place, table) in section.tables("long_context") {
        let mut tier = Section::new(path.clone(), place, table, section.report);
        let above = tier.required("above_input_tokens", integer(1..=1_000_000_000_000));
        let prices = RawPrices::read(&mut tier);
        tier.finish();
        tiers.extend(above.map(|above| (above, prices)));
    }
    tiers
}

fn price(value: &Value) -> Result<PicoUsdPerToken, Complaint> {
    let usd = number(0.0..=1e6)(value)?;
    PicoUsdPerToken::from_usd_per_mtok(usd).ok_or_else(|| Complaint::new("is out of range"))
}

/// `tools`, or `!tools` for a model that has none.
fn capability(value: &Value) -> Result<(Capability, bool), Complaint> {
    let text = filled(value)?;
    let (word, yes) = text.strip_prefix('!').map_or((text.as_str(), true), |word| (word, false));
    let words = || Capability::WORDS.iter().map(|(word, _)| *word);
    Capability::WORDS.iter().find(|(known, _)| *known == word).map(|(_, capability)| (*capability, yes)).ok_or_else(
        || {
            let all: Vec<_> = words().collect();
            let reason = format!("is no capability; expected {}, or one of them after `!`", all.join(", "));
            Complaint::new(reason).nearest(nearest(word, words()))
        },
    )
}

/// The path of a table in a list: by its name where it has one, else by its number.
pub(super) fn named(list: &str, key: &str, index: usize, table: &Table) -> String {
    match table.get(key).map(|node| (&node.value, &node.place)) {
        Some((Value::Text(name), Place::File(_))) if !name.is_empty() && name.len() <= 128 => format!("{list}.{name}"),
        _ => format!("{list}[{}]", index + 1),
    }
}
