//! How sure a choice is: a number from 0 to 1 that anybody can recompute from the record.
//!
//! ```text
//! gap  = clamp(gap_top2 / 0.20, 0, 1)            how far the best candidate is ahead of the second
//! n    = clamp(ln(1 + samples) / ln(31), 0, 1)   full at thirty observations
//! var  = 1 − clamp(variance / 0.25, 0, 1)        0.25 is the variance of a coin toss, the largest within 0..1
//! confidence = 0.45 · gap + 0.35 · n + 0.20 · var
//! ```
//!
//! It is capped at 0.6 while there is nothing but priors (Day 0), and at 0.8 when a prior pooled across orgs had a part
//! in it. What is not known counts against it: a missing variance is the largest, a missing gap is none. The number is
//! rounded to four decimals, so that header and record agree.
//!
//! Source: the contract's published formula. The logarithm is the usual saturating count of evidence (thirty
//! observations, where the normal approximation of a mean is taken to hold); 0.25 is Popoviciu's bound on the variance
//! of what lies within 0..1 (T. Popoviciu, 1935).
//!
//! A worked example. The best candidate leads by 0.08, has 15 observations, and their variance is 0.10:
//! gap = 0.4, n = ln 16 / ln 31 = 0.8074, var = 0.6, and 0.45 · 0.4 + 0.35 · 0.8074 + 0.20 · 0.6 = 0.5826.
//!
//! ```
//! use floopy::resource::assessment::ConfidenceReason;
//! use floopy::routing::confidence::{Basis, confidence};
//! let basis = Basis { candidates: 2, gap_top2: Some(0.08), samples: 15, variance: Some(0.10), day0: false, pooled: false };
//! let sure = confidence(&basis);
//! assert_eq!((sure.value, sure.reason), (Some(0.5826), ConfidenceReason::Ok));
//! ```

use crate::resource::assessment::ConfidenceReason;

/// A lead of this much is a full one.
const FULL_GAP: f64 = 0.20;
/// This many observations are enough.
const FULL_SAMPLES: f64 = 30.0;
/// The largest variance of a quality within 0..1.
const LARGEST_VARIANCE: f64 = 0.25;
/// Cap while there is nothing but priors.
const DAY0_CAP: f64 = 0.6;
/// Cap where a pooled prior had a part in it.
const POOLED_CAP: f64 = 0.8;

/// What a confidence rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Basis {
    /// Candidates that could have been chosen.
    pub candidates: usize,
    /// Expected quality of the best of them less that of the second; `None` = no two are known.
    pub gap_top2: Option<f64>,
    /// Observations of the chosen one.
    pub samples: u64,
    /// Variance of the chosen one's outcomes; `None` = not known.
    pub variance: Option<f64>,
    /// Whether there is nothing but priors.
    pub day0: bool,
    /// Whether a prior pooled across orgs had a part in it.
    pub pooled: bool,
}

/// How sure a choice is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    /// 0..1; `None` where a number would mean nothing.
    pub value: Option<f64>,
    /// Why it is that.
    pub reason: ConfidenceReason,
}

/// The confidence of a choice that compared qualities.
#[must_use]
pub fn confidence(basis: &Basis) -> Confidence {
    if basis.candidates < 2 {
        return Confidence { value: None, reason: ConfidenceReason::SingleCandidate };
    }
    if basis.samples == 0 && basis.gap_top2.is_none() {
        return Confidence { value: None, reason: ConfidenceReason::NoSamples };
    }
    #[expect(clippy::cast_precision_loss, reason = "beyond thirty it no longer matters")]
    let samples = basis.samples as f64;
    let gap = share(basis.gap_top2.unwrap_or(0.0) / FULL_GAP);
    let n = share(samples.ln_1p() / FULL_SAMPLES.ln_1p());
    let var = 1.0
        - share(basis.variance.filter(|variance| !variance.is_nan()).unwrap_or(LARGEST_VARIANCE) / LARGEST_VARIANCE);
    let sure = 0.45 * gap + 0.35 * n + 0.20 * var;
    let (cap, capped) = match (basis.day0, basis.pooled) {
        (true, _) => (DAY0_CAP, ConfidenceReason::Day0Capped),
        (false, true) => (POOLED_CAP, ConfidenceReason::SharedPriorCapped),
        (false, false) => (1.0, ConfidenceReason::Ok),
    };
    let reason = if sure > cap { capped } else { ConfidenceReason::Ok };
    Confidence { value: Some((sure.min(cap) * 1e4).round() / 1e4), reason }
}

/// What is not a number is nothing.
fn share(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn basis() -> Basis {
        Basis { candidates: 3, gap_top2: Some(0.2), samples: 30, variance: Some(0.0), day0: false, pooled: false }
    }

    #[test]
    fn caps_say_that_they_bit() {
        for (basis, value, reason) in [
            (basis(), Some(1.0), ConfidenceReason::Ok),
            (Basis { day0: true, ..basis() }, Some(0.6), ConfidenceReason::Day0Capped),
            (Basis { day0: true, pooled: true, ..basis() }, Some(0.6), ConfidenceReason::Day0Capped),
            (Basis { pooled: true, ..basis() }, Some(0.8), ConfidenceReason::SharedPriorCapped),
            (Basis { pooled: true, samples: 0, ..basis() }, Some(0.65), ConfidenceReason::Ok),
            (Basis { day0: true, samples: 0, gap_top2: Some(0.1), ..basis() }, Some(0.425), ConfidenceReason::Ok),
        ] {
            assert_eq!(confidence(&basis), Confidence { value, reason }, "{basis:?}");
        }
    }

    #[test]
    fn where_a_number_would_mean_nothing_there_is_none() {
        let alone = Basis { candidates: 1, ..basis() };
        assert_eq!(confidence(&alone), Confidence { value: None, reason: ConfidenceReason::SingleCandidate });
        let unknown = Basis { gap_top2: None, samples: 0, ..basis() };
        assert_eq!(confidence(&unknown), Confidence { value: None, reason: ConfidenceReason::NoSamples });
    }

    #[test]
    fn what_is_not_known_counts_against_it() {
        let unknown = confidence(&Basis { variance: None, gap_top2: None, ..basis() }).value.unwrap();
        assert_eq!(unknown, 0.35);
        assert_eq!(
            confidence(&Basis { variance: Some(f64::NAN), gap_top2: Some(f64::NAN), ..basis() }).value,
            Some(0.35)
        );
    }

    proptest! {
        #[test]
        fn it_is_a_share_and_keeps_its_caps(
            gap in prop::option::of(-1.0..2.0f64), samples in any::<u64>(), variance in prop::option::of(-1.0..2.0f64),
            day0: bool, pooled: bool,
        ) {
            let basis = Basis { candidates: 2, gap_top2: gap, samples, variance, day0, pooled };
            if let Some(value) = confidence(&basis).value {
                let cap = if day0 { 0.6 } else if pooled { 0.8 } else { 1.0 };
                prop_assert!((0.0..=cap).contains(&value));
            }
        }

        #[test]
        fn more_evidence_never_makes_it_less_sure(gap in 0.0..0.5f64, samples in 0..100u64, variance in 0.0..0.3f64, more in 0.0..0.3f64) {
            let at = |gap, samples, variance| {
                confidence(&Basis { candidates: 2, gap_top2: Some(gap), samples, variance: Some(variance), day0: false, pooled: false })
                    .value.unwrap()
            };
            let before = at(gap, samples, variance);
            prop_assert!(at(gap + more, samples, variance) >= before);
            prop_assert!(at(gap, samples + 1, variance) >= before);
            prop_assert!(at(gap, samples, variance + more) <= before);
        }
    }
}
