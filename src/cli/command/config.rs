//! `floopy config`: writing, checking and showing the configuration.

use crate::cli::args::Sources;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Format, Printer};
use crate::cli::sources;
use clap::{Args, Subcommand};
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Write a commented configuration file
    Init(InitArgs),
    /// Check the configuration; every mistake is shown at once (exit code 64)
    Check(Sources),
    /// Show the settings in force
    Show(ShowArgs),
}

#[derive(Debug, Args)]
struct InitArgs {
    /// Where to write it; - for stdout
    #[arg(default_value = "floopy.toml")]
    path: PathBuf,
    /// Replace a file that exists
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// Say where each value comes from
    #[arg(long)]
    origin: bool,
    #[command(flatten)]
    sources: Sources,
}

pub(crate) fn run(args: &ConfigArgs) -> Result<(), Failure> {
    match &args.command {
        ConfigCommand::Init(init_args) => init(init_args),
        ConfigCommand::Check(from) => check(from),
        ConfigCommand::Show(show_args) => show(show_args),
    }
}

fn check(from: &Sources) -> Result<(), Failure> {
    let warnings = crate::config::check(&sources::sources(from))?;
    let mut printer = Printer::stdout(Format::Human);
    for warning in &warnings {
        printer.hint(&format!("warning: {warning}"));
    }
    printer.text("the configuration is right\n")?;
    Ok(())
}

fn show(args: &ShowArgs) -> Result<(), Failure> {
    let loaded = sources::load(&sources::sources(&args.sources))?;
    let mut printer = Printer::stdout(Format::Human);
    if loaded.source.is_none() {
        printer.hint("no configuration file: these are the defaults, the environment and the flags");
    }
    printer.text(&crate::config::show(&loaded, args.origin))?;
    Ok(())
}

fn init(args: &InitArgs) -> Result<(), Failure> {
    let text = crate::config::init_text();
    let mut printer = Printer::stdout(Format::Human);
    if args.path.as_os_str() == "-" {
        printer.text(&text)?;
        return Ok(());
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    let opened =
        if args.force { options.create(true).truncate(true) } else { options.create_new(true) }.open(&args.path);
    let path = args.path.display();
    let fail = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::new(Exit::Failed, format!("{path} exists")).hint("--force replaces it, `-` writes to stdout")
        }
        _ => Failure::new(Exit::Failed, format!("{path} cannot be written: {error}")),
    };
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(fail)?;
    printer.hint(&format!("wrote {path}: free the lines that you need, then run `floopy config check`"));
    Ok(())
}
