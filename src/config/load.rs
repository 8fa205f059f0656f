//! From the sources to the settings.

use super::discovery::Discovery;
use super::error::{ConfigErrors, Problem};
use super::layers;
use super::raw::RawConfig;
use super::report::{Complaint, Report, Setting};
use super::resolve::resolve;
use super::settings::Config;
use super::source::Source;
use super::sources::{self, Sources};
use super::tree::{Place, Table};
use std::fmt::Write as _;
use std::path::PathBuf;

/// A configuration and the story of how it came to be.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Every setting with the place that it comes from, in the order of the documentation.
    pub origins: Vec<Setting>,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Problem>,
    /// The file that was read.
    pub source: Option<PathBuf>,
    /// Files whose change means a reload: the configuration and the secrets that it names.
    pub files: Vec<PathBuf>,
    /// What the environment held, where no provider is configured.
    pub discovery: Option<Discovery>,
}

/// Reads, layers, checks and resolves.
///
/// # Errors
/// Every mistake at once, in the order of the file.
pub fn load(from: &Sources) -> Result<Loaded, ConfigErrors> {
    let source = from.find();
    let mut report = Report::default();
    let mut table = Table::default();
    if let Some(path) = &source {
        report.files.push(path.clone());
        let text = sources::read(path)?;
        table = parse(Source::new(path.display().to_string(), text), &mut report);
    }
    finish(from, source, table, report)
}

fn parse(source: Source, report: &mut Report) -> Table {
    let (table, faults) = source.parse();
    report.source = Some(source);
    report.torn = !faults.is_empty();
    for fault in faults {
        // The text is not shown: it may be an unquoted secret.
        report.problem(&Place::File(fault.span), "", Complaint::new(format!("no TOML: {}", fault.reason)).hidden());
    }
    table
}

fn finish(
    from: &Sources,
    source: Option<PathBuf>,
    mut table: Table,
    mut report: Report,
) -> Result<Loaded, ConfigErrors> {
    layers::lay(from, &mut table, &mut report);
    let raw = RawConfig::read(table, &mut report);
    layers::warn_of_strays(from, &mut report);
    // What a reference means cannot be said while a part of the text is missing.
    let resolved = if report.torn { None } else { Some(resolve(raw, &from.environment, &mut report)) };
    report.problems.sort();
    report.problems.dedup();
    match resolved {
        Some((config, discovery)) if report.problems.is_empty() => Ok(Loaded {
            config,
            origins: report.settings,
            warnings: report.warnings,
            source,
            files: report.files,
            discovery,
        }),
        _ => Err(ConfigErrors(report.problems)),
    }
}

/// The warnings of a configuration that is right.
///
/// # Errors
/// Every mistake at once.
pub fn check(from: &Sources) -> Result<Vec<Problem>, ConfigErrors> {
    load(from).map(|loaded| loaded.warnings)
}

/// The settings in force as lines of `key = value`, with the origin of each where asked for.
#[must_use]
pub fn show(loaded: &Loaded, origin: bool) -> String {
    let mut text = String::new();
    for Setting { key, value, origin: from } in &loaded.origins {
        let written =
            if origin { writeln!(text, "{key} = {value}  # {from}") } else { writeln!(text, "{key} = {value}") };
        written.expect("a string takes any text");
    }
    text
}
