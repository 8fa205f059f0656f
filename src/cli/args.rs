//! The command line: every command and what they share.

use super::command::{
    completions, config, constraints, decisions, demo, doctor, eval, experiments, explain, export, feedback, healthz,
    keys, man, priors, rate, replay, requests, routes, savings, serve, sessions, tui, verify,
};
use super::exit::Exit;
use super::output::Format;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;

/// A self-hosted agent optimization gateway: one OpenAI-compatible base URL, many providers.
#[derive(Debug, Parser)]
#[command(name = "floopy", version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The whole command line, as completions, man pages and help are made from it.
#[must_use]
pub fn command_line() -> clap::Command {
    let rows = Exit::TABLE.iter().map(|(_, number, meaning)| format!("  {number:<3} {meaning}\n"));
    let exits = format!("Exit codes:\n{}", rows.collect::<String>());
    Cli::command().after_long_help(exits)
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "one exists, once")]
pub(crate) enum Command {
    /// Run the gateway
    Serve(serve::ServeArgs),
    /// Watch the gateway live in the terminal
    Tui(tui::TuiArgs),
    /// Ask what a request would get, without making it
    Explain(explain::ExplainArgs),
    /// See what was decided, request by request
    Decisions(decisions::DecisionsArgs),
    /// Show a request and its answer as they are retained
    Requests(requests::RequestsArgs),
    /// Say how well a session or request went
    Feedback(feedback::FeedbackArgs),
    /// Rate one request by hand
    Rate(rate::RateArgs),
    /// See routes; pin one to its default model
    Routes(routes::RoutesArgs),
    /// See and set what the routes must keep to
    Constraints(constraints::ConstraintsArgs),
    /// Try a model or other rules on a share of the sessions
    Experiments(experiments::ExperimentsArgs),
    /// Ask a model about the rows of a dataset and score its answers
    Eval(eval::EvalArgs),
    /// Take part in pooled priors, or not
    Priors(priors::PriorsArgs),
    /// See sessions and what they cost
    Sessions(sessions::SessionsArgs),
    /// See what was saved, against the hold-out
    Savings(savings::SavingsArgs),
    /// Write decisions to a file that can be verified
    Export(export::ExportArgs),
    /// Create, list and revoke keys
    Keys(keys::KeysArgs),
    /// Write, check and show the configuration
    Config(config::ConfigArgs),
    /// Prove that the record is whole
    Verify(verify::VerifyArgs),
    /// Replay recorded outcomes through the router and other policies
    Replay(replay::ReplayArgs),
    /// Find out what is wrong with this installation
    Doctor(doctor::DoctorArgs),
    /// Play recorded sessions against a real server, offline
    Demo(demo::DemoArgs),
    /// Ask a running server whether it is well
    Healthz(healthz::HealthzArgs),
    /// Print shell completions
    Completions(completions::CompletionsArgs),
    /// Print the manual page
    Man(man::ManArgs),
}

/// Where the configuration is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Sources {
    /// Configuration file [default: ./floopy.toml, then $XDG_CONFIG_HOME/floopy/config.toml, then none]
    #[arg(long, value_name = "FILE", env = "FLOOPY_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Data folder [default: store.path of the configuration, ./floopy-data]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
}

/// How to reach the running server.
#[derive(Debug, Clone, Args)]
pub(crate) struct Server {
    /// Address of the server
    #[arg(long, value_name = "URL", env = "FLOOPY_URL", default_value = DEFAULT_URL, hide_env_values = true)]
    pub(crate) url: String,
    /// Key to call it with [default: the local admin key in the data folder, on the same host]
    #[arg(long, value_name = "KEY", env = "FLOOPY_API_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) sources: Sources,
}

/// The address of a server that was told nothing.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:7676";

/// How to write the answer.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Output {
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// What most commands take.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) server: Server,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Which part of a list.
#[derive(Debug, Clone, Args)]
pub(crate) struct Paging {
    /// Items per page, 1 to 500
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) limit: u32,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "CURSOR")]
    pub(crate) cursor: Option<String>,
    /// All pages, not only the first
    #[arg(long)]
    pub(crate) all: bool,
}
