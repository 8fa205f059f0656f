//! `/openapi.json`, made from the route table.

use super::endpoint::{Row, TABLE};
use serde_json::{Map, Value, json};

const FILE: &[&str] =
    &["id", "object", "bytes", "created_at", "expires_at", "filename", "purpose", "status", "status_details"];
const BATCH: &[&str] = &[
    "id",
    "object",
    "endpoint",
    "model",
    "errors",
    "input_file_id",
    "completion_window",
    "status",
    "output_file_id",
    "error_file_id",
    "created_at",
    "in_progress_at",
    "expires_at",
    "finalizing_at",
    "completed_at",
    "failed_at",
    "expired_at",
    "cancelling_at",
    "cancelled_at",
    "request_counts",
    "usage",
    "metadata",
];

const DATASET: &[&str] = &["id", "name", "rows", "bytes", "created_at", "expires_at"];
const EVALUATION: &[&str] = &[
    "id",
    "dataset_id",
    "model",
    "prompt_id",
    "status",
    "config",
    "created_at",
    "started_at",
    "finished_at",
    "totals",
    "error",
];

/// The keys of the resources that are ours; a test holds them against what is served.
const SCHEMAS: &[(&str, &[&str])] = &[
    ("Receipt", &["duplicate", "session_id"]),
    ("DecisionPage", &["items", "next_cursor", "has_more"]),
    ("SessionPage", &["items", "next_cursor", "has_more"]),
    ("RoutePage", &["items", "next_cursor", "has_more"]),
    ("KeyPage", &["items", "next_cursor", "has_more"]),
    (
        "Decision",
        &[
            "request_id",
            "session_id",
            "request_created_at",
            "provider",
            "model",
            "status",
            "latency_ms",
            "cost_micro_usd",
            "cache_enabled",
            "threat",
            "decision_trace",
            "confidence",
            "confidence_reason",
            "explanation",
            "explanation_detail",
            "floopy_reason",
            "routing_strategy",
            "route",
            "routing_rule_id",
            "phase",
            "weights",
            "candidates",
            "filtered",
            "winner",
            "reason",
            "propensity",
            "exploration_rate_effective",
            "used_shared_pool_prior",
            "floor",
            "switch",
            "evidence",
            "complexity",
            "outcome",
            "scores",
            "credits",
            "batch_id",
            "evaluation_id",
            "chain",
            "trace_id",
            "timings",
        ],
    ),
    (
        "RequestLog",
        &[
            "request_id",
            "session_id",
            "created_at",
            "endpoint",
            "route",
            "provider",
            "model",
            "status",
            "trace_id",
            "request",
            "response",
            "latency_ms",
            "timings",
            "attempts",
        ],
    ),
    ("RestoredSession", &["session_id", "messages", "turn_count", "turns"]),
    (
        "Route",
        &[
            "id",
            "name",
            "strategy",
            "default_model",
            "candidates",
            "fallback",
            "quality_floor",
            "sticky",
            "pinned",
            "arms",
            "weights",
            "phase",
            "floor",
            "drift",
        ],
    ),
    (
        "Explanation",
        &[
            "dry_run",
            "would_select",
            "firewall_decision",
            "reasoning",
            "routing_rule_id",
            "strategy_id",
            "phase",
            "weights",
            "candidates",
            "filtered",
            "confidence",
            "confidence_reason",
            "explanation",
            "explanation_detail",
        ],
    ),
    (
        "Constraints",
        &[
            "cost_limit_monthly_usd",
            "token_window_seconds",
            "max_tokens_per_window",
            "max_requests_per_minute",
            "max_regression",
            "max_cost_increase",
            "confidence_threshold",
            "min_samples_before_promotion",
            "max_outcome_variance",
            "max_cost_drop_without_validation",
            "require_shadow_before_live",
            "quality_floor",
            "defaults",
        ],
    ),
    ("ExperimentPage", &["items", "next_cursor", "has_more"]),
    (
        "Experiment",
        &[
            "id",
            "name",
            "description",
            "type",
            "status",
            "route",
            "variant_a_routing_rule_id",
            "variant_b_routing_rule_id",
            "traffic_pct",
            "split_percentage",
            "baseline",
            "candidate",
            "auto_rollback",
            "auto_promote",
            "quality_floor",
            "created_at",
            "rolled_back_at",
            "completed_at",
            "steps",
        ],
    ),
    (
        "ExperimentResults",
        &[
            "experiment_id",
            "variant_a",
            "variant_b",
            "baseline",
            "candidate",
            "delta",
            "interval",
            "winner",
            "decided_by",
            "e_value",
            "e_values",
            "computed_at",
        ],
    ),
    ("Priors", &["pooling", "installation", "organization", "min_orgs", "contributed_cells", "cells"]),
    ("CreatedKey", &["id", "name", "org", "permissions", "secret", "created_at"]),
    ("Revoked", &["id", "revoked"]),
    ("Config", &["generation", "passthrough", "listen", "providers", "routes", "durability"]),
    ("Reloaded", &["generation", "notes"]),
    ("Savings", &["from", "to", "group_by", "rate", "total", "groups"]),
    ("Verified", &["route_id", "window", "status", "baseline", "floopy", "delta"]),
    ("Verification", &["whole", "orgs", "entries", "decisions", "broken"]),
    ("Health", &["status", "version"]),
    ("Ready", &["status", "checks"]),
    ("Models", &["object", "data"]),
    ("Model", &["id", "object", "created", "owned_by"]),
    ("Embeddings", &["object", "data", "model", "usage"]),
    ("File", FILE),
    ("FileList", &["object", "data", "has_more", "first_id", "last_id"]),
    ("DeletedFile", &["id", "object", "deleted"]),
    ("Batch", BATCH),
    ("CreatedDataset", DATASET),
    ("Dataset", DATASET),
    ("DatasetPage", &["items", "next_cursor", "has_more"]),
    ("DeletedDataset", &["id", "deleted"]),
    ("CreatedEvaluation", EVALUATION),
    ("Evaluation", EVALUATION),
    ("EvaluationPage", &["items", "next_cursor", "has_more"]),
    ("EvaluationResultPage", &["items", "next_cursor", "has_more"]),
    ("BatchList", &["object", "data", "has_more", "first_id", "last_id"]),
    ("Message", &["id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"]),
    ("TokenCount", &["input_tokens"]),
    ("InputTokens", &["object", "input_tokens"]),
    ("Response", &["id", "object", "created_at", "status", "model", "output", "usage", "error", "incomplete_details"]),
    ("ChatCompletion", &["id", "object", "created", "model", "choices", "usage"]),
];

fn operation(row: &Row) -> Value {
    let kind = match row.answer {
        "EventStream" => "text/event-stream",
        "Text" => "text/plain",
        "Rows" => "application/x-ndjson",
        "Content" => "application/octet-stream",
        _ => "application/json",
    };
    let schema = if SCHEMAS.iter().any(|(name, _)| *name == row.answer) {
        json!({"$ref": format!("#/components/schemas/{}", row.answer)})
    } else {
        json!({})
    };
    let parameters: Vec<Value> = row
        .path
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map(|(name, _)| json!({"name": name.trim_end_matches('*'), "in": "path", "required": true, "schema": {"type": "string"}}))
        .into_iter()
        .collect();
    let security = if row.operations { json!([]) } else { json!([{"bearer": []}]) };
    let status = if row.answer.starts_with("Created") { "201" } else { "200" };
    json!({
        "operationId": format!("{:?}", row.endpoint),
        "summary": row.summary,
        "parameters": parameters,
        "security": security,
        "responses": {
            status: {"description": "Done", "content": {kind: {"schema": schema}}},
            "default": {"description": "Not done", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
        },
    })
}

/// The whole description.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    for row in TABLE {
        let path = paths.entry(row.path.replace("*}", "}")).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(row.method.to_lowercase(), operation(row));
        }
    }
    let mut schemas: Map<String, Value> = SCHEMAS
        .iter()
        .map(|(name, keys)| {
            let properties: Map<String, Value> = keys.iter().map(|key| ((*key).to_owned(), json!({}))).collect();
            ((*name).to_owned(), json!({"type": "object", "required": keys, "properties": properties}))
        })
        .collect();
    let error = ["message", "type", "param", "code", "request_id"];
    schemas.insert(
        "Error".into(),
        json!({"type": "object", "required": ["error"], "properties": {"error": {"type": "object", "required": error,
            "properties": {"message": {"type": "string"}, "type": {"type": "string"}, "param": {"type": ["string", "null"]},
                "code": {"type": "string"}, "request_id": {"type": ["string", "null"]}, "feature": {"type": "string"}}}}}),
    );
    json!({
        "openapi": "3.1.0",
        "info": {"title": "floopy", "version": env!("CARGO_PKG_VERSION"), "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "A self-hosted agent optimization gateway. Endpoints of OpenAI's and of Anthropic's API take their requests unchanged."},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    })
}
