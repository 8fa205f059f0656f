//! The optimiser's constraints as a gate: may this candidate be relied on?
//!
//! A constraint is about one candidate against the default model. It never concerns the default model itself,
//! which serves whenever nobody else may. Where several are set, all hold: the strictest one decides.
//!
//! | constraint | refuses a candidate | explored all the same |
//! |---|---|---|
//! | `max_regression` | whose rated quality in the window is below (1 − value) × the default model's, once both have [`ENOUGH`] ratings in it | no: it has been seen |
//! | `max_cost_increase` | that costs more than (1 + value) × the default model, or whose cost is not known | no: cost is known without a try |
//! | `confidence_threshold` | whose probability of holding the floor is below it | yes |
//! | `min_samples_before_promotion` | with fewer observations | yes |
//! | `max_outcome_variance` | whose outcomes vary more, once [`ENOUGH`] are known | yes |
//! | `max_cost_drop_without_validation` | that is cheaper by more than this share (or of unknown cost) and not validated | yes |
//! | `require_shadow_before_live` | that never ran in the shadow | no: a try would be live |
//!
//! `min_samples_before_promotion` and its like forbid *relying* on a candidate, not *trying* it: the tries that the
//! floor pays for are how the samples come about. `quality_floor` is not here: it is a promise about what a route
//! serves as a whole, and the floor's account keeps it. A gate on single candidates would forbid the mixing under the
//! floor that most of the saving comes from; who wants that gate sets `max_regression`.
//!
//! ```
//! use floopy::resource::constraints::Optimization;
//! use floopy::resource::decision::FilterReason;
//! use floopy::routing::constraints::{BaselineFacts, CandidateFacts, may_explore, refusal};
//! let limits = Optimization { min_samples_before_promotion: Some(100), ..Optimization::default() };
//! let fresh = CandidateFacts { samples: 12, ..CandidateFacts::default() };
//! let reason = refusal(&limits, &fresh, &BaselineFacts::default()).unwrap();
//! assert_eq!(reason, FilterReason::ConstraintMinSamples);
//! assert!(may_explore(reason));
//! ```

use crate::resource::constraints::{Optimization, Window};
use crate::resource::decision::FilterReason;

/// Ratings that a comparison needs on either side: one bad day of a few calls is no regression.
pub const ENOUGH: u64 = 20;

/// What was seen of one model in one window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// Mean rated quality, 0..1.
    pub quality: Option<f64>,
    /// Mean cost of a call, in micro-USD.
    pub cost: Option<f64>,
    /// Ratings behind the quality.
    pub samples: u64,
}

/// What was seen of one model in both windows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Windows {
    /// The last 24 hours.
    pub day: Measured,
    /// The last seven days.
    pub week: Measured,
}

impl Windows {
    fn of(&self, window: Window) -> &Measured {
        match window {
            Window::Day => &self.day,
            Window::Week => &self.week,
        }
    }
}

/// What is known of a candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CandidateFacts {
    /// By window.
    pub seen: Windows,
    /// Expected cost of this call, in micro-USD: what counts where a window has seen no cost.
    pub expected_cost: Option<f64>,
    /// Observations of it in all.
    pub samples: u64,
    /// Variance of its outcomes.
    pub variance: Option<f64>,
    /// Probability that it holds the floor, 0..1.
    pub confidence: Option<f64>,
    /// Whether its quality was shown to be no worse: a canary that was promoted, an evaluation, a shadow run.
    pub validated: bool,
    /// Whether it has run in the shadow.
    pub shadowed: bool,
}

/// What is known of the default model.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BaselineFacts {
    /// By window.
    pub seen: Windows,
    /// Expected cost of this call, in micro-USD.
    pub expected_cost: Option<f64>,
}

/// The first constraint that forbids to rely on the candidate; `None` = none does.
/// Those that forbid a try as well come first, so that [`may_explore`] of the answer is right.
#[must_use]
pub fn refusal(limits: &Optimization, candidate: &CandidateFacts, baseline: &BaselineFacts) -> Option<FilterReason> {
    if limits.require_shadow_before_live == Some(true) && !candidate.shadowed {
        return Some(FilterReason::ConstraintShadowRequired);
    }
    if let Some(bound) = limits.max_regression {
        let (own, default) = (candidate.seen.of(bound.window), baseline.seen.of(bound.window));
        let enough = own.samples >= ENOUGH && default.samples >= ENOUGH;
        let quality = own.quality.zip(default.quality).filter(|_| enough);
        if quality.is_some_and(|(own, default)| own < (1.0 - bound.value) * default) {
            return Some(FilterReason::ConstraintMaxRegression);
        }
    }
    if let Some(bound) = limits.max_cost_increase
        && cost_ratio(candidate, baseline, bound.window).is_none_or(|ratio| ratio > 1.0 + bound.value)
    {
        return Some(FilterReason::ConstraintMaxCostIncrease);
    }
    if limits.min_samples_before_promotion.is_some_and(|least| candidate.samples < u64::from(least)) {
        return Some(FilterReason::ConstraintMinSamples);
    }
    if limits
        .confidence_threshold
        .is_some_and(|least| least > 0.0 && candidate.confidence.is_none_or(|own| own < least))
    {
        return Some(FilterReason::ConstraintConfidenceThreshold);
    }
    let variance = candidate.variance.filter(|_| candidate.samples >= ENOUGH);
    if limits.max_outcome_variance.zip(variance).is_some_and(|(most, own)| own > most) {
        return Some(FilterReason::ConstraintMaxOutcomeVariance);
    }
    if let Some(most) = limits.max_cost_drop_without_validation
        && !candidate.validated
        && cost_ratio(candidate, baseline, Window::Week).is_none_or(|ratio| 1.0 - ratio > most)
    {
        return Some(FilterReason::ConstraintUnvalidatedCostDrop);
    }
    None
}

/// Whether a candidate that was refused for this reason may still be tried where the floor pays for it.
#[must_use]
pub const fn may_explore(reason: FilterReason) -> bool {
    matches!(
        reason,
        FilterReason::ConstraintMinSamples
            | FilterReason::ConstraintConfidenceThreshold
            | FilterReason::ConstraintMaxOutcomeVariance
            | FilterReason::ConstraintUnvalidatedCostDrop
    )
}

/// The candidate's cost over the default model's: as seen in the window by both, or as expected of this call.
fn cost_ratio(candidate: &CandidateFacts, baseline: &BaselineFacts, window: Window) -> Option<f64> {
    let seen = candidate.seen.of(window).cost.zip(baseline.seen.of(window).cost);
    let (own, default) = seen.or_else(|| candidate.expected_cost.zip(baseline.expected_cost))?;
    if default > 0.0 {
        return Some(own / default);
    }
    // Nothing is cheaper than a default model that costs nothing; whatever costs something is dearer than any bound.
    Some(if own > 0.0 { f64::INFINITY } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::constraints::Bound;

    fn measured(quality: f64, cost: f64, samples: u64) -> Measured {
        Measured { quality: Some(quality), cost: Some(cost), samples }
    }

    /// A candidate that nothing but an absolute demand could refuse.
    fn proven() -> CandidateFacts {
        let seen = measured(0.80, 40.0, 200);
        CandidateFacts {
            seen: Windows { day: seen, week: seen },
            expected_cost: Some(40.0),
            samples: 1_000,
            variance: Some(0.1),
            confidence: Some(0.99),
            validated: true,
            shadowed: true,
        }
    }

    fn baseline() -> BaselineFacts {
        let seen = measured(0.80, 100.0, 200);
        BaselineFacts { seen: Windows { day: seen, week: seen }, expected_cost: Some(100.0) }
    }

    fn bound(value: f64, window: Window) -> Option<Bound> {
        Some(Bound { value, window })
    }

    fn all() -> Optimization {
        Optimization {
            max_regression: bound(0.05, Window::Day),
            max_cost_increase: bound(0.10, Window::Week),
            confidence_threshold: Some(0.9),
            min_samples_before_promotion: Some(1_000),
            max_outcome_variance: Some(0.1),
            max_cost_drop_without_validation: Some(0.5),
            require_shadow_before_live: Some(true),
            quality_floor: Some(0.95),
        }
    }

    #[test]
    fn each_constraint_refuses_what_it_is_about_and_nothing_else() {
        use FilterReason as R;
        let worse = |day: Measured, week: Measured| Windows { day, week };
        let fine = measured(0.80, 40.0, 200);
        let cases: Vec<(&str, CandidateFacts, Option<R>)> = vec![
            ("nothing is wrong", proven(), None),
            ("never shadowed", CandidateFacts { shadowed: false, ..proven() }, Some(R::ConstraintShadowRequired)),
            ("exactly at the bound", CandidateFacts { seen: worse(measured(0.76, 40.0, 20), fine), ..proven() }, None),
            (
                "below it",
                CandidateFacts { seen: worse(measured(0.759, 40.0, 20), fine), ..proven() },
                Some(R::ConstraintMaxRegression),
            ),
            (
                "below it, on too little",
                CandidateFacts { seen: worse(measured(0.1, 40.0, 19), fine), ..proven() },
                None,
            ),
            (
                "below it in the other window",
                CandidateFacts { seen: worse(fine, measured(0.1, 40.0, 200)), ..proven() },
                None,
            ),
            (
                "dearer",
                CandidateFacts { seen: worse(fine, measured(0.80, 110.1, 200)), ..proven() },
                Some(R::ConstraintMaxCostIncrease),
            ),
            (
                "dearer by as much as allowed",
                CandidateFacts { seen: worse(fine, measured(0.80, 110.0, 200)), ..proven() },
                None,
            ),
            ("too few", CandidateFacts { samples: 999, ..proven() }, Some(R::ConstraintMinSamples)),
            (
                "not sure enough",
                CandidateFacts { confidence: Some(0.89), ..proven() },
                Some(R::ConstraintConfidenceThreshold),
            ),
            (
                "of unknown confidence",
                CandidateFacts { confidence: None, ..proven() },
                Some(R::ConstraintConfidenceThreshold),
            ),
            ("it varies", CandidateFacts { variance: Some(0.11), ..proven() }, Some(R::ConstraintMaxOutcomeVariance)),
            (
                "unvalidated, cheaper by 60 %",
                CandidateFacts { validated: false, ..proven() },
                Some(R::ConstraintUnvalidatedCostDrop),
            ),
            (
                "unvalidated, cheaper by 50 %",
                CandidateFacts { validated: false, seen: worse(fine, measured(0.80, 50.0, 200)), ..proven() },
                None,
            ),
        ];
        for (what, candidate, expected) in cases {
            assert_eq!(refusal(&all(), &candidate, &baseline()), expected, "{what}");
            assert_eq!(refusal(&Optimization::default(), &candidate, &baseline()), None, "nothing set: {what}");
        }
    }

    #[test]
    fn what_forbids_a_try_is_told_first() {
        let doubtful = CandidateFacts { shadowed: false, samples: 0, confidence: None, ..proven() };
        let reason = refusal(&all(), &doubtful, &baseline()).unwrap();
        assert_eq!((reason, may_explore(reason)), (FilterReason::ConstraintShadowRequired, false));
        let fresh = CandidateFacts { samples: 0, confidence: None, validated: false, ..proven() };
        let reason = refusal(&all(), &fresh, &baseline()).unwrap();
        assert_eq!((reason, may_explore(reason)), (FilterReason::ConstraintMinSamples, true));
        for reason in
            [FilterReason::ConstraintMaxRegression, FilterReason::ConstraintMaxCostIncrease, FilterReason::CircuitOpen]
        {
            assert!(!may_explore(reason), "{reason:?}");
        }
    }

    #[test]
    fn costs_that_nobody_has_seen_are_expected_ones_and_unknown_ones_refuse() {
        let limits = Optimization { max_cost_increase: bound(0.10, Window::Day), ..Optimization::default() };
        let unseen = CandidateFacts { expected_cost: Some(111.0), ..CandidateFacts::default() };
        let default = BaselineFacts { expected_cost: Some(100.0), ..BaselineFacts::default() };
        assert_eq!(refusal(&limits, &unseen, &default), Some(FilterReason::ConstraintMaxCostIncrease));
        let cheap = CandidateFacts { expected_cost: Some(90.0), ..unseen };
        assert_eq!(refusal(&limits, &cheap, &default), None);
        let unknown = CandidateFacts::default();
        assert_eq!(refusal(&limits, &unknown, &default), Some(FilterReason::ConstraintMaxCostIncrease));
        let free = BaselineFacts { expected_cost: Some(0.0), ..default };
        assert_eq!(refusal(&limits, &cheap, &free), Some(FilterReason::ConstraintMaxCostIncrease));
        assert_eq!(refusal(&limits, &CandidateFacts { expected_cost: Some(0.0), ..unseen }, &free), None);
    }
}
