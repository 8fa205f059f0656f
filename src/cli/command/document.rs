//! A JSON document from a file or from stdin.

use crate::cli::exit::{Exit, Failure};
use serde_json::{Map, Value};
use std::io::Read;

/// Longest document that is read: more than the server takes.
const LONGEST: u64 = 1 << 20;

/// The object in a file; `-` is stdin.
pub(super) fn read(path: &str) -> Result<Map<String, Value>, Failure> {
    let cannot = |error: std::io::Error| Failure::new(Exit::Usage, format!("cannot read {path}: {error}"));
    let mut text = String::new();
    if path == "-" {
        std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).map_err(cannot)?;
    } else {
        let file = std::fs::File::open(path).map_err(cannot)?;
        file.take(LONGEST).read_to_string(&mut text).map_err(cannot)?;
    }
    match serde_json::from_str(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Failure::new(Exit::Usage, format!("{path} holds no JSON object"))),
        Err(error) => Err(Failure::new(Exit::Usage, format!("{path} is no JSON: {error}"))),
    }
}
