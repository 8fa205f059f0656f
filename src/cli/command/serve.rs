//! `floopy serve`: runs the gateway until it is told to stop.

use crate::cli::args::Sources;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{greeting, runtime, sources};
use crate::config;
use crate::server;
use clap::Args;
use std::net::SocketAddr;

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    sources: Sources,
    /// Address to listen on [default: server.listen of the configuration, 127.0.0.1:7676]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Switch everything off but authentication: bodies go through byte for byte
    #[arg(long)]
    passthrough: bool,
    /// Neither contribute to pooled priors nor use them
    #[arg(long)]
    no_pooled_priors: bool,
    /// What to log, such as info or floopy=debug
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

impl ServeArgs {
    /// The sources with every flag as the last layer. `FLOOPY_PASSTHROUGH=1` is the flag in the environment.
    fn sources(&self) -> config::Sources {
        let mut from = sources::sources(&self.sources);
        if let Some(address) = self.listen {
            from = from.flag("--listen", "server.listen", address.to_string());
        }
        if self.passthrough {
            from = from.flag("--passthrough", "passthrough", "true");
        }
        if self.no_pooled_priors {
            from = from.flag("--no-pooled-priors", "priors.pooling", "false");
        }
        if let Some(filter) = &self.log {
            from = from.flag("--log", "telemetry.log", filter.clone());
        }
        from
    }
}

pub(crate) fn run(args: &ServeArgs) -> Result<(), Failure> {
    let from = args.sources();
    let loaded = sources::load(&from)?;
    crate::telemetry::log::start(&loaded.config.log).map_err(|error| Failure::new(Exit::Config, error))?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let found = loaded.clone();
    runtime::server(async {
        let served = server::run(from, loaded, |address| greeting::greet(&found, address)).await;
        served.map_err(|error| {
            let exit = if error.is_configuration() { Exit::Config } else { Exit::Failed };
            Failure::new(exit, error)
        })
    })
}
