//! Judging other policies by a log of decisions, and writing such a log.
//!
//! One JSON object a line: a decision with its `trace` (as records and exports hold it), and with `quality` (0..1) and
//! `cost` where they are known; `response` is the probability that it was rated at all, 1 where left out.

use super::inputs;
use super::named;
use crate::cli::exit::Failure;
use crate::replay::{Feedback, Plan, Problem, Setting, logged};
use crate::resource::Trace;
use crate::routing::learn::ope::{Judgement, Sample, judge as weigh};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

#[derive(Deserialize)]
struct Line {
    trace: Option<Trace>,
    quality: Option<f64>,
    cost: Option<f64>,
    #[serde(default = "certain")]
    response: f64,
}

const fn certain() -> f64 {
    1.0
}

/// What the log says of one policy.
#[derive(Debug, Serialize)]
pub(super) struct Judged {
    policy: String,
    measure: &'static str,
    verdict: &'static str,
    #[serde(flatten)]
    judgement: Judgement,
}

/// Judges "always this arm" for every arm, and the log's own policy, by quality and by cost.
pub(super) fn judge(path: &Path) -> Result<Vec<Judged>, Failure> {
    let text = inputs::text(path)?;
    let mut lines: Vec<(Trace, Line)> = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut read: Line = serde_json::from_str(line)
            .map_err(|error| named(path, format!("line {}: {error}", number + 1)).hint(FORM))?;
        if let Some(trace) = read.trace.take() {
            lines.push((trace, read));
        }
    }
    let arms = lines.iter().map(|(trace, _)| trace.mean.len()).max().unwrap_or(0);
    if arms == 0 {
        return Err(named(path, "no line has a `trace` of a learned decision").hint(FORM));
    }
    let targets: Vec<Option<usize>> = std::iter::once(None).chain((0..arms).map(Some)).collect();
    let judged = |target: &Option<usize>| {
        let name = target.map_or_else(|| "as logged".to_owned(), |arm| format!("always arm {arm}"));
        [("quality", true), ("cost", false)].map(|(measure, is_quality)| {
            let samples: Vec<Sample> = lines.iter().filter_map(|line| sample(line, *target, is_quality)).collect();
            let judgement = weigh(&samples);
            let verdict = if judgement.value.is_some() { "ok" } else { "refused: effective sample size below 200" };
            Judged { policy: name.clone(), measure, verdict, judgement }
        })
    };
    Ok(targets.iter().flat_map(judged).collect())
}

const FORM: &str =
    "each line is a decision with `trace`, `quality` (0..1) and `cost`; `floopy replay --write-log` writes such a file";

fn sample((trace, line): &(Trace, Line), target: Option<usize>, is_quality: bool) -> Option<Sample> {
    let outcome = if is_quality { line.quality? } else { line.cost? };
    let at = |list: &[f32], arm: usize| list.get(arm).map(|value| f64::from(*value));
    let expected = |arm: usize| {
        if is_quality { at(&trace.mean, arm) } else { trace.cost.get(arm).copied().flatten().map(f64::from) }
    };
    let chance = |arm: usize| {
        target
            .map_or_else(|| trace.propensity.get(arm).copied().unwrap_or(0.0), |only| f64::from(u8::from(only == arm)))
    };
    let expected_target =
        (0..trace.mean.len()).filter(|arm| chance(*arm) > 0.0).map(|arm| Some(chance(arm) * expected(arm)?));
    Some(Sample {
        propensity: trace.propensity.get(trace.winner).copied()?,
        target: chance(trace.winner),
        response: if is_quality { line.response } else { 1.0 },
        outcome,
        expected: expected(trace.winner)?,
        expected_target: expected_target.sum::<Option<f64>>()?,
    })
}

/// Writes the decisions of one run.
pub(super) fn write(path: &Path, problem: &Problem, setting: &Setting, seed: u64) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Written<'a> {
        trace: &'a Trace,
        arm: &'a str,
        quality: f64,
        cost: f64,
    }
    let fail = |error: std::io::Error| named(path, error);
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).map_err(fail)?);
    let plan = Plan { feedback: Feedback::Full, response: 1.0, drift: None, seed };
    for (trace, quality, cost) in logged(problem, setting, &plan) {
        let arm = problem.arms.get(trace.winner).map(String::as_str).unwrap_or_default();
        let line = serde_json::to_string(&Written { trace: &trace, arm, quality, cost })
            .map_err(|error| named(path, error))?;
        writeln!(file, "{line}").map_err(fail)?;
    }
    file.flush().map_err(fail)
}
