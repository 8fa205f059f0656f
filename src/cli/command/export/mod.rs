//! `floopy export`: decisions as a file that can be verified.
//!
//! The file is written under a name of its own and takes its place when it is whole, so that a file by the asked name
//! is never a part of an export. A part that was cut stays, and `--resume` goes on behind its last whole row.

mod part;
mod sink;

use crate::base::Timestamp;
use crate::cli::args::Server;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Terminal, when};
use crate::cli::packing::Packing;
use crate::cli::{connect, runtime};
use crate::client::ExportQuery;
use clap::{Args, ValueEnum};
use part::Part;
use sink::Sink;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Only from this time on: RFC 3339, an age such as 30m, 2h, 7d, or today, yesterday [default: 90 days before --to]
    #[arg(long, value_name = "TIME", value_parser = when)]
    from: Option<Timestamp>,
    /// Only before this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = when)]
    to: Option<Timestamp>,
    /// Form of the rows [default: by the file's name, else jsonl]
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// File to write; .gz or .zst at its end compresses it [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Go on with an export to this file that was cut; give the same times
    #[arg(long, requires = "output")]
    resume: bool,
    #[command(flatten)]
    server: Server,
}

/// The form of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// One JSON document a line
    Jsonl,
    /// Comma-separated values with a header line
    Csv,
}

/// How often progress is told.
const PACE: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &ExportArgs) -> Result<(), Failure> {
    let name = args.output.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    let (packing, unpacked) = Packing::by_name(name);
    if args.resume && packing != Packing::Plain {
        let failure = Failure::new(Exit::Usage, "an export that is compressed on the way cannot be resumed");
        return Err(failure.hint("leave out --resume to begin anew, or export to a file without .gz or .zst"));
    }
    let by_name = if unpacked.ends_with(".csv") { Form::Csv } else { Form::Jsonl };
    let is_csv = args.format.unwrap_or(by_name) == Form::Csv;
    let part = match (&args.output, args.resume) {
        (Some(output), true) => Part::of(&sink::partial(output), is_csv)?,
        _ => Part::default(),
    };
    let query = ExportQuery {
        from: args.from,
        to: args.to,
        format: if is_csv { "csv" } else { "jsonl" }.to_owned(),
        cursor: part.last.clone(),
    };
    let client = connect::client(&args.server)?;
    let sink = Sink::open(args.output.as_deref(), packing, part, is_csv);
    runtime::command(async {
        // The server is asked before a file is made: what it refuses leaves nothing behind.
        let mut stream = client.export(&query).await?;
        let mut sink = sink?;
        let mut progress = Progress::new();
        loop {
            match stream.next().await {
                Ok(Some(bytes)) => {
                    sink.take(&bytes)?;
                    progress.tell(&sink);
                }
                Ok(None) => break,
                Err(error) => {
                    progress.end();
                    return Err(sink.cut(error.into()));
                }
            }
        }
        progress.end();
        let told = sink.finish()?;
        if Terminal::of_stderr().width.is_some() {
            let text =
                format!("{} decisions, {} bytes, checksum {}\n", told.row_count, told.byte_count, told.checksum_sha256);
            std::io::stderr().write_all(text.as_bytes()).unwrap_or_default();
        }
        Ok(())
    })
}

/// A line on a terminal that is written over and over.
struct Progress {
    terminal: Terminal,
    next: Instant,
    began: Instant,
}

impl Progress {
    fn new() -> Self {
        let now = Instant::now();
        Self { terminal: Terminal::of_stderr(), next: now + PACE, began: now }
    }

    fn tell(&mut self, sink: &Sink) {
        if !self.terminal.can_redraw() || Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + PACE;
        let (rows, bytes) = sink.so_far();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = rows as f64 / self.began.elapsed().as_secs_f64();
        let text = format!("\r\x1b[K{rows} decisions, {} MB, {rate:.0}/s", bytes / 1_000_000);
        std::io::stderr().write_all(text.as_bytes()).unwrap_or_default();
    }

    fn end(&self) {
        if self.terminal.can_redraw() {
            std::io::stderr().write_all(b"\r\x1b[K").unwrap_or_default();
        }
    }
}
