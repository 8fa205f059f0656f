//! All checks in order, and the verdict.

use super::finding::{Finding, Level};
use super::{folder, host, settings};
use crate::cli::args::{Output, Server};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Field, Format, Kind, Printer, Terminal, visible_lines};
use crate::cli::{connect, runtime, sources};
use crate::client::Error;
use crate::store;
use clap::Args;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// A server that takes longer to say how it is has a problem.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    output: Output,
}

/// How the server at the given address answers.
enum Running {
    /// It takes requests.
    Ready,
    /// It answers, but not well: why.
    Unwell(String),
    /// Nobody answers.
    Nobody,
}

pub(crate) fn run(args: &DoctorArgs) -> Result<(), Failure> {
    let findings = examine(&args.server)?;
    print(&findings, args.output.format)?;
    match findings.iter().filter(|finding| finding.level == Level::Fail).count() {
        0 => Ok(()),
        1 => Err(Failure::new(Exit::Failed, "one check failed")),
        count => Err(Failure::new(Exit::Failed, format!("{count} checks failed"))),
    }
}

fn examine(server: &Server) -> Result<Vec<Finding>, Failure> {
    let from = sources::sources(&server.sources);
    let running = runtime::command(ask(server))?;
    let mut all = vec![speak(&running, &server.url)];
    let data = sources::data_folder(&server.sources);
    match crate::config::load(&from) {
        Err(errors) => all.extend(errors.0.iter().map(|problem| {
            Finding::fail("configuration", problem.to_string(), "mend it; `floopy config check` checks it again")
        })),
        Ok(loaded) => {
            all.extend(settings::warnings(&loaded));
            all.extend(settings::providers(&loaded));
            all.extend(settings::exposure(&loaded.config));
            all.extend(loaded.config.server.tls.iter().flat_map(settings::tls));
            if matches!(running, Running::Nobody) {
                all.push(host::port(loaded.config.server.listen));
            }
        }
    }
    all.extend([folder::data(&data), folder::admin_key(&data)]);
    all.extend(kept(&data, &running));
    let last_write = std::fs::metadata(data.join(store::FILE)).and_then(|metadata| metadata.modified());
    all.extend([host::disk(&data), host::open_files(), host::clock(SystemTime::now(), last_write.ok())]);
    Ok(all)
}

async fn ask(server: &Server) -> Result<Running, Failure> {
    let client = connect::without_key(server)?.with_timeout(PATIENCE);
    Ok(match client.readyz().await {
        Ok(health) if health.is_well => Running::Ready,
        Ok(health) => Running::Unwell(format!("it answers, but is not ready: {}", health.status)),
        Err(Error::Unreachable { .. }) => Running::Nobody,
        Err(error) => Running::Unwell(error.to_string()),
    })
}

fn speak(running: &Running, url: &str) -> Finding {
    match running {
        Running::Ready => Finding::ok("server", format!("{url} takes requests")),
        Running::Nobody => Finding::ok("server", format!("none is running at {url}")),
        Running::Unwell(why) => Finding::fail("server", why.clone(), "see the server's log"),
    }
}

/// The store: the running server keeps it and knows; otherwise every entry is read.
fn kept(data: &Path, running: &Running) -> Option<Finding> {
    if !data.join(store::FILE).exists() {
        return None;
    }
    Some(match store::verify_folder(data) {
        Ok(report) if report.broken.is_none() => {
            Finding::ok("store", format!("whole: {} entries, {} decisions", report.entries, report.decisions))
        }
        Ok(_) => Finding::fail("store", "its chain is broken", "`floopy verify --store` says where; restore a backup"),
        Err(store::Error::Locked) if matches!(running, Running::Nobody) => Finding::warn(
            "store",
            "another process has it open, but no server answers at the address",
            "give the server's address with --url",
        ),
        Err(store::Error::Locked) => Finding::ok("store", "in use by the running server; `floopy verify` proves it"),
        Err(error) => Finding::fail("store", error.to_string(), "restore a backup, or move the file away"),
    })
}

fn print(findings: &[Finding], format: Format) -> Result<(), Failure> {
    let mut printer = Printer::stdout(format);
    if !printer.is_human() {
        let mut listing = printer.listing(FIELDS);
        listing.page(findings)?;
        return Ok(listing.end(None, None)?);
    }
    let terminal = Terminal::of_stdout();
    for finding in findings {
        let mark = match finding.level {
            Level::Ok => terminal.green("ok  "),
            Level::Warn => terminal.yellow("warn"),
            Level::Fail => terminal.red("fail"),
        };
        let advice = finding.advice.iter().map(|advice| format!("\n      {:<15}→ {advice}", ""));
        let found = visible_lines(&finding.found);
        printer.text(&format!("{mark}  {:<15}{found}{}\n", finding.check, advice.collect::<String>()))?;
    }
    Ok(())
}

const FIELDS: &[Field] = &[
    Field::shown("check", "/check", Kind::Text),
    Field::shown("level", "/level", Kind::Text),
    Field::shown("found", "/found", Kind::Long),
    Field::shown("advice", "/advice", Kind::Long),
];
