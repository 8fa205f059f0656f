//! The embedded list as the rest of the gateway sees it.

use super::asset::ASSET;
use super::*;
use crate::base::model::TokenUsage;
use crate::base::{Capability, MicroUsd, Mode, PicoUsdPerToken};

fn of(providers: &[(&str, &str)]) -> Catalogue {
    let providers: Vec<_> = providers.iter().map(|(name, kind)| (ProviderId::from(*name), *kind)).collect();
    Catalogue::of(providers.iter().map(|(name, kind)| (name, *kind)))
}

fn everything() -> Catalogue {
    let kinds: Vec<_> = quirks::kinds().map(|kind| (kind, kind)).collect();
    of(&kinds)
}

#[test]
fn every_row_reads_and_every_section_is_a_providers() {
    let all = everything();
    assert!(all.iter().count() > 1800, "{}", all.iter().count());
    let sections: Vec<_> = ASSET.lines().filter_map(|line| line.strip_prefix('@')).collect();
    assert!(sections.len() > 20);
    for kind in sections {
        assert!(quirks::find(kind).is_some(), "{kind}");
        assert!(all.models_of(&kind.into()).next().is_some(), "{kind}");
    }
    for info in all.iter() {
        assert!(info.long_context.is_sorted_by_key(|(above, _)| *above), "{}", info.id);
    }
    for day in all.iter().filter_map(|info| all.retires(&info.id)) {
        assert!(day.parse::<jiff::civil::Date>().is_ok(), "{day}");
    }
}

#[test]
fn prices_limits_and_capabilities_are_those_of_the_source() {
    let all = everything();
    let get = |id: &str| Arc::clone(all.get(&ModelRef::parse(id).unwrap()).unwrap_or_else(|| panic!("{id}")));
    let mini = get("openai/gpt-4o-mini");
    assert_eq!(mini.prices.input, Some(PicoUsdPerToken(150_000)));
    assert_eq!(mini.prices.cache_read, Some(PicoUsdPerToken(75_000)));
    assert_eq!(mini.prices.cache_write, None);
    assert_eq!((mini.max_input_tokens, mini.max_output_tokens), (Some(128_000), Some(16_384)));
    assert_eq!(mini.capabilities.get(Capability::Vision), Some(true));
    assert_eq!(mini.capabilities.get(Capability::Reasoning), None);
    assert_eq!(get("openai/gpt-4o-audio-preview-2024-12-17").mode, Mode::Chat);
    assert_eq!(get("openai/text-embedding-3-small").mode, Mode::Embedding);
    assert_eq!(get("openai/o1-pro").mode, Mode::Responses);
    assert_eq!(get("anthropic/claude-opus-5").capabilities.get(Capability::SamplingParams), Some(false));
    let pro = get("gemini/gemini-2.5-pro");
    let usage = |input| TokenUsage { input, output: 1000, ..TokenUsage::default() };
    assert_eq!(pro.cost(&usage(200_000)), Some(MicroUsd(250_000 + 10_000)));
    assert_eq!(pro.cost(&usage(200_001)), Some(MicroUsd(500_003 + 15_000)));
}

#[test]
fn unknown_prices_stay_unknown_and_free_is_free() {
    let all = everything();
    assert!(all.iter().any(|info| info.prices.input.is_none()));
    assert!(all.iter().any(|info| info.prices.input == Some(PicoUsdPerToken(0))));
    // A fee for each request cannot be said in prices per token, so that the price is unknown.
    let online = ModelRef::new("perplexity", "pplx-7b-online");
    assert_eq!(all.get(&online).unwrap().prices.input, None);
}

#[test]
fn of_several_rows_the_base_row_is_taken() {
    let all = everything();
    let input = |provider: &str, id: &str| all.get(&ModelRef::new(provider, id)).unwrap().prices.input;
    assert_eq!(input("azure", "gpt-4.1"), Some(PicoUsdPerToken(2_000_000)));
    assert_eq!(input("bedrock", "anthropic.claude-haiku-5-5"), Some(PicoUsdPerToken(100_000)));
    assert_eq!(input("bedrock", "meta.llama3-70b-instruct-v1:0"), Some(PicoUsdPerToken(2_650_000)));
}

#[test]
fn a_provider_of_another_name_has_the_rows_of_its_kind() {
    let catalogue = of(&[("openai-eu", "openai"), ("openai", "openai"), ("local", "openai-chat")]);
    assert!(catalogue.get(&ModelRef::new("openai-eu", "gpt-4o")).is_some());
    assert!(catalogue.get(&ModelRef::new("anthropic", "claude-opus-5")).is_none());
    assert!(catalogue.models_of(&"local".into()).next().is_none());
    assert_eq!(catalogue.resolve_bare("gpt-4o"), Some(ModelRef::new("openai", "gpt-4o")));
    assert_eq!(catalogue.candidates("gpt-4o").len(), 2);
    assert_eq!(catalogue.resolve_bare("gpt-5o"), None);
}

#[test]
fn a_bare_id_with_slashes_is_found() {
    let catalogue = of(&[("together", "together")]);
    let id = "meta-llama/Llama-3.3-70B-Instruct-Turbo";
    assert_eq!(catalogue.resolve_bare(id), Some(ModelRef::new("together", id)));
}

#[test]
fn a_tuned_model_is_known_by_its_base() {
    let catalogue = of(&[("openai", "openai")]);
    let tuned = catalogue.get(&ModelRef::new("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc"));
    assert_eq!(tuned.unwrap().prices.input, Some(PicoUsdPerToken(300_000)));
    assert!(catalogue.get(&ModelRef::new("openai", "ft:unheard-of:acme::abc")).is_none());
}

#[test]
fn the_nearest_names_come_first() {
    let catalogue = of(&[("openai", "openai"), ("anthropic", "anthropic")]);
    assert_eq!(catalogue.nearest("gtp-4o", 1, []), ["openai/gpt-4o"]);
    assert_eq!(catalogue.nearest("antropic/claude-opus-5", 1, []), ["anthropic/claude-opus-5"]);
    assert_eq!(catalogue.nearest("suport-bot", 3, ["support-bot"]).first().unwrap(), "support-bot");
    assert_eq!(catalogue.nearest("gpt-4o", 3, []).len(), 3);
    assert_eq!(catalogue.nearest("gpt-4o", 0, ["x"]), Vec::<String>::new());
    assert_eq!(Catalogue::default().nearest("gpt-4o", 3, []), Vec::<String>::new());
    assert_eq!(catalogue.nearest(&"x".repeat(100_000), 3, []).len(), 3);
}

#[test]
fn an_entry_replaces_what_was_known() {
    let mut catalogue = of(&[("openai", "openai")]);
    let id = ModelRef::new("openai", "gpt-4o");
    let retires = catalogue.retires(&id);
    let mut info = ModelInfo::unknown(id.clone());
    info.prior_quality = Some(0.5);
    catalogue.insert(info);
    assert_eq!(catalogue.get(&id).unwrap().prior_quality, Some(0.5));
    assert_eq!(catalogue.get(&id).unwrap().prices.input, None);
    assert_eq!(catalogue.retires(&id), retires);
    assert_eq!(catalogue.candidates("gpt-4o").len(), 1);
}
