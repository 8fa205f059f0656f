use super::*;
use crate::base::MicroUsd;
use crate::resource::Decision;
use crate::resource::assessment::{Complexity, FloorAccount, FloorSource, Intent, SourceWeights, Tier};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

fn learned() -> Learned<'static> {
    Learned {
        route: "auto",
        model: "gpt-4o-mini",
        seat: Seat::Chosen,
        confidence: Some(0.86),
        quality: Some(0.91),
        samples: Some(1240),
        propensity: None,
        weights: Some(SourceWeights { session: 0.56, auto: 0.26, manual: 0.05, benchmark: 0.13 }),
        priors_alone: false,
        pooled: false,
        floor: Some(FloorAccount {
            floor: 0.95,
            reference: 0.9,
            source: FloorSource::Ratings,
            before: 3.2,
            after: 2.95,
            probability: 0.974,
            forced: false,
        }),
    }
}

fn priced(tier: Tier) -> Priced<'static> {
    let score = match tier {
        Tier::Simple => 0.12,
        Tier::Moderate => 0.45,
        Tier::Complex => 0.81,
    };
    Priced {
        route: "thrifty",
        model: "gpt-4o-mini",
        complexity: Some(Complexity { score, tier, intent: Intent::Code }),
        cost: Some(MicroUsd(120)),
        baseline: Some(MicroUsd(1_200_000)),
    }
}

/// Every template, with the variants whose sentences differ.
fn all() -> Vec<Template<'static>> {
    let (route, model) = ("auto", "gpt-4o-mini");
    let by_rule = |rule| Template::StaticStrategy { route, model, rule };
    let fallback = |served, attempts| Template::ProviderFallback {
        chosen: "gpt-4o",
        served,
        attempts,
        error: Some("provider_timeout"),
    };
    let floor = learned().floor.unwrap();
    let forced = FloorAccount { forced: true, source: FloorSource::Judge, before: -0.4, after: 0.001, ..floor };
    let bandit = Bandit { route, model, score: Some(0.82), samples: Some(120), propensity: None };
    vec![
        Template::CacheHit { saved: None },
        Template::CacheHit { saved: Some(MicroUsd(1_234)) },
        Template::FirewallBlocked,
        Template::NoRouterInvoked(NoRouter::Named(model)),
        Template::NoRouterInvoked(NoRouter::Passthrough(model)),
        Template::NoRouterInvoked(NoRouter::RateLimited),
        Template::NoRouterInvoked(NoRouter::BudgetExceeded),
        Template::NoRouterInvoked(NoRouter::Ended),
        Template::FallbackOnly { model, left_out: 0, nobody_eligible: false },
        Template::FallbackOnly { model, left_out: 1, nobody_eligible: false },
        Template::FallbackOnly { model, left_out: 2, nobody_eligible: false },
        Template::FallbackOnly { model, left_out: 2, nobody_eligible: true },
        by_rule(Static::Turn),
        by_rule(Static::Weights { propensity: Some(0.75) }),
        by_rule(Static::Fastest { median_ms: Some(412.0) }),
        by_rule(Static::Untimed),
        by_rule(Static::Held),
        by_rule(Static::Pinned),
        by_rule(Static::Only { left_out: 0 }),
        by_rule(Static::Only { left_out: 1 }),
        by_rule(Static::Only { left_out: 3 }),
        by_rule(Static::NobodyEligible),
        by_rule(Static::StandIn),
        by_rule(Static::Default),
        fallback(Some("claude-haiku-4-5"), 3),
        fallback(None, 1),
        fallback(None, 4),
        Template::FeedbackDrivenHighConfidence(learned()),
        Template::FeedbackDrivenHighConfidence(Learned { seat: Seat::Held, pooled: true, floor: None, ..learned() }),
        Template::FeedbackDrivenModerateConfidence(Learned {
            confidence: Some(0.62),
            floor: Some(forced),
            samples: Some(1),
            ..learned()
        }),
        Template::FeedbackDrivenLowConfidence(Learned {
            confidence: Some(0.31),
            priors_alone: true,
            samples: Some(0),
            floor: Some(FloorAccount { source: FloorSource::Priors, probability: 0.996, ..floor }),
            ..learned()
        }),
        Template::FeedbackDrivenLowConfidence(Learned {
            seat: Seat::Default,
            confidence: None,
            quality: None,
            samples: None,
            weights: None,
            floor: None,
            ..learned()
        }),
        Template::FeedbackDrivenExploration(Learned { propensity: Some(0.046), samples: Some(14), ..learned() }),
        Template::SmartCostSelected(priced(Tier::Simple)),
        Template::SmartCostSelected(Priced { baseline: None, ..priced(Tier::Moderate) }),
        Template::SmartCostDefaultKept(priced(Tier::Complex)),
        Template::SmartCostDefaultKept(Priced { cost: None, ..priced(Tier::Moderate) }),
        Template::SmartSelectExploit(bandit),
        Template::SmartSelectExplore(Bandit { propensity: Some(0.004), samples: Some(1), ..bandit }),
        Template::SmartSelectExplore(Bandit { score: None, samples: Some(3), ..bandit }),
        Template::CanaryAssigned { route, model, share: Some(0.05) },
        Template::CanaryAssigned { route, model, share: None },
    ]
}

#[test]
fn the_sentences_are_what_is_checked_in() {
    let mut text = String::new();
    for template in all() {
        writeln!(text, "{}", template.id()).unwrap();
        for language in Language::ALL {
            writeln!(text, "  {:<5}  {}", language.tag(), template.text(language)).unwrap();
        }
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/explanations.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "UPDATE_GOLDEN=1 cargo test golden rewrites it");
}

#[test]
fn the_golden_file_has_all_fifteen_in_three_languages() {
    let mut ids: Vec<&str> = all().iter().map(Template::id).collect();
    ids.dedup();
    let contract = "cache_hit firewall_blocked no_router_invoked fallback_only static_strategy provider_fallback \
        feedback_driven_high_confidence feedback_driven_moderate_confidence feedback_driven_low_confidence \
        feedback_driven_exploration smart_cost_selected smart_cost_default_kept smart_select_exploit \
        smart_select_explore canary_assigned";
    assert_eq!(ids, contract.split_whitespace().collect::<Vec<_>>());
    for template in all() {
        let texts = Language::ALL.map(|language| template.text(language));
        assert!(texts.iter().all(|text| text.ends_with('.') && !text.contains("  ")), "{texts:?}");
        assert!(texts[0] != texts[1] && texts[1] != texts[2] && texts[0] != texts[2], "{texts:?}");
    }
}

#[test]
fn the_language_is_what_the_caller_likes_best() {
    use Language::{English, Portuguese, Spanish};
    for (accept, language) in [
        ("", English),
        ("*", English),
        ("de", English),
        ("en-GB", English),
        ("pt-BR", Portuguese),
        ("PT-br", Portuguese),
        ("pt", Portuguese),
        ("pt-PT, pt;q=0.9", Portuguese),
        ("es-419,es;q=0.9,en;q=0.8", Spanish),
        ("fr-CH, fr;q=0.9, es;q=0.5, *;q=0.1", Spanish),
        ("en;q=0.2, es;q=0.3", Spanish),
        ("en;q=0.3, es;q=0.3", English),
        ("es;q=0.3, en;q=0.3", Spanish),
        ("es;q=0, pt;q=0.1", Portuguese),
        ("en;q=0, *", Portuguese),
        ("pt-BR;q=0, pt;q=1", English),
        ("es; q=1.0 , en;q=0.999", Spanish),
        ("es;q=2, pt;q=0.5", Portuguese),
        ("es;q=, pt;q=0.0001, en;q=0.1", English),
        (",,;q=1,es", Spanish),
    ] {
        assert_eq!(Language::negotiate(accept), language, "{accept:?}");
    }
}

/// A record with these members changed.
fn decision(changes: &Value) -> Decision {
    let mut record = json!({
        "request_id": "00000000-0000-4000-8000-000000000000", "org": "default", "session_id": "s",
        "session_inferred": false, "created_at": "2026-01-31T08:00:00Z", "endpoint": "chat",
        "requested_model": "auto", "stream": false, "floopy_reason": "m::why", "routing_strategy": "weighted",
        "route": "auto", "winner": {"provider": "p", "model": "m"}, "served": {"provider": "p", "model": "m"},
        "reason": "dispatched", "propensity": null, "candidates": [], "filtered": [],
        "outcome": {"status": "ok", "latency_ms": 1, "ttft_ms": null, "input_tokens": null, "output_tokens": null,
            "cached_input_tokens": null, "cost_micro_usd": null, "baseline_cost_micro_usd": null,
            "saved_micro_usd": null, "cache_hit": false, "threat_blocked": false, "fallback_used": false,
            "attempts": []},
        "usage": {"estimated": false, "reasoning_tokens": 0}, "http_status": 200, "error_code": null,
        "key_id": null, "user_id": null, "project_id": null, "session_name": null, "session_path": null,
        "config_generation": 1
    });
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
    serde_json::from_value(record).unwrap()
}

#[test]
fn each_record_finds_its_template() {
    let fd = |confidence: f64| json!({"routing_strategy": "feedback_driven", "assessment": {"confidence": confidence}});
    for (changes, id) in [
        (json!({"reason": "cache_hit"}), "cache_hit"),
        (json!({"reason": "firewall_blocked", "winner": null}), "firewall_blocked"),
        (json!({"routing_strategy": "legacy_model"}), "no_router_invoked"),
        (json!({"routing_strategy": "passthrough"}), "no_router_invoked"),
        (json!({"reason": "budget_exceeded", "winner": null}), "no_router_invoked"),
        (json!({"routing_strategy": "fallback"}), "fallback_only"),
        (json!({}), "static_strategy"),
        (json!({"reason": "provider_fallback"}), "provider_fallback"),
        (json!({"reason": "providers_exhausted", "served": null}), "provider_fallback"),
        (fd(0.8), "feedback_driven_high_confidence"),
        (fd(0.7999), "feedback_driven_moderate_confidence"),
        (fd(0.5), "feedback_driven_moderate_confidence"),
        (fd(0.4999), "feedback_driven_low_confidence"),
        (json!({"routing_strategy": "feedback_driven"}), "feedback_driven_low_confidence"),
        (json!({"routing_strategy": "feedback_driven", "floopy_reason": "m::explore"}), "feedback_driven_exploration"),
        (json!({"routing_strategy": "feedback_driven", "floopy_reason": "m::holdout"}), "feedback_driven_exploration"),
        (json!({"routing_strategy": "feedback_driven", "floopy_reason": "m::single"}), "static_strategy"),
        (json!({"routing_strategy": "feedback_driven", "floopy_reason": "m::canary"}), "canary_assigned"),
        (json!({"routing_strategy": "feedback_driven", "floopy_reason": "m::pinned"}), "static_strategy"),
        (json!({"routing_strategy": "smart_cost", "floopy_reason": "m::smart_cost_simple"}), "smart_cost_selected"),
        (
            json!({"routing_strategy": "smart_cost", "floopy_reason": "m::smart_cost_complex"}),
            "smart_cost_default_kept",
        ),
        (json!({"routing_strategy": "smart_cost", "floopy_reason": "m::sticky"}), "static_strategy"),
        (json!({"routing_strategy": "smart_select", "floopy_reason": "a::b::exploit"}), "smart_select_exploit"),
        (json!({"routing_strategy": "smart_select", "floopy_reason": "m::explore"}), "smart_select_explore"),
    ] {
        let decision = decision(&changes);
        let template = Template::of(&decision);
        assert_eq!(template.id(), id, "{changes}");
        for language in Language::ALL {
            assert_eq!(template.text(language), Template::of(&decision.clone()).text(language), "the same bytes");
        }
    }
}

#[test]
fn the_failure_that_is_told_is_the_chosen_models() {
    let attempt = |model: &str, error: Value| json!({"provider": "p", "model": model, "status": null, "error": error, "latency_ms": 1, "retry": 0});
    let outcome = json!({"status": "ok", "latency_ms": 1, "ttft_ms": null, "input_tokens": null, "output_tokens": null,
        "cached_input_tokens": null, "cost_micro_usd": null, "baseline_cost_micro_usd": null, "saved_micro_usd": null,
        "cache_hit": false, "threat_blocked": false, "fallback_used": true,
        "attempts": [attempt("m", json!("provider_timeout")), attempt("x", json!("provider_error")), attempt("y", Value::Null)]});
    let decision = decision(
        &json!({"reason": "provider_fallback", "served": {"provider": "p", "model": "y"}, "outcome": outcome}),
    );
    assert_eq!(
        Template::of(&decision).text(Language::English),
        "m was chosen and failed (provider_timeout); y answered on attempt 3."
    );
}

proptest! {
    #[test]
    fn any_header_gives_a_language(accept in ".{0,200}") {
        let language = Language::negotiate(&accept);
        prop_assert!(Language::ALL.contains(&language));
    }

    #[test]
    fn a_language_named_alone_is_spoken(index in 0usize..3, quality in 1u16..=1000) {
        let language = Language::ALL[index];
        let accept = format!("{};q={}.{:03}, de", language.tag(), quality / 1000, quality % 1000);
        prop_assert_eq!(Language::negotiate(&accept), language);
    }
}
