//! What of evaluations, results and datasets is shown.

use crate::cli::output::{Field, Kind};

pub(super) const RUN: &[Field] = &[
    Field::shown("created_at", "/created_at", Kind::Time),
    Field::shown("id", "/id", Kind::Text),
    Field::shown("status", "/status", Kind::Text),
    Field::shown("model", "/model", Kind::Long),
    Field::shown("rows", "/totals/rows", Kind::Count),
    Field::shown("done", "/totals/done", Kind::Count),
    Field::shown("failed", "/totals/failed", Kind::Count),
    Field::shown("mean_score", "/totals/mean_score", Kind::Decimal(3)),
    Field::wide("dataset_id", "/dataset_id", Kind::Text),
    Field::wide("cost_micro_usd", "/totals/cost_micro_usd", Kind::Money),
    Field::detail("scored", "/totals/scored", Kind::Count),
    Field::detail("started_at", "/started_at", Kind::Time),
    Field::detail("finished_at", "/finished_at", Kind::Time),
    Field::detail("error", "/error/message", Kind::Text),
];

pub(super) const RESULT: &[Field] = &[
    Field::shown("input_id", "/input_id", Kind::Long),
    Field::shown("score", "/score", Kind::Decimal(3)),
    Field::shown("scored_by", "/metadata/scored_by", Kind::Text),
    Field::shown("match", "/metadata/comparison/match", Kind::Text),
    Field::shown("model", "/metadata/model", Kind::Long),
    Field::shown("cost_micro_usd", "/metadata/cost_micro_usd", Kind::Money),
    Field::shown("latency_ms", "/metadata/latency_ms", Kind::Millis),
    Field::shown("error", "/metadata/error/code", Kind::Text),
    Field::shown("output", "/output", Kind::Long),
    Field::wide("request_id", "/metadata/request_id", Kind::Text),
    Field::detail("id", "/id", Kind::Text),
];

pub(super) const DATASET: &[Field] = &[
    Field::shown("created_at", "/created_at", Kind::Time),
    Field::shown("id", "/id", Kind::Text),
    Field::shown("name", "/name", Kind::Long),
    Field::shown("rows", "/rows", Kind::Count),
    Field::shown("bytes", "/bytes", Kind::Count),
    Field::wide("expires_at", "/expires_at", Kind::Time),
];

pub(super) const DELETED: &[Field] =
    &[Field::shown("id", "/id", Kind::Text), Field::shown("deleted", "/deleted", Kind::Text)];
