//! Explanations in English.

use super::language::Language::English;
use super::number::{count, decimal, money, percent, signed};
use super::template::{Bandit, Learned, NoRouter, Priced, Seat, Static, Template};
use crate::resource::assessment::{FloorAccount, FloorSource, Intent, SourceWeights, Tier};

pub(super) fn text(template: &Template<'_>) -> String {
    match template {
        Template::CacheHit { saved } => {
            let saved = saved.map_or_else(String::new, |saved| format!(" That saved {}.", money(English, saved)));
            format!("The answer came from the cache; no model was called.{saved}")
        }
        Template::FirewallBlocked => "The firewall refused the input; no model was called.".to_owned(),
        Template::NoRouterInvoked(cause) => no_router(*cause),
        Template::FallbackOnly { model, nobody_eligible: true, .. } => {
            format!(
                "No model of the list could serve by what is known of it, so its first, {model}, was tried all the same."
            )
        }
        Template::FallbackOnly { model, left_out: 0, .. } => {
            format!("{model} is the first of its list and could serve.")
        }
        Template::FallbackOnly { model, left_out, .. } => {
            format!("{model} is the first of its list that could serve; {left_out} of the list could not.")
        }
        Template::StaticStrategy { route, model, rule } => by_rule(route, model, *rule),
        Template::ProviderFallback { chosen, served, attempts, error } => {
            let error = error.map_or_else(String::new, |error| format!(" ({error})"));
            match served {
                Some(served) => {
                    format!("{chosen} was chosen and failed{error}; {served} answered on attempt {attempts}.")
                }
                None if *attempts == 1 => {
                    format!("{chosen} was chosen and failed{error}; there was nobody else to ask.")
                }
                None => format!(
                    "{chosen} was chosen, and nobody answered in {attempts} attempts; the last one failed{error}."
                ),
            }
        }
        Template::FeedbackDrivenHighConfidence(learned) => confident(learned, "with high confidence"),
        Template::FeedbackDrivenModerateConfidence(learned) => confident(learned, "with moderate confidence"),
        Template::FeedbackDrivenLowConfidence(learned) => confident(learned, "with low confidence"),
        Template::FeedbackDrivenExploration(learned) => {
            let drawn = drawn(learned.propensity);
            let Learned { route, model, .. } = learned;
            format!("Route {route} gave this call to {model} in order to learn{drawn}.{}", known(learned))
        }
        Template::SmartCostSelected(priced) => {
            let Priced { route, model, .. } = priced;
            format!(
                "Route {route} rated the request {}: {model} is good enough for it and cheaper.{}",
                rated(priced),
                costs(priced)
            )
        }
        Template::SmartCostDefaultKept(priced) => {
            let Priced { route, model, .. } = priced;
            let cost = costs(&Priced { baseline: None, ..*priced });
            let because = match priced.complexity.map(|complexity| complexity.tier) {
                Some(Tier::Complex) | None => "so its default model",
                Some(_) => "but knows no cheaper model that is good enough, so its default model",
            };
            format!("Route {route} rated the request {}, {because} {model} serves.{}", rated(priced), cost)
        }
        Template::SmartSelectExploit(bandit) => {
            let Bandit { route, model, .. } = bandit;
            format!(
                "Route {route} chose {model}, its best model over quality, cost, latency, reliability and safety{}.",
                scored(bandit)
            )
        }
        Template::SmartSelectExplore(bandit) => {
            let Bandit { route, model, propensity, .. } = bandit;
            format!(
                "Route {route} tried {model} in order to learn more about it{}{}.",
                drawn(*propensity),
                scored(bandit)
            )
        }
        Template::CanaryAssigned { route, model, share } => {
            let share = share.map_or_else(String::new, |share| format!(", as {} of them are", percent(English, share)));
            format!("This session was assigned to the canary {model} on route {route}{share}.")
        }
    }
}

fn no_router(cause: NoRouter<'_>) -> String {
    match cause {
        NoRouter::Named(model) => format!("The client named {model} itself, so no router was asked."),
        NoRouter::Passthrough(model) => {
            format!("Passthrough is on: the request went to {model} unchanged, and no router was asked.")
        }
        NoRouter::RateLimited => "A rate limit refused the request; no router was asked.".to_owned(),
        NoRouter::BudgetExceeded => "The budget is spent; no router was asked.".to_owned(),
        NoRouter::Ended => "The request ended before a model was chosen.".to_owned(),
    }
}

fn by_rule(route: &str, model: &str, rule: Static) -> String {
    match rule {
        Static::Turn => format!("Route {route} takes its models in turn, and it was the turn of {model}."),
        Static::Weights { propensity } => {
            format!("Route {route} drew {model} by the weights of its models{}.", drawn(propensity))
        }
        Static::Fastest { median_ms } => {
            let median =
                median_ms.map_or_else(String::new, |ms| format!(", {} ms in the median", decimal(English, ms, 0)));
            format!("Route {route} chose {model}, the fastest of its models of late{median}.")
        }
        Static::Untimed => format!("Route {route} chose {model} because it has not been timed yet."),
        Static::Held => format!("This session already had {model} on route {route} and keeps it."),
        Static::Pinned => format!("An operator has put route {route} back to its default model {model}."),
        Static::Only { left_out: 0 } => format!("{model} is the only model of route {route}."),
        Static::Only { left_out } => {
            format!("{model} was the only model of route {route} that could serve; {left_out} could not.")
        }
        Static::NobodyEligible => format!(
            "No model of route {route} could serve by what is known of it, so its default model {model} was tried."
        ),
        Static::StandIn => format!("The default model of route {route} could not serve, so {model} stands in for it."),
        Static::Default => format!("Route {route} had no reason for another model than its default, {model}."),
    }
}

fn confident(learned: &Learned<'_>, how: &str) -> String {
    let Learned { route, model, .. } = learned;
    let confidence = match learned.confidence {
        Some(confidence) => format!("{how} ({})", decimal(English, confidence, 2)),
        None => "without a figure for its confidence, since too little is known".to_owned(),
    };
    let forced = learned.floor.is_some_and(|floor| floor.forced);
    let sentence = match (learned.seat, forced) {
        (_, true) => format!(
            "Route {route} would have tried another model, but its quality floor could not pay for it, so {model} serves, {confidence}."
        ),
        (Seat::Held, _) => format!("This session already had {model} on route {route} and keeps it, {confidence}."),
        (Seat::Default, _) => format!("Route {route} keeps its default model {model}, {confidence}."),
        (Seat::Chosen, _) => format!("Route {route} chose {model} {confidence}."),
    };
    sentence + &known(learned)
}

/// Quality, where the knowledge comes from, and the floor's account.
fn known(learned: &Learned<'_>) -> String {
    let mut text = String::new();
    if let Some(quality) = learned.quality {
        text += &format!(" Its expected quality is {}", percent(English, quality));
        match learned.samples {
            _ if learned.priors_alone => text += ", by priors alone",
            Some(1) => text += ", from 1 outcome",
            Some(samples) => text += &format!(", from {} outcomes", count(English, samples)),
            None => {}
        }
        if let Some((source, share)) = learned.weights.filter(|_| !learned.priors_alone).map(main_source) {
            text += &format!(" and mostly from {source} ({})", percent(English, share));
        }
        text.push('.');
    }
    if learned.pooled {
        text += " A prior pooled across organizations had a part in it.";
    }
    if let Some(floor) = &learned.floor {
        text += &account(floor);
    }
    text
}

fn account(floor: &FloorAccount) -> String {
    let by = match floor.source {
        FloorSource::Ratings => "ratings",
        FloorSource::Judge => "the judge, since nobody rates",
        FloorSource::Priors => "priors alone",
    };
    format!(
        " The account of its {} floor stood at {} before this call and stands at {} with it, by {by}; the floor holds with a probability of {}.",
        percent(English, floor.floor),
        signed(English, floor.before),
        signed(English, floor.after),
        percent(English, floor.probability),
    )
}

fn main_source(weights: SourceWeights) -> (&'static str, f64) {
    let sources = [
        ("session ratings", weights.session),
        ("automatic scores", weights.auto),
        ("ratings by hand", weights.manual),
        ("benchmarks", weights.benchmark),
    ];
    sources.into_iter().fold(("benchmarks", 0.0), |best, next| if next.1 > best.1 { next } else { best })
}

fn drawn(propensity: Option<f64>) -> String {
    propensity.map_or_else(String::new, |share| format!(", with a probability of {}", percent(English, share)))
}

fn rated(priced: &Priced<'_>) -> String {
    let Some(complexity) = priced.complexity else { return "not at all".to_owned() };
    let tier = match complexity.tier {
        Tier::Simple => "simple",
        Tier::Moderate => "moderate",
        Tier::Complex => "complex",
    };
    let intent = match complexity.intent {
        Intent::Code => "code",
        Intent::Math => "mathematics",
        Intent::Reasoning => "reasoning",
        Intent::General => "general",
    };
    format!("{tier} ({} of 1, {intent})", decimal(English, complexity.score, 2))
}

fn costs(priced: &Priced<'_>) -> String {
    match (priced.cost, priced.baseline) {
        (Some(cost), Some(baseline)) if cost != baseline => {
            format!(
                " It cost {}; the default model would have cost {}.",
                money(English, cost),
                money(English, baseline)
            )
        }
        (Some(cost), _) => format!(" It cost {}.", money(English, cost)),
        (None, _) => String::new(),
    }
}

fn scored(bandit: &Bandit<'_>) -> String {
    match (bandit.score, bandit.samples) {
        (Some(score), Some(samples)) => {
            let calls = if samples == 1 { "1 call".to_owned() } else { format!("{} calls", count(English, samples)) };
            format!(" (score {} of 1 from {calls})", decimal(English, score, 2))
        }
        (None, Some(samples)) => format!(" ({} calls so far)", count(English, samples)),
        _ => String::new(),
    }
}
