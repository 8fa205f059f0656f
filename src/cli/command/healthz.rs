//! `floopy healthz`: for health checks of containers and service managers.

use crate::cli::args::Server;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{connect, runtime};
use crate::client::Error;
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
    let answer = runtime::command(async {
        let asked = if args.ready { client.readyz().await } else { client.healthz().await };
        match asked {
            Err(Error::Refused(refusal)) => Err(Failure::new(Exit::Failed, refusal.message)),
            other => Ok(other?),
        }
    })?;
    let status = if args.ready { "ready" } else { "ok" };
    let printed = answer.get("status").and_then(serde_json::Value::as_str).unwrap_or(status).to_owned();
    crate::cli::output::Printer::stdout(crate::cli::output::Format::Human).text(&format!("{printed}\n"))?;
    Ok(())
}
