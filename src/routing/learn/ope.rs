//! What another policy would have been worth, from a log of decisions with exact propensities.
//!
//! ```text
//! W = e(a|x) / pi_a, clipped at 20
//! V_SNIPS = sum W y / sum W
//! V_DR    = mean[ sum_k e(k|x) m_k(x) + W (y - m_a(x)) ]
//! ESS     = (sum W)^2 / sum W^2
//! ```
//!
//! Below an effective sample size of 200 there is no verdict: a policy that seldom agrees with the log cannot be judged by
//! it. Where only a part of the units was rated, `1 / rho` multiplies the weight.

use serde::{Deserialize, Serialize};

/// Weights are cut here.
pub const MOST_WEIGHT: f64 = 20.0;
/// Below this effective sample size nothing is said.
pub const LEAST_SIZE: f64 = 200.0;

/// One logged decision with its outcome, seen from the policy that is to be judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Probability with which the log's policy chose what it served.
    pub propensity: f64,
    /// Probability with which the other policy would have chosen the same.
    pub target: f64,
    /// Probability that the unit was rated at all.
    pub response: f64,
    /// What came of it: quality, or cost.
    pub outcome: f64,
    /// What the model expected of the arm that served.
    pub expected: f64,
    /// What it expects of the other policy: sum_k e(k|x) m_k(x).
    pub expected_target: f64,
}

/// An estimate of the other policy's value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// Self-normalised importance sampling.
    pub snips: f64,
    /// Half of its 95 % interval.
    pub snips_ci: f64,
    /// Doubly robust.
    pub dr: f64,
    /// Half of its 95 % interval.
    pub dr_ci: f64,
}

/// What the log says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Samples with a usable outcome.
    pub samples: usize,
    /// The effective sample size.
    pub ess: f64,
    /// The value; `None` where the effective sample size is too small for a verdict.
    pub value: Option<Value>,
}

/// Judges a policy by the log.
#[must_use]
pub fn judge(samples: &[Sample]) -> Judgement {
    let usable = |sample: &&Sample| {
        sample.propensity > 0.0
            && sample.response > 0.0
            && [sample.outcome, sample.target, sample.expected, sample.expected_target].iter().all(|x| x.is_finite())
    };
    let weighed: Vec<(f64, &Sample)> = samples
        .iter()
        .filter(usable)
        .map(|sample| ((sample.target / sample.propensity / sample.response.min(1.0)).clamp(0.0, MOST_WEIGHT), sample))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a number of decisions")]
    let count = weighed.len() as f64;
    let sum: f64 = weighed.iter().map(|(weight, _)| weight).sum();
    let square: f64 = weighed.iter().map(|(weight, _)| weight * weight).sum();
    let ess = if square > 0.0 { sum * sum / square } else { 0.0 };
    let value = (ess >= LEAST_SIZE).then(|| {
        let snips = weighed.iter().map(|(weight, sample)| weight * sample.outcome).sum::<f64>() / sum;
        let spread: f64 = weighed.iter().map(|(weight, sample)| (weight * (sample.outcome - snips)).powi(2)).sum();
        // The mean weight of a rated sample is one where responses are even: the correction is self-normalised too.
        let scale = count / sum;
        let terms: Vec<f64> = weighed
            .iter()
            .map(|(weight, sample)| sample.expected_target + scale * weight * (sample.outcome - sample.expected))
            .collect();
        let dr = terms.iter().sum::<f64>() / count;
        let variance = terms.iter().map(|term| (term - dr).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        Value { snips, snips_ci: 1.96 * spread.sqrt() / sum, dr, dr_ci: 1.96 * (variance / count).sqrt() }
    });
    Judgement { samples: weighed.len(), ess, value }
}
