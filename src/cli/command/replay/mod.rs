//! `floopy replay`: what the router would have done on recorded outcomes, against other policies. No network, no server.

mod fields;
mod inputs;
mod log;
mod special;
mod work;

use crate::cli::args::Output;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Field, Format, Printer};
use crate::replay::{self, Kind as Unit};
use crate::replay::{Drift, Feedback, POLICIES, Plan, Problem, Report, Setting};
use crate::routing::learn::Params;
use clap::{Args, ValueEnum};
use inputs::Inputs;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Replay recorded outcomes through the router and other policies
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    inputs: Inputs,
    /// Policies to compare; may be repeated [default: floopy and the usual ones]
    #[arg(long, value_name = "NAME", value_parser = policy_name, value_delimiter = ',')]
    policy: Vec<String>,
    /// Runs of each policy, each with its own order of items
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    seeds: u32,
    /// Number of the first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    first_seed: u64,
    /// What the policies hear [default: full for requests, nps for sessions]
    #[arg(long, value_enum)]
    feedback: Option<Channel>,
    /// Share of the units that are rated, 0 to 1 [default: 1 for full feedback, about 0.3 for nps and fused]
    #[arg(long, value_name = "R", value_parser = share)]
    response_rate: Option<f64>,
    /// What changes half-way [default: alias where a swap is named, else nothing]
    #[arg(long, value_enum)]
    drift: Option<Change>,
    /// Instead: compare rules of credit on sessions that several models made together; how these end
    #[arg(long, value_enum, value_name = "ENDING")]
    mixed: Option<special::Ends>,
    /// With --mixed: share of sessions that must change their model on the way
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    switches: f64,
    /// Instead: run these models as canaries, `all` for each but the baseline
    #[arg(long, value_name = "MODEL", value_delimiter = ',')]
    canary: Vec<String>,
    /// Instead: run canaries that stand exactly at the floor, so that every verdict is a false one
    #[arg(long, value_name = "RUNS")]
    null: Option<u32>,
    /// Instead: judge other policies by a log of decisions (JSON lines with `trace` and `quality`)
    #[arg(long, value_name = "FILE")]
    judge_log: Option<PathBuf>,
    /// Also write the decisions of `floopy` in the first run as such a log
    #[arg(long, value_name = "FILE")]
    write_log: Option<PathBuf>,
    /// Sets a parameter of the router, such as z=1.6; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// Tell on stderr how far it is
    #[arg(long)]
    progress: bool,
    #[command(flatten)]
    output: Output,
}

/// The channels of feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Channel {
    /// The outcome itself, at once
    Full,
    /// Late, noisy ratings of 0 to 10 from some of the units
    Nps,
    /// A judge's score of a quarter of the units
    Judge,
    /// Ratings and a judge
    Fused,
}

/// The changes half-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Change {
    /// The model most in use silently becomes as bad as the worst
    Degrade,
    /// The best model's price falls to a twentieth
    Cheaper,
    /// The models of --swap are exchanged; a swap alone says the same
    Alias,
}

pub(crate) fn run(args: &ReplayArgs) -> Result<(), Failure> {
    if let Some(path) = &args.judge_log {
        return write(args.output.format, fields::JUDGED, &log::judge(path)?);
    }
    if let Some(runs) = args.null {
        return write(args.output.format, fields::CANARY, &special::null(args, runs)?);
    }
    if !args.canary.is_empty() {
        return write(args.output.format, fields::CANARY, &special::canaries(args)?);
    }
    if let Some(ends) = args.mixed {
        return write(args.output.format, fields::MIXED, &special::mixed(args, ends)?);
    }
    compare(args)
}

/// The policies side by side.
fn compare(args: &ReplayArgs) -> Result<(), Failure> {
    let setting = Setting { priors: args.inputs.has_priors(), params: params(&args.param)? };
    let problems = args.inputs.problems()?;
    let names: Vec<String> = if args.policy.is_empty() {
        POLICIES.iter().map(|(name, _)| (*name).to_owned()).collect()
    } else {
        args.policy.clone()
    };
    let mut reports: Vec<Report> = Vec::new();
    for problem in &problems {
        if args.drift == Some(Change::Alias) && problem.swap.is_none() {
            let message = format!("{}: --drift alias needs a model to exchange", problem.name);
            return Err(Failure::new(Exit::Usage, message).hint("name both with --swap FROM=TO"));
        }
        let channel = args.channel(problem);
        let drift = args.drift.or(problem.swap.map(|_| Change::Alias));
        let plan = Plan {
            feedback: channel.into(),
            response: channel.response(args.response_rate),
            drift: drift.map(Into::into),
            seed: 0,
        };
        for name in &names {
            if args.progress {
                eprintln!("{} {name}: {} runs of {}", problem.name, args.seeds, problem.horizon);
            }
            let runs = work::runs(problem, name, &setting, plan, args.first_seed, args.seeds)?;
            let about = replay::About { policy: name, feedback: channel.name(), drift: plan.drift, setting: &setting };
            reports.push(replay::report(problem, &about, &runs.scores, runs.decide_ns));
        }
    }
    if let (Some(path), Some(problem)) = (&args.write_log, problems.first()) {
        log::write(path, problem, &setting, args.first_seed)?;
    }
    write(args.output.format, fields::COMPARED, &reports)
}

fn write(format: Format, fields: &'static [Field], reports: &[impl Serialize]) -> Result<(), Failure> {
    let mut printer = Printer::stdout(format);
    if format == Format::Json {
        let text = serde_json::to_string_pretty(reports).map_err(|error| Failure::new(Exit::Bug, error))?;
        printer.text(&format!("{text}\n"))?;
        return Ok(());
    }
    let mut listing = printer.listing(fields);
    listing.page(reports)?;
    listing.end(None, None)?;
    Ok(())
}

/// Units that are rated under `nps` and `fused` by themselves.
const ANSWERING: f64 = 0.3;

impl ReplayArgs {
    fn channel(&self, problem: &Problem) -> Channel {
        self.feedback.unwrap_or(match problem.kind {
            Unit::Request => Channel::Full,
            Unit::Session => Channel::Nps,
        })
    }
}

impl Channel {
    /// What the channel's own share of rated units is multiplied by, so that this share is rated.
    fn response(self, share: Option<f64>) -> f64 {
        match self {
            Self::Full | Self::Judge => share.unwrap_or(1.0),
            Self::Nps | Self::Fused => share.map_or(1.0, |share| share / ANSWERING),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Nps => "nps",
            Self::Judge => "judge",
            Self::Fused => "fused",
        }
    }
}

impl From<Channel> for Feedback {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Full => Self::Full,
            Channel::Nps => Self::Nps,
            Channel::Judge => Self::Judge,
            Channel::Fused => Self::Fused,
        }
    }
}

impl From<Change> for Drift {
    fn from(change: Change) -> Self {
        match change {
            Change::Degrade => Self::Degrade,
            Change::Cheaper => Self::Cheaper,
            Change::Alias => Self::Alias,
        }
    }
}

fn policy_name(name: &str) -> Result<String, String> {
    if POLICIES.iter().any(|(known, _)| *known == name) {
        return Ok(name.to_owned());
    }
    let known: Vec<&str> = POLICIES.iter().map(|(known, _)| *known).collect();
    Err(format!("there is no such policy; there are {}", known.join(", ")))
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("must be 0 to 1".to_owned()) }
}

/// The router's parameters, with some set by hand.
fn params(set: &[String]) -> Result<Params, Failure> {
    let wrong = |text: &str, what: &str| Failure::new(Exit::Usage, format!("--param {text}: {what}"));
    let mut values = serde_json::to_value(Params::default()).map_err(|error| Failure::new(Exit::Bug, error))?;
    for text in set {
        let (name, value) = text.split_once('=').ok_or_else(|| wrong(text, "write NAME=VALUE"))?;
        let place = values.get_mut(name).ok_or_else(|| wrong(text, "there is no such parameter"))?;
        *place = serde_json::from_str(value).map_err(|_| wrong(text, "the value is not a number"))?;
    }
    serde_json::from_value(values).map_err(|error| Failure::new(Exit::Usage, format!("--param: {error}")))
}

/// Names a file in an error.
fn named(path: &Path, what: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Failed, format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests;
