//! The tables. Numbers of orgs stand for their names; sequences are positions in an org's chain.

use redb::TableDefinition;

/// Format of the file: raised with every change that an older release could not read.
pub(super) const FORMAT: u32 = 5;

/// Facts about the file itself.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Org → its number.
pub(super) const ORGS: TableDefinition<'_, &str, u32> = TableDefinition::new("orgs");
/// (org, sequence) → entry: the truth.
pub(super) const LOG: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("log");
/// Org → (sequence, hash) of its last entry.
pub(super) const HEADS: TableDefinition<'_, u32, (u64, [u8; 32])> = TableDefinition::new("heads");
/// Request → (org, sequence).
pub(super) const BY_REQUEST: TableDefinition<'_, [u8; 16], (u32, u64)> = TableDefinition::new("by_request");
/// (org, created, sequence): decisions in order of their requests.
pub(super) const BY_TIME: TableDefinition<'_, (u32, i64, u64), ()> = TableDefinition::new("by_time");
/// (org, session, sequence): decisions of a session.
pub(super) const BY_SESSION: TableDefinition<'_, (u32, &str, u64), ()> = TableDefinition::new("by_session");
/// (org, session) → summary.
pub(super) const SESSIONS: TableDefinition<'_, (u32, &str), &[u8]> = TableDefinition::new("sessions");
/// (org, first seen, session).
pub(super) const SESSIONS_BY_TIME: TableDefinition<'_, (u32, i64, &str), ()> = TableDefinition::new("sessions_by_time");
/// (org, completion id) → request.
pub(super) const COMPLETIONS: TableDefinition<'_, (u32, &str), [u8; 16]> = TableDefinition::new("completions");
/// (org, sequence) → scrubbed bodies.
pub(super) const BODIES: TableDefinition<'_, (u32, u64), &[u8]> = TableDefinition::new("bodies");
/// (org, target) → feedback; the target is `s:` and a session, or `r:` and a request.
pub(super) const FEEDBACK: TableDefinition<'_, (u32, &str), &[u8]> = TableDefinition::new("feedback");
/// (org, request) → rating.
pub(super) const RATINGS: TableDefinition<'_, (u32, [u8; 16]), &[u8]> = TableDefinition::new("ratings");
/// Key id → record.
pub(super) const KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("keys");
/// (org, route): routes that are put back to their default model.
pub(super) const PINS: TableDefinition<'_, (&str, &str), ()> = TableDefinition::new("pins");
/// (org, request) → the entry with what the judge made of it.
pub(super) const JUDGED: TableDefinition<'_, (u32, [u8; 16]), u64> = TableDefinition::new("judged");
/// Org → its constraints.
pub(super) const CONSTRAINTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("constraints");
/// Org → its word on pooled priors.
pub(super) const PRIORS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("priors");
/// Org → (format, sequence, bytes): what was made of the log up to there. Not part of the truth.
pub(super) const CHECKPOINTS: TableDefinition<'_, u32, (u32, u64, &[u8])> = TableDefinition::new("checkpoints");
/// Org → (sequence, hash) of the last entry that retention has removed from the beginning of its chain.
pub(super) const ANCHORS: TableDefinition<'_, u32, (u64, [u8; 32])> = TableDefinition::new("anchors");
/// (org, experiment) → the experiment as it stands.
pub(super) const EXPERIMENTS: TableDefinition<'_, (u32, &str), &[u8]> = TableDefinition::new("experiments");
/// (org, file) → the file, without its content.
pub(super) const FILES: TableDefinition<'_, (u32, &str), &[u8]> = TableDefinition::new("files");
/// (org, batch) → the batch as it stands.
pub(super) const BATCHES: TableDefinition<'_, (u32, &str), &[u8]> = TableDefinition::new("batches");
/// (org, batch): batches that have not ended.
pub(super) const UNFINISHED: TableDefinition<'_, (u32, &str), ()> = TableDefinition::new("unfinished_batches");
/// (org, hour since the epoch, key) → (micro-USD, tokens) of the decisions that began in it; a call without a key has the
/// empty one.
pub(super) const SPENT: TableDefinition<'_, (u32, i64, &str), (i64, u64)> = TableDefinition::new("spent");
/// (org, dataset) → the dataset, without its rows.
pub(super) const DATASETS: TableDefinition<'_, (u32, &str), &[u8]> = TableDefinition::new("datasets");
/// (org, evaluation) → the evaluation as it stands.
pub(super) const EVALUATIONS: TableDefinition<'_, (u32, &str), &[u8]> = TableDefinition::new("evaluations");
/// (org, evaluation): evaluations whose results are not closed.
pub(super) const OPEN_EVALUATIONS: TableDefinition<'_, (u32, &str), ()> = TableDefinition::new("open_evaluations");
/// (org, key) → the session of its last decision; a call without a key has the empty one.
pub(super) const LATEST: TableDefinition<'_, (u32, &str), &str> = TableDefinition::new("latest");
