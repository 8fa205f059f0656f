//! One line of an export: the stored record, byte for byte, behind the keys that are made from it.
//!
//! ```text
//! {<keys that are made from the record> <scores and credits> "chain":{…},<the record without its first brace>
//! ```
//!
//! A record is spliced in, never written anew: that is what makes an export fast, and what lets anybody compute the
//! record's hash from the line alone. [`Facts`] reads of a record only what the other keys need.

use super::assessment::{Credit, Scores};
use super::facts::Facts;
use crate::base::hex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::io::Write as _;

/// How a JSONL trailer begins.
const TRAILER: &[u8] = b"{\"trailer\":true,";
/// What stands before the trailer in CSV, where a line of JSON would be a row.
const CSV_TRAILER: &[u8] = b"#trailer ";
/// The value of the header `Floopy-Aggregation-Notice`.
pub const AGGREGATION_NOTICE: &str = "contains-shared-pool-influenced-decisions";

/// What the store knows of a decision beside its record.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beside {
    /// Scores of the answer, the judge's word in them.
    pub scores: Option<Scores>,
    /// What outcomes gave to it.
    pub credits: Vec<Credit>,
}

/// Where a record stands in its org's chain; hashes in hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its place.
    pub sequence: u64,
    /// The hash of the entry before it.
    pub previous_sha256: String,
    /// Its own hash.
    pub sha256: String,
}

/// The last line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// Always true.
    pub trailer: bool,
    /// Always true: for readers that look for this name.
    #[serde(rename = "_floopy_export_trailer")]
    pub is_floopy: bool,
    /// `completed` or `truncated`.
    pub outcome: String,
    /// Decisions before this line.
    pub rows_emitted: u64,
    /// The same.
    pub row_count: u64,
    /// Bytes before this line.
    pub byte_count: u64,
    /// Whether decisions are missing at the end.
    pub truncated: bool,
    /// Why.
    pub reason: Option<String>,
    /// SHA-256 of all bytes before this line, in hex.
    pub checksum_sha256: String,
    /// Hash of the last entry of the org's chain when the export ended, in hex.
    pub chain_head: Option<String>,
    /// Its place.
    pub chain_sequence: u64,
    /// Whether a prior pooled across orgs had a part in any of these decisions.
    pub aggregation_signal_present: bool,
    /// The last decision: an export goes on behind it with `cursor`.
    pub next_cursor: Option<String>,
    /// SHA-256 of this line's object with an empty text here, in hex: the trailer's own checksum.
    pub trailer_sha256: String,
}

impl Trailer {
    /// The trailer as a line of JSONL or CSV, with its own checksum.
    #[must_use]
    pub fn line(mut self, is_csv: bool) -> Vec<u8> {
        self.trailer_sha256 = self.own_checksum();
        let mut line = if is_csv { CSV_TRAILER.to_vec() } else { Vec::new() };
        json(&mut line, &self);
        line.push(b'\n');
        line
    }

    fn own_checksum(&self) -> String {
        let mut text = Vec::new();
        json(&mut text, &Self { trailer_sha256: String::new(), ..self.clone() });
        hex(&Sha256::digest(&text))
    }

    /// Reads a line. `None` where it is no trailer.
    ///
    /// # Errors
    /// It begins as one, and is not what we write.
    pub fn read(line: &[u8], is_csv: bool) -> Option<Result<Self, NotATrailer>> {
        let text = if is_csv { line.strip_prefix(CSV_TRAILER)? } else { line };
        if !text.starts_with(TRAILER) {
            return is_csv.then_some(Err(NotATrailer));
        }
        let read = serde_json::from_slice::<Self>(text).ok();
        let whole = read.filter(|read| read.trailer_sha256 == read.own_checksum());
        // Every byte of it counts.
        Some(whole.filter(|whole| whole.clone().line(is_csv) == line).ok_or(NotATrailer))
    }
}

/// The line is no trailer that we have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the trailer cannot be read, or was changed")]
pub struct NotATrailer;

fn json(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("resource shapes hold nothing that JSON cannot");
}

fn member(out: &mut Vec<u8>, key: &str, value: &impl Serialize) {
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    json(out, value);
    out.push(b',');
}

fn raw(out: &mut Vec<u8>, key: &str, value: Option<&RawValue>) {
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value.map_or("null", RawValue::get).as_bytes());
    out.push(b',');
}

/// The keys that the record alone determines: the beginning of its line.
pub fn write_head(out: &mut Vec<u8>, facts: &Facts<'_>) {
    let (target, known) = (facts.target(), &facts.assessment);
    out.push(b'{');
    member(out, "organization_id", &facts.org);
    member(out, "provider", &target.map(|target| &target.provider));
    member(out, "model", &target.map(|target| &target.model));
    member(out, "status", &facts.outcome.status);
    member(out, "latency_ms", &facts.outcome.latency_ms);
    member(out, "cost_micro_usd", &facts.outcome.cost_micro_usd);
    member(out, "cache_enabled", &false);
    member(out, "threat", &None::<&str>);
    member(out, "routing_rule_id", &facts.route);
    raw(out, "phase", known.phase);
    raw(out, "weights", known.weights);
    member(out, "confidence", &known.confidence);
    member(out, "confidence_reason", &facts.confidence_reason());
    member(out, "exploration_rate_effective", &known.exploration_rate);
    member(out, "used_shared_pool_prior", &known.used_shared_pool_prior);
    raw(out, "floor", known.floor);
    raw(out, "switch", known.switch);
    raw(out, "evidence", known.evidence);
}

/// The whole line of a record.
pub fn write_line(out: &mut Vec<u8>, facts: &Facts<'_>, beside: &Beside, link: &Link, record: &[u8]) {
    write_head(out, facts);
    member(out, "scores", &beside.scores);
    member(out, "credits", &beside.credits);
    member(out, "chain", link);
    out.extend_from_slice(record.get(1..).unwrap_or_default());
    out.push(b'\n');
}

/// Takes a line apart: its link, and its record. `None` where it is no line of ours.
#[must_use]
pub fn read_line(line: &[u8]) -> Option<(Link, Vec<u8>)> {
    // A quote inside a text is escaped, so no text can hold this.
    let key = b"\"chain\":";
    let start = memchr::memmem::find(line, key)? + key.len();
    let end = start + memchr::memchr(b'}', line.get(start..)?)? + 1;
    let link = serde_json::from_slice(line.get(start..end)?).ok()?;
    let rest = line.get(end..)?.strip_prefix(b",")?;
    Some((link, [b"{", rest.strip_suffix(b"\n").unwrap_or(rest)].concat()))
}

/// The columns of CSV.
pub const CSV_HEAD: &str = "request_id,session_id,organization_id,provider,model,status,latency_ms,cost_micro_usd,\
cache_enabled,threat,created_at,route,routing_strategy,floopy_reason,reason,choice,propensity,confidence,\
confidence_reason,used_shared_pool_prior,input_tokens,output_tokens,cached_input_tokens,baseline_cost_micro_usd,\
saved_micro_usd,cache_hit,threat_blocked,fallback_used,http_status,error_code,key_id,user_id,project_id,composite,\
sequence,previous_sha256,sha256\n";

/// One text in CSV: quoted where it must be (RFC 4180). What a spreadsheet would run as a formula gets an apostrophe.
fn text(out: &mut Vec<u8>, text: Option<&str>) {
    let text = text.unwrap_or_default();
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs || text.contains([',', '"', '\n', '\r', '#']) {
        out.push(b'"');
        if runs {
            out.push(b'\'');
        }
        out.extend_from_slice(text.replace('"', "\"\"").replace(['\n', '\r'], " ").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b',');
}

fn value(out: &mut Vec<u8>, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        write!(out, "{value}").expect("memory takes every byte");
    }
    out.push(b',');
}

/// A word of a closed set, as JSON names it.
fn word(out: &mut Vec<u8>, word: &impl Serialize) {
    let start = out.len() + 1;
    json(out, word);
    out.truncate(out.len().saturating_sub(1));
    out.remove(start - 1);
    out.push(b',');
}

/// The line of a record in CSV.
pub fn write_csv(out: &mut Vec<u8>, facts: &Facts<'_>, beside: &Beside, link: &Link) {
    let (target, known, outcome) = (facts.target(), &facts.assessment, &facts.outcome);
    value(out, Some(facts.request_id));
    text(out, Some(&facts.session_id));
    text(out, Some(&facts.org));
    text(out, target.map(|target| &*target.provider));
    text(out, target.map(|target| &*target.model));
    word(out, &outcome.status);
    value(out, Some(outcome.latency_ms));
    value(out, outcome.cost_micro_usd.map(|cost| cost.0));
    value(out, Some(false));
    text(out, None);
    text(out, Some(&facts.created_at));
    text(out, facts.route.as_deref());
    word(out, &facts.routing_strategy);
    text(out, Some(&facts.floopy_reason));
    word(out, &facts.reason);
    text(out, facts.trace.map(|chosen| chosen.why.as_str()));
    value(out, facts.propensity);
    value(out, known.confidence);
    word(out, &facts.confidence_reason());
    value(out, Some(known.used_shared_pool_prior));
    value(out, outcome.input_tokens);
    value(out, outcome.output_tokens);
    value(out, outcome.cached_input_tokens);
    value(out, outcome.baseline_cost_micro_usd.map(|cost| cost.0));
    value(out, outcome.saved_micro_usd.map(|cost| cost.0));
    value(out, Some(outcome.cache_hit));
    value(out, Some(outcome.threat_blocked));
    value(out, Some(outcome.fallback_used));
    value(out, Some(facts.http_status));
    text(out, facts.error_code.as_deref());
    text(out, facts.key_id.as_deref());
    text(out, facts.user_id.as_deref());
    text(out, facts.project_id.as_deref());
    value(out, beside.scores.map(|scores| scores.composite));
    value(out, Some(link.sequence));
    value(out, Some(&link.previous_sha256));
    out.extend_from_slice(link.sha256.as_bytes());
    out.push(b'\n');
}
