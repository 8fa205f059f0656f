//! Proving an export whole: the file alone, line by line, in constant memory.
//!
//! The trailer's checksum covers every byte before it, so any change shows. A row of JSONL also holds its record as it
//! was chained: the record must have the hash that the row names, must lead from the row before where nothing stands
//! between the two in the chain, and must be what the row's other keys were made from. So a forger who also writes the
//! trailer anew still cannot change a record; to leave rows out without a trace they would have to forge the trailer's
//! `chain_head` too, which the server can be asked for.

use super::chain::{self, Kind, hex};
use crate::base::limits::MAX_EXPORT_LINE;
use crate::resource::export::{Link, Trailer, read_line, write_head};
use crate::resource::facts::Facts;
use sha2::{Digest, Sha256};
use std::io::{self, BufRead, Read};

/// What an export turned out to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// Rows looked at.
    pub rows: u64,
    /// Bytes before the trailer.
    pub bytes: u64,
    /// The trailer.
    pub trailer: Option<Trailer>,
    /// The first thing that is wrong: a line, from 1, and what it is.
    pub broken: Option<(u64, String)>,
}

impl Proof {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.broken.is_none()
    }
}

/// Reads an export to its end.
///
/// # Errors
/// It cannot be read.
pub fn prove(mut export: impl BufRead) -> io::Result<Proof> {
    let (mut proof, mut hasher) = (Proof::default(), Sha256::new());
    let (mut line, mut number, mut before) = (Vec::new(), 0_u64, None);
    let is_csv = export.fill_buf()?.first().is_some_and(|byte| *byte != b'{');
    loop {
        line.clear();
        number += 1;
        let read = export.by_ref().take(MAX_EXPORT_LINE).read_until(b'\n', &mut line)?;
        let wrong = match (read, &proof.trailer) {
            (0, None) => Some("the trailer is missing: the export was cut".to_owned()),
            (0, Some(trailer)) => summed(&proof, trailer, hasher.clone()),
            (_, Some(_)) => Some("something stands behind the trailer".to_owned()),
            (_, None) if line.last() != Some(&b'\n') => Some("the last line is cut, or too long".to_owned()),
            (_, None) => match Trailer::read(&line, is_csv) {
                Some(Ok(found)) => {
                    proof.trailer = Some(found);
                    None
                }
                Some(Err(error)) => Some(error.to_string()),
                None => {
                    hasher.update(&line);
                    proof.bytes += line.len() as u64;
                    let is_head = is_csv && number == 1;
                    proof.rows += u64::from(!is_head);
                    if is_csv { None } else { row(&line, &mut before).err() }
                }
            },
        };
        if let Some(what) = wrong {
            proof.broken = Some((number, what));
        }
        if read == 0 || proof.broken.is_some() {
            return Ok(proof);
        }
    }
}

/// What is wrong with the sums.
fn summed(proof: &Proof, trailer: &Trailer, hasher: Sha256) -> Option<String> {
    let sums = (trailer.rows_emitted, trailer.row_count, trailer.byte_count);
    if sums != (proof.rows, proof.rows, proof.bytes) {
        let said = format!("{} rows and {} bytes", trailer.row_count, trailer.byte_count);
        return Some(format!("there are {} rows and {} bytes where the trailer says {said}", proof.rows, proof.bytes));
    }
    if hex(&hasher.finalize()) != trailer.checksum_sha256 {
        return Some("the bytes do not have the trailer's checksum".to_owned());
    }
    if trailer.truncated || trailer.outcome != "completed" || !trailer.trailer || !trailer.is_floopy {
        return Some("the trailer says that the export is not complete".to_owned());
    }
    None
}

/// Checks one row of JSONL by itself, and against the one before.
fn row(line: &[u8], before: &mut Option<Link>) -> Result<(), String> {
    let (link, record) = read_line(line).ok_or("the row cannot be read")?;
    let previous = bytes(&link.previous_sha256).ok_or("the row's hashes cannot be read")?;
    if hex(&chain::hash(&previous, link.sequence, Kind::Decision, &record)) != link.sha256 {
        return Err("the record does not have its hash".to_owned());
    }
    let facts = Facts::read(&record).map_err(|_| "the record cannot be read")?;
    let mut head = Vec::new();
    write_head(&mut head, &facts);
    if !line.starts_with(&head) {
        return Err("the row says something else than its record".to_owned());
    }
    if let Some(before) = before.replace(link.clone())
        && (before.sequence == link.sequence
            || (before.sequence + 1 == link.sequence && before.sha256 != link.previous_sha256))
    {
        return Err("the record does not follow the one before".to_owned());
    }
    Ok(())
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
