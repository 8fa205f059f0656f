//! What is believed of which model, and the form of the embedded rows.

use super::*;
use crate::base::{ModelRef, Prices, ProviderId};
use crate::config::Catalogue;
use crate::wire::quirks;
use proptest::prelude::*;

fn named(model: &str) -> ModelInfo {
    ModelInfo::unknown(ModelRef::new(ProviderId::from("any"), model))
}

fn priced(model: &str, input: f64, output: f64) -> ModelInfo {
    let price = PicoUsdPerToken::from_usd_per_mtok;
    ModelInfo { prices: Prices { input: price(input), output: price(output), ..Prices::default() }, ..named(model) }
}

fn source(info: &ModelInfo) -> Option<PriorSource> {
    prior(info, TaskKind::General).map(|prior| prior.source)
}

#[test]
fn a_model_is_found_under_the_names_that_providers_give_it() {
    for names in [
        &["gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai/gpt-4o-mini", "ft:gpt-4o-mini-2024-07-18"][..],
        &[
            "claude-3-opus-20240229",
            "anthropic.claude-3-opus-20240229-v1:0",
            "us.anthropic.claude-3-opus-20240229-v1:0",
        ],
        &["claude-opus-4-5", "claude-opus-4-5@20251101", "global.anthropic.claude-opus-4-5-20251101-v1:0"],
        &[
            "llama-3-1-70b-instruct",
            "meta-llama/Meta-Llama-3.1-70B-Instruct",
            "accounts/fireworks/models/llama-v3p1-70b-instruct",
        ],
    ] {
        let first = prior(&named(names[0]), TaskKind::Code).unwrap();
        assert_eq!(first.source, PriorSource::Exact, "{}", names[0]);
        assert!(first.benchmarks > 0);
        for name in names {
            assert_eq!(prior(&named(name), TaskKind::Code), Some(first), "{name}");
        }
    }
}

#[test]
fn the_nearest_source_wins() {
    let configured = ModelInfo { prior_quality: Some(0.74), ..priced("gpt-4o-mini", 0.15, 0.6) };
    for (info, expected) in [
        (configured, Some(PriorSource::Configured)),
        (priced("gpt-4o-mini", 0.15, 0.6), Some(PriorSource::Exact)),
        (priced("gpt-4o-2031-01-01", 2.5, 10.0), Some(PriorSource::Family)),
        (priced("gpt-4o", 2.5, 10.0), Some(PriorSource::Family)),
        (priced("claude-opus-4-99", 5.0, 25.0), Some(PriorSource::Family)),
        (priced("nobody-knows-me", 5.0, 25.0), Some(PriorSource::PriceBand)),
        (priced("nobody-knows-me", 0.0, 0.0), None),
        (named("nobody-knows-me"), None),
        (ModelInfo { mode: Mode::Embedding, ..named("gpt-4o-mini") }, None),
    ] {
        assert_eq!(source(&info), expected, "{}", info.id);
    }
}

#[test]
fn the_operator_is_believed_on_every_kind() {
    let info = ModelInfo { prior_quality: Some(0.74), ..named("gpt-4o") };
    for kind in TaskKind::ALL {
        assert_eq!(prior(&info, kind), Some(Prior::configured(0.74)));
    }
}

#[test]
fn further_sources_are_less_sure() {
    for kind in TaskKind::ALL {
        let error = |info: &ModelInfo| prior(info, kind).unwrap().standard_error;
        let (exact, family, price) =
            (error(&named("gpt-4o-2024-08-06")), error(&named("gpt-4o-2031-01-01")), error(&priced("x", 2.5, 10.0)));
        assert!(exact < family && exact < price, "{kind}: {exact} {family} {price}");
    }
}

#[test]
fn stronger_models_are_believed_to_be_stronger() {
    let mean = |name: &str, kind| prior(&named(name), kind).unwrap().mean;
    for (strong, weak) in [
        ("claude-opus-4-5", "claude-3-haiku-20240307"),
        ("gpt-5", "gpt-4o-mini"),
        ("gpt-4o-2024-08-06", "gpt-3.5-turbo-0125"),
        ("llama-3-1-405b-instruct", "llama-3-1-8b-instruct"),
    ] {
        for kind in TaskKind::ALL {
            assert!(mean(strong, kind) > mean(weak, kind), "{strong} {weak} {kind}");
        }
    }
    for kind in TaskKind::ALL {
        let band = |price| prior(&priced("x", price, price), kind).unwrap().mean;
        assert!(band(20.0) > band(0.1), "{kind}");
    }
}

#[test]
fn pseudo_observations_follow_the_error_within_bounds() {
    for (mean, standard_error, expected) in
        [(0.8, 0.1, 16.0), (0.5, 0.1, 25.0), (0.5, 0.5, 2.0), (0.99, 0.2, 2.0), (0.5, 0.01, 50.0), (0.5, 0.0, 2.0)]
    {
        let prior = Prior { mean, standard_error, source: PriorSource::Exact, benchmarks: 1 };
        assert!((prior.pseudo_observations() - expected).abs() < 1e-9, "{mean} {standard_error}");
    }
}

#[test]
fn every_row_reads() {
    let asset = asset::get();
    assert!(asset.models.len() > 250 && asset.families.len() > 100 && asset.prices.len() == 8);
    let rows = asset.models.values().chain(asset.families.values()).chain(asset.prices.iter().map(|(_, row)| row));
    for row in rows {
        assert!(row.count() > 0, "{row:?}");
        for kind in TaskKind::ALL {
            let (mean, error) = row.on(kind).unwrap_or_else(|| panic!("{row:?}"));
            assert!((0.05..0.999).contains(&mean) && (0.05..0.6).contains(&error), "{row:?}");
        }
    }
    assert!(asset.prices.is_sorted_by_key(|(highest, _)| *highest));
}

#[test]
fn every_priced_chat_model_of_the_catalogue_has_a_prior() {
    let kinds: Vec<_> = quirks::kinds().map(|kind| (ProviderId::from(kind), kind)).collect();
    let catalogue = Catalogue::of(kinds.iter().map(|(name, kind)| (name, *kind)));
    let (mut exact, mut all) = (0, 0);
    for info in catalogue.iter().filter(|info| blended(info).is_some() && info.mode != Mode::Embedding) {
        let found = catalogue.prior(&info.id, TaskKind::Code);
        assert!(found.is_some(), "{}", info.id);
        exact += usize::from(found.is_some_and(|prior| prior.source == PriorSource::Exact));
        all += 1;
    }
    assert!(exact * 5 > all * 2, "{exact} of {all} have rows of their own");
}

#[test]
fn names_come_to_one_form() {
    for (id, expected) in [
        ("GPT-4.1", "gpt-4-1"),
        ("openai/gpt-4.1", "gpt-4-1"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307"),
        ("us-gov.anthropic.claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("gemini-1.5-pro@002", "gemini-1-5-pro"),
        ("v1", "v1"),
        ("...", ""),
        ("", ""),
    ] {
        assert_eq!(name::shorten(id), expected, "{id}");
    }
    for (name, expected) in [
        ("a-20241022", "a"),
        ("a-2024-10-22", "a"),
        ("a-0613", "a-0613"),
        ("a-19991022", "a-19991022"),
        ("20241022", "20241022"),
    ] {
        assert_eq!(name::undated(name), expected);
    }
    assert_eq!(name::beginnings("a-b-c").collect::<Vec<_>>(), ["a-b-c", "a-b", "a"]);
}

proptest! {
    #[test]
    fn any_name_is_answered(name in any::<String>(), input in any::<u64>(), output in any::<u64>()) {
        let prices = Prices { input: Some(PicoUsdPerToken(input)), output: Some(PicoUsdPerToken(output)), ..Prices::default() };
        let info = ModelInfo { prices, ..named(&name) };
        for kind in TaskKind::ALL {
            if let Some(prior) = prior(&info, kind) {
                prop_assert!((0.0..=1.0).contains(&prior.mean) && (2.0..=50.0).contains(&prior.pseudo_observations()));
            }
        }
    }
}
