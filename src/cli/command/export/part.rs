//! What an export that was cut has left: whole rows up to some decision.

use crate::base::limits::MAX_EXPORT_LINE;
use crate::cli::exit::{Exit, Failure};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// The whole rows of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    /// Its last decision; `None` where there is none.
    pub(super) last: Option<String>,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) hasher: Sha256,
    /// Whether a pooled prior had a part in any of them.
    pub(super) influenced: bool,
}

#[derive(Deserialize)]
struct Row {
    request_id: String,
    used_shared_pool_prior: bool,
}

/// What the row says of itself.
fn row(line: &[u8], is_csv: bool) -> Option<Row> {
    if !is_csv {
        return serde_json::from_slice(line).ok();
    }
    let text = std::str::from_utf8(line).ok()?;
    let request_id = text.split(',').next()?.to_owned();
    // No text of a row stands for this: texts with a comma are quoted, and these words are not asked for inside them.
    Some(Row { request_id, used_shared_pool_prior: text.contains(",shared_prior_capped,true,") })
}

impl Part {
    /// Reads what a file holds and cuts off what is no whole row. No file counts as an empty one.
    pub(super) fn of(path: &Path, is_csv: bool) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(Exit::Failed, format!("{}: {error}", path.display()));
        let mut part = Self::default();
        if !path.exists() {
            return Ok(part);
        }
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        let mut lines = BufReader::new(&file);
        let mut line = Vec::new();
        let mut is_head = is_csv;
        loop {
            line.clear();
            lines.by_ref().take(MAX_EXPORT_LINE).read_until(b'\n', &mut line).map_err(failed)?;
            if line.last() != Some(&b'\n') {
                break;
            }
            if !is_head {
                let Some(row) = row(&line, is_csv) else { break };
                part.rows += 1;
                part.influenced |= row.used_shared_pool_prior;
                part.last = Some(row.request_id);
            }
            is_head = false;
            part.bytes += line.len() as u64;
            part.hasher.update(&line);
        }
        if part.last.is_none() {
            part = Self::default();
        }
        file.set_len(part.bytes).map_err(failed)?;
        Ok(part)
    }
}
