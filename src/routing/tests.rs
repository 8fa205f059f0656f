use super::smart_cost::Asked;
use super::smart_select::{Algorithm, Settings};
use super::totals::Totals;
use super::*;
use crate::base::{Capabilities, Capability, MicroUsd, ModelInfo, ModelRef, Timestamp};
use crate::resource::assessment::Intent;
use crate::resource::constraints::{Bound, Optimization, Window};
use crate::resource::decision::{FilterReason, Reason, Strategy};
use crate::resource::experiment::Shadowed;
use proptest::prelude::*;

fn models(names: &[&str]) -> Vec<ModelRef> {
    names.iter().map(|name| ModelRef::new("p", name)).collect()
}

fn facts(model: &ModelRef) -> Facts<'_> {
    Facts {
        model,
        info: None,
        provider: Capabilities::default(),
        configured: true,
        can_be_told: true,
        circuit_open: false,
        median_ms: None,
        weight: 0,
        expected_cost: None,
        prior_quality: None,
        shadowed: Shadowed::default(),
    }
}

fn plan<'a>(strategy: Strategy, candidates: &'a [Facts<'a>]) -> Plan<'a> {
    Plan {
        strategy,
        candidates,
        fallback: &[],
        held: None,
        pinned: false,
        turn: 0,
        chance: Some(0.0),
        asked: None,
        floor: 0.95,
        bandit: Settings { algorithm: Algorithm::Thompson, min_samples: 2 },
        shown: None,
        limits: None,
        now: Timestamp(0),
    }
}

fn names(models: &[ModelRef]) -> Vec<&str> {
    models.iter().map(|model| &*model.model).collect()
}

#[test]
fn fallback_serves_left_to_right() {
    let all = models(&["a", "b", "c"]);
    let facts: Vec<_> = all.iter().map(facts).collect();
    let choice = choose(&plan(Strategy::Fallback, &facts), &Needs::default()).unwrap();
    assert_eq!(&*choice.winner.model, "a");
    assert_eq!(names(&choice.backups), ["b", "c"]);
    assert_eq!((choice.reason, choice.why), (Reason::Dispatched, "fallback"));
}

#[test]
fn an_open_circuit_is_skipped_and_shown() {
    let all = models(&["a", "b"]);
    let mut facts: Vec<_> = all.iter().map(facts).collect();
    facts[0].circuit_open = true;
    let choice = choose(&plan(Strategy::Fallback, &facts), &Needs::default()).unwrap();
    assert_eq!(&*choice.winner.model, "b");
    assert_eq!(choice.filtered[0].reason, FilterReason::CircuitOpen);
    assert_eq!(choice.reason, Reason::SingleCandidate);
    assert_eq!(names(&choice.backups), ["a"], "the default model is the last resort");
}

#[test]
fn when_nobody_is_eligible_the_default_model_serves() {
    let all = models(&["a", "b"]);
    let mut facts: Vec<_> = all.iter().map(facts).collect();
    facts[0].circuit_open = true;
    facts[1].configured = false;
    for strategy in [Strategy::Fallback, Strategy::RoundRobin, Strategy::Weighted, Strategy::LatencyBased] {
        let choice = choose(&plan(strategy, &facts), &Needs::default()).unwrap();
        assert_eq!((&*choice.winner.model, choice.reason), ("a", Reason::AllCandidatesFiltered));
    }
}

#[test]
fn only_a_stated_lack_refuses() {
    let all = models(&["default", "blind", "unstated"]);
    let mut blind = ModelInfo::unknown(all[1].clone());
    blind.capabilities.set(Capability::Vision, false);
    blind.max_input_tokens = Some(10);
    let unstated = ModelInfo::unknown(all[2].clone());
    let mut facts: Vec<_> = all.iter().map(facts).collect();
    facts[1].info = Some(&blind);
    facts[2].info = Some(&unstated);
    let with = |needs: Needs| {
        let choice = choose(&plan(Strategy::RoundRobin, &facts), &needs).unwrap();
        choice.filtered.iter().map(|filtered| filtered.reason).collect::<Vec<_>>()
    };
    assert_eq!(with(Needs { vision: true, ..Needs::default() }), [FilterReason::CapabilityVision]);
    assert_eq!(with(Needs { text_bytes: 88, ..Needs::default() }), [FilterReason::ContextWindow]);
    assert_eq!(with(Needs { text_bytes: 80, tools: true, ..Needs::default() }), []);
}

#[test]
fn what_a_provider_lacks_outweighs_what_is_said_of_its_model() {
    let all = models(&["default", "lacking"]);
    let mut info = ModelInfo::unknown(all[1].clone());
    info.capabilities.set(Capability::Tools, true);
    let (tools, json) = (FilterReason::CapabilityTools, FilterReason::CapabilityResponseSchema);
    let none = Needs::default();
    for (lacking, needs, filtered) in [
        (Capability::Tools, Needs { tools: true, ..none }, vec![tools]),
        (Capability::ForcedToolUse, Needs { tools: true, ..none }, vec![]),
        (Capability::ForcedToolUse, Needs { tools: true, forced_tool: true, ..none }, vec![tools]),
        (Capability::JsonObject, Needs { response_schema: true, ..none }, vec![]),
        (Capability::JsonObject, Needs { json_object: true, ..none }, vec![json]),
        (Capability::JsonBesideTools, Needs { json_object: true, ..none }, vec![]),
        (Capability::JsonBesideTools, Needs { json_object: true, tools: true, ..none }, vec![json]),
        (Capability::SchemaBesideTools, Needs { response_schema: true, ..none }, vec![]),
        (Capability::SchemaBesideTools, Needs { response_schema: true, tools: true, ..none }, vec![json]),
    ] {
        let mut facts: Vec<_> = all.iter().map(facts).collect();
        facts[1].info = Some(&info);
        facts[1].provider = Capabilities::lacking([lacking]);
        let choice = choose(&plan(Strategy::RoundRobin, &facts), &needs).unwrap();
        let reasons: Vec<_> = choice.filtered.iter().map(|filtered| filtered.reason).collect();
        assert_eq!(reasons, filtered, "{lacking:?} {needs:?}");
    }
}

#[test]
fn round_robin_takes_each_in_turn() {
    let all = models(&["a", "b", "c"]);
    let facts: Vec<_> = all.iter().map(facts).collect();
    let served: Vec<_> = (0..6)
        .map(|turn| choose(&Plan { turn, ..plan(Strategy::RoundRobin, &facts) }, &Needs::default()).unwrap().winner)
        .collect();
    assert_eq!(names(&served), ["a", "b", "c", "a", "b", "c"]);
}

#[test]
fn a_session_keeps_its_model_while_that_is_eligible() {
    let all = models(&["a", "b"]);
    let mut facts: Vec<_> = all.iter().map(facts).collect();
    let held = Plan { held: Some(&all[1]), ..plan(Strategy::RoundRobin, &facts) };
    let choice = choose(&held, &Needs::default()).unwrap();
    assert_eq!((&*choice.winner.model, choice.why), ("b", "sticky"));
    facts[1].circuit_open = true;
    let held = Plan { held: Some(&all[1]), ..plan(Strategy::RoundRobin, &facts) };
    assert_eq!(&*choose(&held, &Needs::default()).unwrap().winner.model, "a");
}

#[test]
fn a_pin_outranks_stickiness_and_strategy() {
    let all = models(&["a", "b"]);
    let facts: Vec<_> = all.iter().map(facts).collect();
    let pinned = Plan { pinned: true, held: Some(&all[1]), turn: 1, ..plan(Strategy::RoundRobin, &facts) };
    let choice = choose(&pinned, &Needs::default()).unwrap();
    assert_eq!((&*choice.winner.model, choice.why), ("a", "pinned"));
    assert_eq!(choice.filtered[0].reason, FilterReason::Pinned);
}

#[test]
fn the_fastest_serves_and_the_untimed_goes_first() {
    let all = models(&["a", "b", "c"]);
    let mut facts: Vec<_> = all.iter().map(facts).collect();
    facts[0].median_ms = Some(90);
    facts[1].median_ms = Some(20);
    let choice = choose(&plan(Strategy::LatencyBased, &facts), &Needs::default()).unwrap();
    assert_eq!((&*choice.winner.model, choice.why), ("c", "untimed"));
    facts[2].median_ms = Some(30);
    let choice = choose(&plan(Strategy::LatencyBased, &facts), &Needs::default()).unwrap();
    assert_eq!((&*choice.winner.model, choice.why), ("b", "fastest"));
    assert_eq!(names(&choice.backups), ["c", "a"]);
    assert_eq!(choice.candidates[1].score, Some(20.0));
}

/// A default model for 100 micro-USD and one for 10, of these prior qualities.
fn priced<'a>(all: &'a [ModelRef], quality: Option<f64>) -> [Facts<'a>; 2] {
    let fact =
        |model, cost, prior_quality| Facts { expected_cost: Some(MicroUsd(cost)), prior_quality, ..facts(model) };
    [fact(&all[0], 100, Some(0.8)), fact(&all[1], 10, quality)]
}

fn asked(messages: u32, system_tokens: u64, tools: bool) -> Asked {
    let intent = Intent::General;
    Asked { messages, system_tokens, tokens: 10, tools, code: false, format: false, intent }
}

#[test]
fn smart_cost_leaves_the_default_model_for_what_is_simple() {
    let all = models(&["dear", "cheap"]);
    let (simple, moderate, complex) = (asked(1, 0, false), asked(5, 0, false), asked(9, 900, true));
    for (asked, quality, winner, why) in [
        (&simple, None, "cheap", "smart_cost_simple"),
        (&moderate, Some(0.78), "cheap", "smart_cost_moderate"),
        (&moderate, Some(0.75), "dear", "smart_cost_default"),
        (&moderate, None, "dear", "smart_cost_default"),
        (&complex, Some(0.99), "dear", "smart_cost_complex"),
    ] {
        let facts = priced(&all, quality);
        let plan = Plan { asked: Some(asked), ..plan(Strategy::SmartCost, &facts) };
        let choice = choose(&plan, &Needs::default()).unwrap();
        assert_eq!((&*choice.winner.model, choice.why), (winner, why), "{asked:?} {quality:?}");
        assert_eq!(choice.assessment.complexity, Some(smart_cost::rate(asked)));
        let refused = choice.filtered.iter().any(|filtered| filtered.reason == FilterReason::QualityFloor);
        assert_eq!(refused, why == "smart_cost_default", "the record says that it was the floor");
        assert_eq!(choice.candidates[0].expected_cost_micro_usd, Some(MicroUsd(100)));
        if winner == "cheap" {
            assert_eq!(names(&choice.backups), ["dear"]);
        }
    }
}

#[test]
fn smart_select_runs_its_bandit_over_who_is_eligible() {
    let all = models(&["a", "b", "c"]);
    let mut facts: Vec<_> = all.iter().map(facts).collect();
    facts[1].circuit_open = true;
    let mut totals = Totals::default();
    let mut served = Vec::new();
    for turn in 0..4 {
        let plan = Plan { shown: Some(&totals), chance: Some(0.3), turn, ..plan(Strategy::SmartSelect, &facts) };
        let choice = choose(&plan, &Needs::default()).unwrap();
        assert_eq!(choice.propensity, Some(1.0), "the first rounds are forced");
        served.push(choice.winner.model.to_string());
        totals.fold(&totals::tests::decision(&[(&choice.winner.model, 200)]), None);
    }
    assert_eq!(served, ["a", "c", "a", "c"]);
    let plan = Plan { shown: Some(&totals), chance: Some(0.3), ..plan(Strategy::SmartSelect, &facts) };
    let choice = choose(&plan, &Needs::default()).unwrap();
    let sum: f64 = choice.candidates.iter().filter_map(|candidate| candidate.propensity).sum();
    assert!((sum - 1.0).abs() < 1e-9 && choice.propensity > Some(0.0));
    assert!(choice.candidates.iter().all(|candidate| candidate.samples == Some(2) && candidate.score.is_some()));
    assert!(["exploit", "explore"].contains(&choice.why));
    let held = choose(&Plan { held: Some(&all[2]), ..plan }, &Needs::default()).unwrap();
    assert_eq!((&*held.winner.model, held.why, held.propensity), ("c", "sticky", None));
}

#[test]
fn what_an_org_forbids_to_rely_on_serves_smart_cost_never_and_smart_select_now_and_then() {
    let all = models(&["dear", "cheap"]);
    let facts = priced(&all, Some(0.79));
    let request = asked(1, 0, false);
    let totals = Totals::default();
    let samples = Optimization { min_samples_before_promotion: Some(10), ..Optimization::default() };
    let shadow = Optimization { require_shadow_before_live: Some(true), ..Optimization::default() };
    let floor = Optimization { quality_floor: Some(0.9), ..Optimization::default() };
    let served = |strategy, limits: &Optimization, turn| {
        let plan = Plan {
            asked: Some(&request),
            shown: Some(&totals),
            limits: Some(limits),
            turn,
            bandit: Settings { algorithm: Algorithm::EpsilonGreedy, min_samples: 0 },
            ..plan(strategy, &facts)
        };
        let choice = choose(&plan, &Needs::default()).unwrap();
        let refused = choice.filtered.first().map(|filtered| filtered.reason);
        (choice.candidates.len(), choice.winner.model.to_string(), refused)
    };
    assert_eq!(served(Strategy::SmartCost, &floor, 0), (2, "cheap".into(), None), "a floor is no gate");
    let refused = Some(FilterReason::ConstraintMinSamples);
    assert_eq!(served(Strategy::SmartCost, &samples, 0), (1, "dear".into(), refused), "it never tries");
    assert_eq!(served(Strategy::SmartSelect, &samples, 1), (1, "dear".into(), refused));
    assert_eq!(served(Strategy::SmartSelect, &samples, 20).0, 2, "one call in twenty is a try");
    let refused = Some(FilterReason::ConstraintShadowRequired);
    assert_eq!(served(Strategy::SmartSelect, &shadow, 20), (1, "dear".into(), refused), "a try would be live");
    assert_eq!(served(Strategy::RoundRobin, &shadow, 0).0, 2, "a fixed rule is no optimiser");
}

#[test]
fn a_candidate_is_relied_on_once_its_calls_have_shown_what_the_org_wants_to_see() {
    let all = models(&["dear", "cheap"]);
    let facts = priced(&all, Some(0.79));
    let served = totals::tests::decision(&[("cheap", 200)]);
    let now = served.created_at;
    let limits = Optimization {
        min_samples_before_promotion: Some(3),
        max_regression: Some(Bound { value: 0.1, window: Window::Day }),
        ..Optimization::default()
    };
    let mut totals = Totals::default();
    let refused = |totals: &Totals| {
        let plan = Plan {
            shown: Some(totals),
            limits: Some(&limits),
            turn: 1,
            now,
            bandit: Settings { algorithm: Algorithm::EpsilonGreedy, min_samples: 0 },
            ..plan(Strategy::SmartSelect, &facts)
        };
        choose(&plan, &Needs::default()).unwrap().filtered.first().map(|filtered| filtered.reason)
    };
    assert_eq!(refused(&totals), Some(FilterReason::ConstraintMinSamples));
    for _ in 0..3 {
        totals.fold(&served, None);
    }
    assert_eq!(refused(&totals), None);
    for (model, rating) in [("dear", 0.9), ("cheap", 0.7)] {
        (0..20).for_each(|_| totals.rate(&totals::tests::target(model), rating, now));
    }
    assert_eq!(refused(&totals), Some(FilterReason::ConstraintMaxRegression));
    (0..40).for_each(|_| totals.rate(&totals::tests::target("cheap"), 0.95, now));
    assert_eq!(refused(&totals), None);
}

#[test]
fn a_session_under_smart_cost_moves_up_and_never_down() {
    let all = models(&["dear", "cheap"]);
    let facts = priced(&all, Some(0.79));
    let (simple, complex) = (asked(1, 0, false), asked(9, 900, true));
    for (asked, held, winner, why) in [
        (&simple, "cheap", "cheap", "sticky"),
        (&complex, "cheap", "dear", "smart_cost_complex"),
        (&simple, "dear", "dear", "sticky"),
        (&complex, "dear", "dear", "sticky"),
    ] {
        let held = ModelRef::new("p", held);
        let plan = Plan { asked: Some(asked), held: Some(&held), ..plan(Strategy::SmartCost, &facts) };
        let choice = choose(&plan, &Needs::default()).unwrap();
        assert_eq!((&*choice.winner.model, choice.why), (winner, why), "{asked:?} {held}");
    }
}

#[test]
fn under_smart_cost_gates_come_first() {
    let all = models(&["dear", "cheap"]);
    let simple = asked(1, 0, false);
    let mut facts = priced(&all, Some(0.8));
    facts[1].circuit_open = true;
    let plan_of = |facts| Plan { asked: Some(&simple), ..plan(Strategy::SmartCost, facts) };
    let choice = choose(&plan_of(&facts), &Needs::default()).unwrap();
    assert_eq!((&*choice.winner.model, choice.why), ("dear", "smart_cost_default"));
    let mut facts = priced(&all, Some(0.8));
    facts[0].circuit_open = true;
    facts[1].expected_cost = None;
    let choice = choose(&plan_of(&facts), &Needs::default()).unwrap();
    assert_eq!((&*choice.winner.model, choice.why), ("cheap", "stand_in"), "the default model is left alone");
    let facts = priced(&all, Some(0.8));
    let choice = choose(&Plan { asked: None, ..plan_of(&facts) }, &Needs::default()).unwrap();
    assert_eq!((&*choice.winner.model, choice.why), ("dear", "default"), "what has no messages is not rated");
}

#[test]
fn the_model_that_the_client_named_is_called_whatever_the_gates_say() {
    let all = models(&["a"]);
    let mut facts: Vec<_> = all.iter().map(facts).collect();
    facts[0].circuit_open = true;
    let fallback = models(&["b"]);
    let plan = Plan { fallback: &fallback, ..plan(Strategy::LegacyModel, &facts) };
    let choice = choose(&plan, &Needs::default()).unwrap();
    assert_eq!((&*choice.winner.model, choice.reason, choice.why), ("a", Reason::NoRouter, "direct"));
    assert_eq!(names(&choice.backups), ["b"]);
}

#[test]
fn no_candidates_no_choice() {
    assert_eq!(choose(&plan(Strategy::Weighted, &[]), &Needs::default()), None);
}

#[test]
fn without_a_draw_the_heaviest_is_told_with_the_same_propensities() {
    let all = models(&["a", "b", "c", "d"]);
    let facts: Vec<_> = all.iter().zip([1, 4, 4, 1]).map(|(model, weight)| Facts { weight, ..facts(model) }).collect();
    let foreseen = choose(&Plan { chance: None, ..plan(Strategy::Weighted, &facts) }, &Needs::default()).unwrap();
    let drawn = choose(&plan(Strategy::Weighted, &facts), &Needs::default()).unwrap();
    assert_eq!((&*foreseen.winner.model, foreseen.propensity), ("b", Some(0.4)));
    assert_eq!(&*drawn.winner.model, "a");
    assert_eq!(foreseen.candidates, drawn.candidates);
}

proptest! {
    #[test]
    fn weights_become_propensities_that_sum_to_one(weights in prop::collection::vec(0u32..1000, 1..8), chance in 0.0..1.0f64) {
        let all: Vec<_> = (0..weights.len()).map(|index| ModelRef::new("p", &index.to_string())).collect();
        let facts: Vec<_> = all.iter().zip(&weights).map(|(model, weight)| Facts { weight: *weight, ..facts(model) }).collect();
        let choice = choose(&Plan { chance: Some(chance), ..plan(Strategy::Weighted, &facts) }, &Needs::default()).unwrap();
        if weights.iter().all(|weight| *weight == 0) {
            prop_assert_eq!(choice.why, "default");
        } else {
            let sum: f64 = choice.candidates.iter().filter_map(|candidate| candidate.propensity).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
            prop_assert!(choice.propensity.unwrap() > 0.0, "the served one is positive");
        }
    }

    #[test]
    fn the_served_share_is_the_weight(chance in 0.0..1.0f64) {
        let all = models(&["a", "b", "c"]);
        let weights = [70, 0, 30];
        let facts: Vec<_> = all.iter().zip(weights).map(|(model, weight)| Facts { weight, ..facts(model) }).collect();
        let choice = choose(&Plan { chance: Some(chance), ..plan(Strategy::Weighted, &facts) }, &Needs::default()).unwrap();
        prop_assert_eq!(&*choice.winner.model, if chance < 0.7 { "a" } else { "c" });
    }
}
