//! `floopy healthz`: for health checks of containers and service managers.

use crate::cli::args::Server;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Format, Printer, visible};
use crate::cli::{connect, runtime};
use clap::Args;
use std::time::Duration;

/// A server that cannot say within this time that it is well is not well.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(crate) struct HealthzArgs {
    #[command(flatten)]
    server: Server,
    /// Ask whether it takes requests (/readyz), not only whether it is alive (/healthz)
    #[arg(long)]
    ready: bool,
}

pub(crate) fn run(args: &HealthzArgs) -> Result<(), Failure> {
    let client = connect::without_key(&args.server)?.with_timeout(PATIENCE);
    let answer =
        runtime::command(async { Ok(if args.ready { client.readyz().await? } else { client.healthz().await? }) })?;
    Printer::stdout(Format::Human).text(&format!("{}\n", visible(&answer.status)))?;
    if answer.is_well { Ok(()) } else { Err(Failure::said(Exit::Failed)) }
}
