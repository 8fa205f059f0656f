//! What an org's constraints make of a route's arms, by what the route has learned.

use super::chance::distribution;
use super::eprocess::{PATIENCE, Stage};
use super::scope::Scope;
use crate::base::Timestamp;
use crate::resource::constraints::Optimization;
use crate::resource::decision::FilterReason;
use crate::resource::experiment::Shadowed;
use crate::routing::constraints::{BaselineFacts, CandidateFacts, refusal};

impl Scope {
    /// The constraint that keeps each arm from being relied on; the default model is the first and has none.
    /// `expected` is what this call would cost on each, in micro-USD.
    ///
    /// `shadowed` is what shadow runs and evaluations have shown of each. An arm counts as validated once it has come
    /// through its canary, or one of these has shown that it is good enough.
    #[must_use]
    pub fn bounded(
        &self,
        limits: &Optimization,
        expected: &[Option<f64>],
        shadowed: &[Shadowed],
        now: Timestamp,
    ) -> Vec<Option<FilterReason>> {
        if !limits.bounds_candidates() {
            return vec![None; self.arms.len()];
        }
        let expected = |arm: usize| expected.get(arm).copied().flatten();
        let baseline = BaselineFacts {
            seen: self.arms.first().map(|arm| arm.recent.windows(now)).unwrap_or_default(),
            expected_cost: expected(0),
        };
        let (standings, _) = self.standings();
        let facts = self.arms.iter().enumerate().map(|(at, arm)| {
            let rated = arm.levels.session.count + arm.levels.manual.count;
            let shadowed = shadowed.get(at).copied().unwrap_or_default();
            let standing = standings.get(at).copied().unwrap_or_default();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of observations")]
            let samples = (rated + arm.levels.auto.count) as u64;
            CandidateFacts {
                seen: arm.recent.windows(now),
                expected_cost: expected(at),
                samples,
                variance: (rated > 0.0).then(|| arm.rated.gap.spread(0.0, 1.0, 0.25)),
                confidence: Some(distribution(standing.gap / standing.variance.max(1e-12).sqrt())),
                validated: arm.stage == Stage::Open && rated >= PATIENCE || shadowed.fine,
                shadowed: shadowed.ran,
            }
        });
        facts.enumerate().map(|(at, facts)| if at == 0 { None } else { refusal(limits, &facts, &baseline) }).collect()
    }
}
