//! Routes.

use super::*;
use crate::base::ModelRef;
use crate::config::settings::{Bandit, Sticky};
use crate::resource::decision::Strategy;

const PROVIDERS: &str = "[provider.openai]\n[provider.anthropic]\n";

fn route(more: &str) -> String {
    format!(
        "{PROVIDERS}[[route]]\nname = \"auto\"\nstrategy = \"fallback\"\ndefault_model = \"openai/gpt-4o\"\n{more}\n"
    )
}

#[test]
fn a_route_is_what_it_says() {
    let config = config(&format!(
        r#"{PROVIDERS}
[[route]]
name = "auto"
strategy = "feedback_driven"
default_model = "openai/gpt-4o"
candidates = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"]
sticky = "request"
fallback = ["anthropic/claude-sonnet-4-5"]
[route.smart_select]
algorithm = "ucb1"
[route.judge]
model = "openai/gpt-4o-mini"
[route.dimension_floors]
safety = 0.98
[[route]]
name = "split"
strategy = "weighted"
default_model = "openai/gpt-4o"
candidates = ["openai/gpt-4o-mini"]
weights = {{ "openai/gpt-4o-mini" = 30, "openai/gpt-4o" = 70 }}
[[key]]
name = "ci"
sha256 = "{}"
route = "split"
"#,
        "12".repeat(32)
    ));
    let [auto, split] = config.routes.as_slice() else { panic!("two routes") };
    assert_eq!((auto.id.as_str(), auto.strategy, auto.sticky), ("auto", Strategy::FeedbackDriven, Sticky::Request));
    assert_eq!(auto.models().count(), 3);
    assert!((auto.quality_floor - 0.95).abs() < 1e-9);
    assert_eq!((auto.smart_select.algorithm, auto.smart_select.min_samples), (Bandit::Ucb1, 10));
    assert_eq!(auto.judge.as_ref().unwrap().model, ModelRef::new("openai", "gpt-4o-mini"));
    assert_eq!(
        (auto.dimension_floors.as_slice(), split.dimension_floors.as_slice()),
        (&[("safety", 0.98)][..], &[][..])
    );
    assert_eq!(auto.fallback, [ModelRef::new("anthropic", "claude-sonnet-4-5")]);
    assert_eq!(split.weights, [(ModelRef::new("openai", "gpt-4o-mini"), 30), (ModelRef::new("openai", "gpt-4o"), 70)]);
    assert_eq!(config.keys[0].route.as_ref().unwrap().as_str(), "split");
}

#[test]
fn mistakes_of_routes_are_named() {
    let weighted = |weights: &str| route(weights).replace("\"fallback\"", "\"weighted\"");
    for (text, reason) in [
        (
            route("candidates = [\"openai/gpt-4o\"]"),
            "7:15: route.auto.candidates: `\"openai/gpt-4o\"` is the default_model already",
        ),
        (route("candidates = [\"openai/o1\", \"openai/o1\"]"), "stands here twice"),
        (route("candidates = \"openai/o1\""), "is text; expected a list"),
        (route("candidates = [1]"), "7:15: route.auto.candidates: `1` is a whole number; expected text"),
        (route("weights = { \"openai/gpt-4o\" = 1 }"), "is for strategy = \"weighted\" only; this route is fallback"),
        (route("quality_floor = 0.4"), "is out of range; expected 0.5 to 1"),
        (route("[route.dimension_floors]\nsafety = 1.5"), "is out of range; expected 0.5 to 1"),
        (route("[route.dimension_floors]\nsaftey = 0.9"), "safety"),
        (route("fallback = [\"gpt-4o-mini\"]"), "did you mean `openai/gpt-4o-mini`?"),
        (route("fallback = [\"antropic/claude-opus-5\"]"), "did you mean `anthropic/claude-opus-5`?"),
        (route("[route.judge]\nsample_rate = 0.5"), "`model` is missing"),
        (route("[route.judge]\nmodel = \"openai/gpt-4o\"\nsample_rate = 2"), "is out of range; expected 0 to 1"),
        (route("[route.smart_select]\nalgorithm = \"thomson\""), "did you mean `thompson`?"),
        (weighted("weights = { \"openai/gpt-4o\" = 0 }"), "no model of `weights` has a weight above 0"),
        (weighted(""), "no model of `weights` has a weight above 0"),
        (
            weighted("weights = { \"openai/gpt-4o\" = 1, \"openai/o1\" = 1 }"),
            "is neither the default_model nor a candidate",
        ),
        (weighted("weights = { \"openai/gpt-4o\" = -1 }"), "is out of range"),
        (weighted("weights = 3"), "expected a table"),
        (route("").replace("\"auto\"", "\"a b\""), "holds ' '"),
        (route("").replace("\"auto\"", "\"a,b\""), "holds ','"),
        (route("").replace("name = \"auto\"\n", ""), "4:1: route[1]: `name` is missing".trim_start_matches("4:1: ")),
        (route("").replace("strategy = \"fallback\"\n", ""), "`strategy` is missing"),
        (route("").replace("default_model = \"openai/gpt-4o\"\n", ""), "`default_model` is missing"),
        (
            route("[[route]]\nname = \"auto\"\nstrategy = \"fallback\"\ndefault_model = \"openai/o1\""),
            "is the name of a route above",
        ),
        (route("[[route]]\nname = \"Auto\"\nstrategy = \"fallback\"\ndefault_model = \"openai/o1\""), "by case only"),
    ] {
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].contains(reason), "{text}:\n found    {}\n expected {reason}", found[0]);
    }
}

#[test]
fn a_wrong_provider_is_not_said_again_at_every_reference() {
    let text = route("fallback = [\"anthropic/claude-opus-5\"]")
        .replace("[provider.anthropic]", "[provider.anthropic]\napi_key = \"x\"");
    assert_eq!(problems(&text).len(), 1);
}

#[test]
fn a_provider_without_a_list_takes_any_model() {
    let config = config(&format!(
        "[provider.local]\nkind = \"openai-chat\"\nbase_url = \"https://llm.example/v1\"\n{}",
        route("").replace("openai/gpt-4o", "local/anything:at/all").replace(PROVIDERS, "")
    ));
    assert_eq!(&*config.routes[0].default_model.model, "anything:at/all");
}

#[test]
fn what_is_probably_not_meant_is_warned_of() {
    for (text, reason) in [
        (route("").replace("\"auto\"", "\"gpt-4o\""), "is a model's name too"),
        (
            route("fallback = [\"openai/gpt-4o-search-preview-2025-03-11\"]"),
            "was retired by its provider on 2026-07-23",
        ),
        (route("").replace("\"fallback\"", "\"round_robin\""), "the route has no candidates"),
    ] {
        let found = World::new(&text).with(KEYS).warnings();
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(found[0].contains(reason), "{text}: {}", found[0]);
    }
    let learns = route("candidates = [\"openai/gpt-4.1\"]").replace("\"fallback\"", "\"feedback_driven\"");
    assert_eq!(World::new(&learns).with(KEYS).warnings(), [] as [String; 0], "a route that learns is as it should be");
}
