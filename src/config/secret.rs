//! References to secrets: `env:NAME` and `file:PATH`. A secret itself is never written in the configuration,
//! and nothing here repeats what was written.

use super::leaf;
use super::report::{Complaint, Field, Report};
use super::sources::{Environment, read_limited};
use super::tree::Value;
use crate::base::{Secret, limits};
use std::path::PathBuf;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    /// In an environment variable.
    Environment(String),
    /// In a file, but for the line break at its end.
    File(PathBuf),
}

/// Reads `env:NAME` or `file:PATH`.
pub(super) fn reference(value: &Value) -> Result<Reference, Complaint> {
    let text = leaf::text(value).map_err(Complaint::hidden)?;
    if let Some(name) = text.strip_prefix("env:") {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(good) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Complaint::new("names no environment variable after env:").hidden());
        }
        return Ok(Reference::Environment(name.to_owned()));
    }
    match text.strip_prefix("file:") {
        Some("") => Err(Complaint::new("names no file after file:").hidden()),
        Some(path) => Ok(Reference::File(PathBuf::from(path))),
        None => Err(Complaint::new(
            "is not a reference: secrets never stand in the configuration; write \"env:NAME\" or \"file:PATH\"",
        )
        .hidden()),
    }
}

/// Reads the secret that a field refers to.
pub(super) fn fetch(reference: &Field<Reference>, environment: &Environment, report: &mut Report) -> Option<Secret> {
    let checked =
        read(reference, environment, report).and_then(|text| match text.chars().find(|c| !c.is_ascii_graphic()) {
            None if text.is_empty() => Err(String::from("the secret is empty")),
            None => Ok(Secret::new(text)),
            Some(_) => Err(String::from("the secret holds a space, a line break or a letter that no key has")),
        });
    given(checked, reference, report)
}

/// Reads the document of secrets that a field refers to.
pub(super) fn document(reference: &Field<Reference>, environment: &Environment, report: &mut Report) -> Option<Secret> {
    let read = read(reference, environment, report).map(Secret::new);
    given(read, reference, report)
}

fn given(read: Result<Secret, String>, reference: &Field<Reference>, report: &mut Report) -> Option<Secret> {
    match read {
        Ok(secret) => Some(secret),
        Err(reason) => {
            report.refuse(reference, Complaint::new(reason).hidden());
            None
        }
    }
}

fn read(reference: &Field<Reference>, environment: &Environment, report: &mut Report) -> Result<String, String> {
    match &reference.value {
        Reference::Environment(name) => match environment.get(name) {
            Some(text) => Ok(text.to_owned()),
            None if environment.has(name) => Err(format!("the environment variable {name} is not UTF-8 text")),
            None => Err(format!("the environment variable {name} is not set")),
        },
        Reference::File(path) => {
            report.files.push(path.clone());
            read_limited(path, limits::MAX_SECRET_FILE)
                .and_then(|bytes| String::from_utf8(bytes).map_err(|_| String::from("is not UTF-8 text")))
                .map_err(|reason| format!("the file {} {reason}", path.display()))
                .map(|text| text.trim_end_matches(['\n', '\r']).to_owned())
        }
    }
}
