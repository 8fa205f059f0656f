//! The evidence of one experiment, and what it shows. Pure: a fold over its decisions and their ratings.
//!
//! Sessions are assigned by a hash of experiment and session, so that a session stays where it is and a share that grows
//! keeps those that it had. Quality is compared by the bets of [`super::learn::eprocess`]: each rating of B against the
//! mean of A's that were in no bet before, times the floor. Failures are compared call by call by the sequential test that
//! the router uses for its own canaries.

use super::learn::drift::Failures;
use super::learn::eprocess::{Bets, HARM, PATIENCE, Yard};
use super::totals::Moments;
use crate::base::{ExperimentId, SessionId, Timestamp};
use crate::resource::Decision;
use crate::resource::decision::Status;
use crate::resource::experiment::{
    DecidedBy, Differences, EValues, Experiment, ExperimentResults, Interval, Variant, VariantResults, Winner,
};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Two-sided 95 % of a normal.
const NORMAL: f64 = 1.96;

/// The side that a session is on, where B gets this share of them (percent).
#[must_use]
pub fn side(experiment: &ExperimentId, session: &SessionId, percent: f64) -> Variant {
    let hash = xxh3_64(format!("{experiment}\n{session}").as_bytes()) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
    let even = hash as f64 / (1_u64 << 53) as f64;
    if even * 100.0 < percent { Variant::B } else { Variant::A }
}

/// One side's sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Side {
    calls: u64,
    answered: u64,
    latency: Moments,
    cost: Moments,
    /// Scores of answers by heuristics, 0..1.
    scores: Moments,
    rated: Moments,
    failures: Failures,
}

/// What was seen of an experiment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    a: Side,
    b: Side,
    bets: Bets,
    /// Whether B fails far more often than A.
    broken: bool,
}

/// What the evidence shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// B is below the floor.
    Harm(DecidedBy),
    /// B holds it.
    Fine,
    /// Neither, after many ratings.
    Tie,
    /// Neither yet.
    Open,
}

impl Trial {
    fn side(&mut self, variant: Variant) -> &mut Side {
        match variant {
            Variant::A => &mut self.a,
            Variant::B => &mut self.b,
        }
    }

    /// A call was made.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds and micro-USD of one call")]
    pub fn called(&mut self, variant: Variant, decision: &Decision) {
        let outcome = &decision.outcome;
        if matches!(outcome.status, Status::Cancelled | Status::Blocked) {
            return;
        }
        // Who was chosen and did not answer has failed, even where a backup has saved the call.
        let failed = outcome.status != Status::Ok || (variant == Variant::B && outcome.fallback_used);
        let usual = self.a.failures.rate();
        let side = self.side(variant);
        side.calls += 1;
        side.answered += u64::from(!failed);
        if !failed {
            side.latency.add(outcome.latency_ms as f64, 1.0);
            outcome.cost_micro_usd.iter().for_each(|cost| side.cost.add(cost.0 as f64, 1.0));
            decision.heuristics.iter().for_each(|scores| side.scores.add(scores.composite / 100.0, 1.0));
        }
        let broken = side.failures.observe(failed, usual);
        self.broken |= broken && variant == Variant::B;
    }

    /// A session or a call was rated.
    pub fn rated(&mut self, variant: Variant, quality: f64, yard: &Yard) {
        if !quality.is_finite() {
            return;
        }
        self.side(variant).rated.add(quality, 1.0);
        match variant {
            Variant::A => self.bets.baseline(quality, yard),
            Variant::B => self.bets.arm(quality, yard),
        };
    }

    /// A new stage begins: what was shown is not counted twice.
    pub fn next_stage(&mut self) {
        self.bets = Bets::default();
    }

    /// What is shown.
    #[must_use]
    pub fn shown(&self) -> Shown {
        if self.broken {
            Shown::Harm(DecidedBy::Failures)
        } else if self.bets.harm() >= HARM {
            Shown::Harm(DecidedBy::EValue)
        } else if self.bets.fine() >= HARM {
            Shown::Fine
        } else if self.bets.observations() >= PATIENCE {
            Shown::Tie
        } else {
            Shown::Open
        }
    }

    /// The results, as they are shown.
    #[must_use]
    pub fn results(&self, experiment: &Experiment, now: Timestamp) -> ExperimentResults {
        let variant = |side: &Side, rule: &str| VariantResults {
            routing_rule_id: rule.to_owned(),
            sample_size: side.calls,
            success_rate: share(side.answered, side.calls).unwrap_or(0.0),
            average_latency_ms: side.latency.mean().unwrap_or(0.0),
            average_cost_micro_usd: side.cost.mean().unwrap_or(0.0),
            average_quality: quality(side).mean(),
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of ratings")]
            ratings: side.rated.weight as u64,
        };
        // Ratings are compared with ratings, scores with scores.
        let both_rated = self.a.rated.weight > 0.0 && self.b.rated.weight > 0.0;
        let (quality_a, quality_b) =
            if both_rated { (self.a.rated, self.b.rated) } else { (self.a.scores, self.b.scores) };
        let quality = difference(&quality_a, &quality_b);
        let latency = difference(&self.a.latency, &self.b.latency);
        let cost = difference(&self.a.cost, &self.b.cost).zip(self.a.cost.mean().filter(|mean| *mean > 0.0));
        let cost = cost.map(|((delta, error), mean)| (100.0 * delta / mean, 100.0 * error / mean));
        let delta = |found: Option<(f64, f64)>| found.map(|(delta, _)| delta);
        let interval = |found: Option<(f64, f64)>| {
            found.map(|(delta, error)| Interval { low: delta - NORMAL * error, high: delta + NORMAL * error })
        };
        let (winner, decided_by) = match self.shown() {
            Shown::Harm(by) => (Some(Winner::A), Some(by)),
            Shown::Fine => (Some(Winner::B), Some(DecidedBy::EValue)),
            Shown::Tie => (Some(Winner::Tie), None),
            Shown::Open => (None, None),
        };
        let e_values = EValues { harm: self.bets.harm(), fine: self.bets.fine() };
        ExperimentResults {
            experiment_id: experiment.id.clone(),
            variant_a: variant(&self.a, &experiment.variant_a_routing_rule_id),
            variant_b: variant(&self.b, &experiment.variant_b_routing_rule_id),
            baseline: experiment.baseline.clone(),
            candidate: experiment.candidate.clone(),
            delta: Differences { quality: delta(quality), cost_pct: delta(cost), latency_ms: delta(latency) },
            interval: Differences {
                quality: interval(quality),
                cost_pct: interval(cost),
                latency_ms: interval(latency),
            },
            winner,
            decided_by,
            e_value: e_values.harm.max(e_values.fine),
            e_values,
            computed_at: now,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn quality(side: &Side) -> &Moments {
    if side.rated.weight > 0.0 { &side.rated } else { &side.scores }
}

/// B's mean less A's, and the standard error of that.
fn difference(a: &Moments, b: &Moments) -> Option<(f64, f64)> {
    let delta = b.mean()? - a.mean()?;
    let error = a.variance()? / a.weight + b.variance()? / b.weight;
    Some((delta, error.sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::learn::chance::Chance;

    fn run(success: (f64, f64), pairs: u32, seed: u64) -> (Trial, u32) {
        let (mut trial, mut chance) = (Trial::default(), Chance::new(seed));
        let mut draw = |rate: f64| f64::from(u8::from(chance.uniform() < rate));
        for step in 1..=pairs {
            let (a, b) = (draw(success.0), draw(success.1));
            trial.rated(Variant::A, a, &Yard::outcomes(0.95));
            trial.rated(Variant::B, b, &Yard::outcomes(0.95));
            if matches!(trial.shown(), Shown::Harm(_) | Shown::Fine) {
                return (trial, step);
            }
        }
        (trial, pairs)
    }

    #[test]
    fn a_bad_candidate_is_found_out_and_a_good_one_is_shown_to_be_fine() {
        let mut needed: Vec<u32> = (0..100)
            .map(|seed| {
                let (trial, step) = run((0.8, 0.2), 2_000, seed);
                assert_eq!(trial.shown(), Shown::Harm(DecidedBy::EValue), "{seed}");
                step
            })
            .collect();
        needed.sort_unstable();
        assert!(needed[50] <= 30, "a disaster is out after few ratings: {}", needed[50]);
        let fine = (0..100).filter(|seed| run((0.8, 0.95), 2_000, *seed).0.shown() == Shown::Fine).count();
        assert!(fine >= 90, "{fine}");
    }

    #[test]
    fn at_the_floor_hardly_anybody_is_judged_wrongly() {
        let wrong = (0..1_000)
            .filter(|seed| matches!(run((0.8, 0.76), 1_000, *seed).0.shown(), Shown::Harm(_) | Shown::Fine))
            .count();
        // Two tests at one in twenty each; both at once are watched continuously.
        assert!(wrong <= 100, "{wrong}");
    }

    #[test]
    fn sessions_stay_where_they_are_when_the_share_grows() {
        let id = ExperimentId::from("exp_1");
        let sessions: Vec<SessionId> = (0..4_000).map(|n| SessionId::from(format!("s{n}"))).collect();
        let on_b = |percent: f64| -> Vec<&SessionId> {
            sessions.iter().filter(|session| side(&id, session, percent) == Variant::B).collect()
        };
        let (few, many) = (on_b(5.0), on_b(20.0));
        assert!((140..260).contains(&few.len()) && (680..920).contains(&many.len()), "{} {}", few.len(), many.len());
        assert!(few.iter().all(|session| many.contains(session)));
        assert!(on_b(0.0).is_empty() && on_b(100.0).len() == sessions.len());
        let other = ExperimentId::from("exp_2");
        let moved = few.iter().filter(|session| side(&other, session, 5.0) == Variant::B).count();
        assert!(moved < 40, "another experiment draws other sessions: {moved}");
    }
}
