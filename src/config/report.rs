//! What reading finds: problems, warnings, and every setting with its origin.

use super::error::{Origin, Problem};
use super::source::Source;
use super::tree::Place;
use std::path::PathBuf;

/// Longest piece of offending text that is shown.
const LONGEST: usize = 80;

/// Beginnings of secrets that people put where they do not belong.
const SECRETS: &[&str] =
    &["sk-", "fl_", "gsk_", "xai-", "pplx-", "AKIA", "ASIA", "AIza", "eyJ", "ghp_", "hf_", "Bearer ", "-----BEGIN"];

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key, such as `server.listen`.
    pub key: String,
    /// The value as TOML; a secret's reference, never its value.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    reason: String,
    nearest: Option<String>,
    hidden: bool,
}

impl Complaint {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), nearest: None, hidden: false }
    }

    /// Names what was probably meant.
    pub(super) fn nearest(mut self, name: Option<impl Into<String>>) -> Self {
        self.nearest = name.map(Into::into);
        self
    }

    /// Adds to the reason.
    pub(super) fn also(mut self, more: &str) -> Self {
        self.reason.push_str(more);
        self
    }

    /// The value may be a secret: it is not shown.
    pub(super) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}

/// A value that was read, and its place.
#[derive(Debug, Clone)]
pub(super) struct Field<T> {
    pub(super) value: T,
    pub(super) place: Place,
    /// Its key, such as `route.auto.default_model`.
    pub(super) key: String,
}

/// Everything that is noted while a configuration is read.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) source: Option<Source>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    pub(super) settings: Vec<Setting>,
    /// Every key that would have been understood, for the nearest name of a variable.
    pub(super) known: Vec<String>,
    /// Files that were read.
    pub(super) files: Vec<PathBuf>,
    /// Parts of the text were no TOML, so that nothing can be said of what is missing.
    pub(super) torn: bool,
}

impl Report {
    /// Notes a mistake.
    pub(super) fn problem(&mut self, place: &Place, key: &str, complaint: Complaint) {
        let problem = self.describe(place, key, complaint);
        self.problems.push(problem);
    }

    /// Notes the mistake of a field.
    pub(super) fn refuse<T>(&mut self, field: &Field<T>, complaint: Complaint) {
        self.problem(&field.place, &field.key, complaint);
    }

    /// Notes that something is missing, unless the text is torn.
    pub(super) fn missing(&mut self, place: &Place, key: &str, reason: &str) {
        if !self.torn {
            self.problem(place, key, Complaint::new(reason).hidden());
        }
    }

    /// Notes something that is allowed but probably not meant.
    pub(super) fn warn(&mut self, place: &Place, key: &str, reason: impl Into<String>) {
        let warning = self.describe(place, key, Complaint::new(reason));
        self.warnings.push(warning);
    }

    fn describe(&self, place: &Place, key: &str, complaint: Complaint) -> Problem {
        let Complaint { reason, nearest, hidden } = complaint;
        let text = if hidden { None } else { self.text(place) };
        Problem { origin: place.origin(self.source.as_ref()), key: visible(key), text, reason, nearest }
    }

    /// The text at a place, shortened; none where it looks like a secret.
    fn text(&self, place: &Place) -> Option<String> {
        let Place::File(span) = place else { return None };
        let text = self.source.as_ref()?.text(span)?;
        if text.is_empty() || SECRETS.iter().any(|secret| text.contains(secret)) {
            return None;
        }
        let line = text.lines().next().unwrap_or("");
        let short: String = line.chars().take(LONGEST).collect();
        let cut = if short.len() < text.len() { "…" } else { "" };
        Some(short + cut)
    }

    /// Notes a setting in force.
    pub(super) fn setting(&mut self, key: &str, value: String, place: &Place) {
        let value = if SECRETS.iter().any(|secret| value.contains(secret)) { String::from("\"…\"") } else { value };
        let origin = place.origin(self.source.as_ref());
        self.settings.push(Setting { key: visible(key), value, origin });
    }
}

/// A key without characters that would do something to a terminal.
fn visible(key: &str) -> String {
    key.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
