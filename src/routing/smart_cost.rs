//! `smart_cost`: the demanding requests to the default model, the others to a cheaper one.
//!
//! It learns nothing: it looks at the request's shape, and at what is known of the models beforehand.
//!
//! ```text
//! complexity = 0.30 · ramp(messages, 1, 5)           a longer conversation has more to keep in mind
//!            + 0.25 · ramp(system tokens, 0, 300)    longer instructions are more rules to keep
//!            + 0.20 · [tools are offered]
//!            + 0.15 · [a code fence is in it]
//!            + 0.05 · ramp(tokens, 10, 500)
//!            + 0.05 · [a form of the answer is asked for]          ramp(x, a, b) = clamp((x − a) / (b − a), 0, 1)
//!
//! below 0.3  simple    the cheapest candidate serves
//! below 0.7  moderate  the cheapest one serves whose prior quality is at least the floor × the default model's
//! else       complex   the default model serves
//! ```
//!
//! Cheap is what this request is expected to cost there: its input tokens, and the output tokens that it allows up to
//! [`EXPECTED_OUTPUT`], at catalogue prices. A model whose price is not known is never chosen for its cost, and nobody is
//! cheaper than a default model whose price is not known. A session may move up to the default model and stays there; it
//! never moves down, since that would lose its prompt cache and its tone.
//!
//! A worked example: one message of about 10 tokens with a system prompt of 60 tokens, a tool, and nothing else:
//! 0.25 · 60/300 + 0.20 = 0.25, which is simple.
//!
//! ```
//! use floopy::resource::assessment::{Intent, Tier};
//! use floopy::routing::smart_cost::{Asked, rate};
//! let asked = Asked { messages: 1, system_tokens: 60, tokens: 10, tools: true, code: false, format: false, intent: Intent::General };
//! let rated = rate(&asked);
//! assert_eq!((rated.score, rated.tier), (0.25, Tier::Simple));
//! ```

use crate::base::model::{ModelInfo, TokenUsage};
use crate::base::{MicroUsd, ModelRef};
use crate::resource::assessment::{Complexity, Intent, Tier};

/// Output tokens that an answer is expected to have, where the request does not allow fewer.
pub const EXPECTED_OUTPUT: u64 = 400;
/// Complexity from which a request is no longer simple.
const MODERATE: f64 = 0.3;
/// Complexity from which it is complex.
const COMPLEX: f64 = 0.7;

/// What of a request its complexity is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Messages.
    pub messages: u32,
    /// Tokens of the system messages, roughly.
    pub system_tokens: u64,
    /// Tokens of all messages, roughly.
    pub tokens: u64,
    /// Whether tools are offered.
    pub tools: bool,
    /// Whether a code fence is in it.
    pub code: bool,
    /// Whether a form of the answer is asked for.
    pub format: bool,
    /// What it is about.
    pub intent: Intent,
}

/// What a request is rated.
#[must_use]
pub fn rate(asked: &Asked) -> Complexity {
    let flag = |holds: bool| if holds { 1.0 } else { 0.0 };
    let score = 0.30 * ramp(u64::from(asked.messages), 1, 5)
        + 0.25 * ramp(asked.system_tokens, 0, 300)
        + 0.20 * flag(asked.tools)
        + 0.15 * flag(asked.code)
        + 0.05 * ramp(asked.tokens, 10, 500)
        + 0.05 * flag(asked.format);
    // Rounded first, so that the record's number gives the record's tier.
    let score = (score * 1e4).round() / 1e4;
    let tier = match score {
        _ if score < MODERATE => Tier::Simple,
        _ if score < COMPLEX => Tier::Moderate,
        _ => Tier::Complex,
    };
    Complexity { score, tier, intent: asked.intent }
}

#[expect(clippy::cast_precision_loss, reason = "clamped between two small numbers")]
fn ramp(value: u64, from: u64, to: u64) -> f64 {
    (value.clamp(from, to) - from) as f64 / (to - from) as f64
}

/// What a request is expected to cost at a model; `None` = a price is not known.
#[must_use]
pub fn expected_cost(info: &ModelInfo, input_tokens: u64, max_output_tokens: Option<u64>) -> Option<MicroUsd> {
    let output = max_output_tokens.unwrap_or(EXPECTED_OUTPUT).min(EXPECTED_OUTPUT);
    info.cost(&TokenUsage { input: input_tokens, output, estimated: true, ..TokenUsage::default() })
}

/// A model that could serve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Offer<'a> {
    /// Who.
    pub model: &'a ModelRef,
    /// What the request is expected to cost there.
    pub cost: Option<MicroUsd>,
    /// Its quality on such requests as far as is known beforehand, 0..1.
    pub quality: Option<f64>,
}

/// Whether this model is good enough for a request of this tier, beside the default model.
#[must_use]
pub fn is_good_enough(offer: &Offer<'_>, default: &Offer<'_>, tier: Tier, floor: f64) -> bool {
    match tier {
        Tier::Simple => true,
        Tier::Moderate => {
            matches!((offer.quality, default.quality), (Some(quality), Some(least)) if quality >= floor * least)
        }
        Tier::Complex => false,
    }
}

/// The cheapest of the others that is good enough and cheaper than the default model; `None` = the default model.
/// Among equally cheap ones the first.
#[must_use]
pub fn cheapest<'a>(default: &Offer<'a>, others: &[Offer<'a>], tier: Tier, floor: f64) -> Option<&'a ModelRef> {
    let most = default.cost?;
    let good = others.iter().filter(|offer| is_good_enough(offer, default, tier, floor));
    let priced = good.filter_map(|offer| Some((offer.cost?, offer.model)));
    priced.filter(|(cost, _)| *cost < most).min_by_key(|(cost, _)| *cost).map(|(_, model)| model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked() -> Asked {
        Asked {
            messages: 1,
            system_tokens: 0,
            tokens: 0,
            tools: false,
            code: false,
            format: false,
            intent: Intent::General,
        }
    }

    #[test]
    fn each_part_has_its_weight() {
        for (asked, score, tier) in [
            (asked(), 0.0, Tier::Simple),
            (Asked { messages: 3, ..asked() }, 0.15, Tier::Simple),
            (Asked { messages: 5, ..asked() }, 0.3, Tier::Moderate),
            (Asked { messages: 50, ..asked() }, 0.3, Tier::Moderate),
            (Asked { system_tokens: 150, ..asked() }, 0.125, Tier::Simple),
            (Asked { system_tokens: 9000, ..asked() }, 0.25, Tier::Simple),
            (Asked { tools: true, ..asked() }, 0.2, Tier::Simple),
            (Asked { code: true, ..asked() }, 0.15, Tier::Simple),
            (Asked { tokens: 255, ..asked() }, 0.025, Tier::Simple),
            (Asked { format: true, ..asked() }, 0.05, Tier::Simple),
            (Asked { messages: 5, system_tokens: 300, code: true, ..asked() }, 0.7, Tier::Complex),
            (Asked { messages: 5, system_tokens: 300, tools: true, tokens: 10, ..asked() }, 0.75, Tier::Complex),
            (
                Asked {
                    messages: 9,
                    system_tokens: 999,
                    tokens: 999,
                    tools: true,
                    code: true,
                    format: true,
                    ..asked()
                },
                1.0,
                Tier::Complex,
            ),
        ] {
            let rated = rate(&asked);
            assert_eq!((rated.score, rated.tier), (score, tier), "{asked:?}");
        }
    }

    fn offer(model: &ModelRef, cost: Option<i64>, quality: Option<f64>) -> Offer<'_> {
        Offer { model, cost: cost.map(MicroUsd), quality }
    }

    #[test]
    fn the_cheapest_that_is_good_enough_serves() {
        let names = ["default", "a", "b", "c", "d"].map(|name| ModelRef::new("p", name));
        let [default, a, b, c, d] = &names;
        let baseline = offer(default, Some(100), Some(0.8));
        let others = [
            offer(a, Some(50), Some(0.79)),
            offer(b, Some(10), Some(0.5)),
            offer(c, None, Some(0.9)),
            offer(d, Some(5), None),
        ];
        let serves = |tier, floor| cheapest(&baseline, &others, tier, floor).map(|model| &*model.model);
        assert_eq!(serves(Tier::Simple, 0.95), Some("d"), "the cheapest, whatever is known of it");
        assert_eq!(serves(Tier::Moderate, 0.95), Some("a"), "quality that is not known is not good enough");
        assert_eq!(serves(Tier::Moderate, 0.6), Some("b"));
        assert_eq!(serves(Tier::Moderate, 1.0), None);
        assert_eq!(serves(Tier::Complex, 0.5), None);
        let unpriced = Offer { cost: None, ..baseline };
        assert_eq!(cheapest(&unpriced, &others, Tier::Simple, 0.95), None, "nobody is cheaper than an unknown price");
        let as_cheap = Offer { cost: Some(MicroUsd(5)), ..baseline };
        assert_eq!(
            cheapest(&as_cheap, &others, Tier::Simple, 0.95),
            None,
            "as cheap is no reason to leave the default"
        );
        let unknown = Offer { quality: None, ..baseline };
        assert_eq!(cheapest(&unknown, &others, Tier::Moderate, 0.95), None);
    }

    #[test]
    fn the_expected_cost_is_that_of_the_tokens_at_catalogue_prices() {
        let price = crate::base::PicoUsdPerToken::from_usd_per_mtok;
        let mut info = ModelInfo::unknown(ModelRef::new("p", "m"));
        assert_eq!(expected_cost(&info, 1000, None), None);
        info.prices.input = price(1.0);
        info.prices.output = price(2.0);
        assert_eq!(expected_cost(&info, 1000, None), Some(MicroUsd(1000 + 800)));
        assert_eq!(expected_cost(&info, 1000, Some(100)), Some(MicroUsd(1000 + 200)));
        assert_eq!(
            expected_cost(&info, 1000, Some(100_000)),
            Some(MicroUsd(1000 + 800)),
            "few answers use what is allowed"
        );
    }

    proptest! {
        #[test]
        fn complexity_is_a_share_and_never_falls_with_more(
            messages in 1u32..20, system_tokens in 0u64..1000, tokens in 0u64..2000, tools: bool, code: bool, format: bool,
        ) {
            let one = Asked { messages, system_tokens, tokens, tools, code, format, intent: Intent::General };
            let score = rate(&one).score;
            prop_assert!((0.0..=1.0).contains(&score));
            for more in [
                Asked { messages: messages + 1, ..one },
                Asked { system_tokens: system_tokens + 50, ..one },
                Asked { tokens: tokens + 50, ..one },
                Asked { tools: true, ..one },
                Asked { code: true, ..one },
                Asked { format: true, ..one },
            ] {
                prop_assert!(rate(&more).score >= score && rate(&more).tier >= rate(&one).tier);
            }
        }

        #[test]
        fn whoever_serves_instead_is_cheaper(costs in prop::collection::vec(prop::option::of(0i64..100), 1..6), floor in 0.5..1.0f64) {
            let names: Vec<ModelRef> = (0..costs.len()).map(|index| ModelRef::new("p", &index.to_string())).collect();
            let offers: Vec<Offer<'_>> = names.iter().zip(&costs).map(|(model, cost)| offer(model, *cost, Some(0.8))).collect();
            for tier in [Tier::Simple, Tier::Moderate, Tier::Complex] {
                let Some(model) = cheapest(&offers[0], &offers[1..], tier, floor) else { continue };
                let cost = offers.iter().find(|offer| offer.model == model).and_then(|offer| offer.cost).unwrap();
                prop_assert!(Some(cost) < offers[0].cost);
                prop_assert!(offers[1..].iter().filter_map(|offer| offer.cost).all(|other| cost <= other));
            }
        }
    }
}
