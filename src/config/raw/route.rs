//! `[[route]]`.

use super::model::named;
use crate::base::MicroUsd;
use crate::config::leaf::{budget, choice, count, filled, number};
use crate::config::report::Field;
use crate::config::section::Section;
use crate::config::settings::{Bandit, SmartSelect, Sticky};
use crate::config::tree::Place;
use crate::resource::decision::Strategy;

/// One route.
#[derive(Debug)]
pub(in crate::config) struct RawRoute {
    pub(in crate::config) place: Place,
    pub(in crate::config) name: Option<Field<String>>,
    pub(in crate::config) strategy: Option<Field<Strategy>>,
    pub(in crate::config) default_model: Option<Field<String>>,
    pub(in crate::config) candidates: Vec<Field<String>>,
    pub(in crate::config) quality_floor: f64,
    pub(in crate::config) dimension_floors: Vec<(&'static str, f64)>,
    pub(in crate::config) sticky: Sticky,
    pub(in crate::config) fallback: Vec<Field<String>>,
    pub(in crate::config) weights: Vec<(Field<String>, u32)>,
    /// Whether a weight was refused, so that nothing can be said of their sum.
    pub(in crate::config) weights_refused: bool,
    pub(in crate::config) smart_select: SmartSelect,
    pub(in crate::config) judge: Option<RawJudge>,
}

/// `[route.judge]`.
#[derive(Debug)]
pub(in crate::config) struct RawJudge {
    pub(in crate::config) model: Option<Field<String>>,
    pub(in crate::config) sample_rate: f64,
    pub(in crate::config) daily_budget: MicroUsd,
}

/// The strategies that a route may name.
const STRATEGIES: &[(&str, Strategy)] = &[
    ("feedback_driven", Strategy::FeedbackDriven),
    ("smart_cost", Strategy::SmartCost),
    ("smart_select", Strategy::SmartSelect),
    ("fallback", Strategy::Fallback),
    ("round_robin", Strategy::RoundRobin),
    ("weighted", Strategy::Weighted),
    ("latency_based", Strategy::LatencyBased),
];

const BANDITS: &[(&str, Bandit)] =
    &[("thompson", Bandit::Thompson), ("epsilon_greedy", Bandit::EpsilonGreedy), ("ucb1", Bandit::Ucb1)];

impl RawRoute {
    pub(super) fn read_all(root: &mut Section<'_>) -> Vec<Self> {
        let mut routes = Vec::new();
        for (index, (place, table)) in root.tables("route").into_iter().enumerate() {
            let path = named("route", "name", index, &table);
            routes.push(Self::read(Section::new(path, place, table, root.report)));
        }
        routes
    }

    fn read(mut section: Section<'_>) -> Self {
        let before = section.report.problems.len();
        let weights = weights(&mut section);
        let raw = Self {
            weights_refused: section.report.problems.len() > before,
            weights,
            place: section.place().clone(),
            name: section.required("name", filled),
            strategy: section.required("strategy", choice(STRATEGIES)),
            default_model: section.required("default_model", filled),
            candidates: section.list("candidates", &[], filled),
            dimension_floors: dimension_floors(section.section("dimension_floors")),
            quality_floor: section.value("quality_floor", 0.95, number(0.5..=1.0)),
            sticky: section.value(
                "sticky",
                "session",
                choice(&[("session", Sticky::Session), ("request", Sticky::Request)]),
            ),
            fallback: section.list("fallback", &[], filled),
            smart_select: smart_select(section.section("smart_select")),
            judge: section.optional_section("judge").map(RawJudge::read),
        };
        section.finish();
        raw
    }
}

impl RawJudge {
    fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            model: section.required("model", filled),
            sample_rate: section.value("sample_rate", 0.25, number(0.0..=1.0)),
            daily_budget: section.value("daily_budget_usd", 5.0, budget),
        };
        section.finish();
        raw
    }
}

fn smart_select(mut section: Section<'_>) -> SmartSelect {
    let settings = SmartSelect {
        algorithm: section.value("algorithm", "thompson", choice(BANDITS)),
        min_samples: section.value("min_samples", 10, count(0..=1_000_000)),
    };
    section.finish();
    settings
}

/// The dimensions that a judge scores.
const DIMENSIONS: [&str; 4] = ["relevance", "coherence", "helpfulness", "safety"];

fn dimension_floors(mut section: Section<'_>) -> Vec<(&'static str, f64)> {
    let read = |dimension| Some((dimension, section.optional(dimension, number(0.5..=1.0))?.value));
    let floors = DIMENSIONS.into_iter().filter_map(read).collect();
    section.finish();
    floors
}

/// Models with their weights.
fn weights(section: &mut Section<'_>) -> Vec<(Field<String>, u32)> {
    let path = section.key("weights");
    let read = count(0..=1_000_000);
    let mut weights = Vec::new();
    for (key, node) in section.entries("weights") {
        let name = format!("{path}.{}", key.name);
        match read(&node.value) {
            Ok(weight) => {
                section.report.setting(&name, node.value.to_string(), &node.place);
                weights.push((Field { value: key.name, place: key.place, key: path.clone() }, weight));
            }
            Err(complaint) => section.report.problem(&node.place, &name, complaint),
        }
    }
    weights
}
