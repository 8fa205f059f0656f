//! The columns of each kind of report.

use crate::cli::output::{Field, Kind};

pub(super) const COMPARED: &[Field] = &[
    Field::shown("data", "/data", Kind::Text),
    Field::shown("policy", "/policy", Kind::Text),
    Field::shown("quality_ratio", "/quality_ratio", Kind::Decimal(3)),
    Field::shown("saved_pct", "/saved_pct", Kind::Decimal(1)),
    Field::shown("windows_broken_sure_pct", "/windows_broken_sure_pct", Kind::Decimal(1)),
    Field::wide("quality_ratio_last_third", "/quality_ratio_last_third", Kind::Decimal(3)),
    Field::wide("saved_pct_last_third", "/saved_pct_last_third", Kind::Decimal(1)),
    Field::wide("converge_steps_median", "/converge_steps_median", Kind::Decimal(0)),
    Field::wide("recovery_steps_median", "/recovery_steps_median", Kind::Decimal(0)),
    Field::wide("recovery_steps_p90", "/recovery_steps_p90", Kind::Decimal(0)),
    Field::wide("regret_vs_best_fixed", "/regret_vs_best_fixed", Kind::Decimal(0)),
    Field::detail("feedback", "/feedback", Kind::Text),
    Field::detail("drift", "/drift", Kind::Text),
    Field::detail("arms", "/arms", Kind::Count),
    Field::detail("items", "/items", Kind::Count),
    Field::detail("seeds", "/seeds", Kind::Count),
    Field::detail("horizon", "/horizon", Kind::Count),
    Field::detail("floor", "/floor", Kind::Text),
    Field::detail("quality_ratio_ci", "/quality_ratio_ci", Kind::Decimal(4)),
    Field::detail("saved_pct_ci", "/saved_pct_ci", Kind::Decimal(2)),
    Field::detail("windows_broken_raw_pct", "/windows_broken_raw_pct", Kind::Decimal(1)),
    Field::detail("converge_share", "/converge_share", Kind::Decimal(2)),
    Field::detail("quality_ratio_second_half", "/quality_ratio_second_half", Kind::Decimal(3)),
    Field::detail("saved_pct_second_half", "/saved_pct_second_half", Kind::Decimal(1)),
    Field::detail("single_saved_pct", "/single_saved_pct", Kind::Decimal(1)),
    Field::detail("mix_saved_pct", "/mix_saved_pct", Kind::Decimal(1)),
    Field::detail("ridge_saved_pct", "/ridge_saved_pct", Kind::Decimal(1)),
    Field::detail("gap_share_last_third", "/gap_share_last_third", Kind::Decimal(2)),
    Field::detail("saving_interval_coverage_pct", "/saving_interval_coverage_pct", Kind::Decimal(1)),
    Field::detail("decide_us_p50", "/decide_us_p50", Kind::Decimal(1)),
];

pub(super) const CANARY: &[Field] = &[
    Field::shown("data", "/data", Kind::Text),
    Field::shown("canary", "/canary", Kind::Text),
    Field::shown("true_ratio", "/true_ratio", Kind::Decimal(3)),
    Field::shown("rolled_back_pct", "/rolled_back_pct", Kind::Decimal(1)),
    Field::shown("promoted_pct", "/promoted_pct", Kind::Decimal(1)),
    Field::shown("undecided_pct", "/undecided_pct", Kind::Decimal(1)),
    Field::shown("rated_calls_median", "/rated_calls_median", Kind::Decimal(0)),
    Field::shown("rated_calls_p90", "/rated_calls_p90", Kind::Decimal(0)),
    Field::detail("runs", "/runs", Kind::Count),
];

pub(super) const MIXED: &[Field] = &[
    Field::shown("data", "/data", Kind::Text),
    Field::shown("policy", "/policy", Kind::Text),
    Field::shown("quality_ratio", "/quality_ratio", Kind::Decimal(3)),
    Field::shown("saved_pct", "/saved_pct", Kind::Decimal(1)),
    Field::shown("regret_vs_best_fixed", "/regret_vs_best_fixed", Kind::Decimal(1)),
    Field::shown("regret_vs_best_fixed_ci", "/regret_vs_best_fixed_ci", Kind::Decimal(1)),
    Field::shown("gap_error", "/gap_error", Kind::Decimal(3)),
    Field::shown("mixed_pct", "/mixed_pct", Kind::Decimal(0)),
    Field::detail("seeds", "/seeds", Kind::Count),
    Field::detail("horizon", "/horizon", Kind::Count),
];

pub(super) const JUDGED: &[Field] = &[
    Field::shown("policy", "/policy", Kind::Text),
    Field::shown("measure", "/measure", Kind::Text),
    Field::shown("verdict", "/verdict", Kind::Text),
    Field::shown("snips", "/value/snips", Kind::Decimal(4)),
    Field::shown("snips_ci", "/value/snips_ci", Kind::Decimal(4)),
    Field::shown("dr", "/value/dr", Kind::Decimal(4)),
    Field::shown("dr_ci", "/value/dr_ci", Kind::Decimal(4)),
    Field::shown("ess", "/ess", Kind::Decimal(0)),
    Field::shown("samples", "/samples", Kind::Count),
];
