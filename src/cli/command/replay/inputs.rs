//! Reading what is replayed: recordings (plain or packed), priors, scenarios.

use super::named;
use crate::base::limits;
use crate::cli::exit::{Exit, Failure};
use crate::cli::packing::{self, Packing};
use crate::embedding;
use crate::replay::{Priors, Problem, Recording, Scenario, Scenarios};
use crate::routing::learn::features::{TAIL, WORDS};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Inputs {
    /// Recorded outcomes, JSON lines, plain, gzip or zstd; a folder stands for all such files in it
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// Benchmark scores to start from: {"priors": {RECORDING: {MODEL: 0..1}}}
    #[arg(long, value_name = "FILE")]
    priors: Vec<PathBuf>,
    /// Arms, baseline, horizon and swap by recording, JSON or TOML
    #[arg(long, value_name = "FILE")]
    scenarios: Option<PathBuf>,
    /// Models that take part, separated by commas [default: the scenario's, else all]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    arms: Vec<String>,
    /// The model that stands for what is used today [default: the recording's]
    #[arg(long, value_name = "MODEL")]
    baseline: Option<String>,
    /// Units to serve [default: 3000 requests, 2000 sessions]
    #[arg(long, value_name = "N", value_parser = horizon)]
    horizon: Option<usize>,
    /// Half-way, calls of FROM silently go to TO
    #[arg(long, value_name = "FROM=TO", value_parser = swap)]
    swap: Option<(String, String)>,
    /// The share of the baseline's quality to hold
    #[arg(long, value_name = "F", default_value_t = 0.95, value_parser = floor)]
    floor: f64,
    /// What stands for the words of a request
    #[arg(long, value_enum, value_name = "WORDS", default_value_t = Words::Embedded)]
    features: Words,
}

/// The two forms of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Words {
    /// The text's embedding, as `floopy serve` takes them
    Embedded,
    /// Hashed words and pairs of words
    Hashed,
}

impl Words {
    fn of(self, text: &str) -> Option<Vec<f32>> {
        match self {
            Self::Embedded => Some(embedding::features::<WORDS>(embedding::tail(text, TAIL)).to_vec()),
            Self::Hashed => None,
        }
    }
}

impl Inputs {
    pub(super) const fn floor(&self) -> f64 {
        self.floor
    }

    pub(super) const fn horizon(&self) -> Option<usize> {
        self.horizon
    }

    pub(super) fn has_priors(&self) -> bool {
        !self.priors.is_empty()
    }

    /// Every recording, made ready.
    pub(super) fn problems(&self) -> Result<Vec<Problem>, Failure> {
        let mut priors = Priors::new();
        for path in &self.priors {
            priors.extend(read_priors(path)?);
        }
        let scenarios = self.scenarios.as_deref().map(read_scenarios).transpose()?.unwrap_or_default();
        let flags = Scenario {
            arms: (!self.arms.is_empty()).then(|| self.arms.clone()),
            baseline: self.baseline.clone(),
            horizon: self.horizon,
            swap: self.swap.clone(),
        };
        if self.data.is_empty() {
            let failure = Failure::new(Exit::Usage, "no recording is named");
            return Err(failure.hint("name one or more files, or a folder of them, with --data"));
        }
        let mut problems = Vec::new();
        for path in self.files()? {
            let recording = Recording::parse(&text(&path)?).map_err(|fault| {
                named(&path, fault)
                    .hint("the format is described in docs/LEARNING.md; `zcat FILE | head -1` shows the header")
            })?;
            let written = scenarios.get(&recording.name).cloned().unwrap_or_default();
            let scenario = flags.clone().or(written).or(Scenario::built_in(&recording));
            let problem = Problem::new(&recording, &scenario, &priors, self.floor, &|text| self.features.of(text));
            problems.push(problem.map_err(|unfit| named(&path, unfit))?);
        }
        Ok(problems)
    }

    /// The files, folders opened.
    fn files(&self) -> Result<Vec<PathBuf>, Failure> {
        let mut files = Vec::new();
        for path in &self.data {
            if !path.is_dir() {
                files.push(path.clone());
                continue;
            }
            let entries = std::fs::read_dir(path).map_err(|error| named(path, error))?;
            let is_recording = |path: &PathBuf| {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                Packing::by_name(&name).1.ends_with(".jsonl")
            };
            let mut found: Vec<PathBuf> =
                entries.filter_map(Result::ok).map(|entry| entry.path()).filter(is_recording).collect();
            found.sort();
            if found.is_empty() {
                return Err(named(path, "holds no .jsonl, .jsonl.gz or .jsonl.zst"));
            }
            files.extend(found);
        }
        Ok(files)
    }
}

/// A file's text, unpacked where it is packed.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let fail = |error: std::io::Error| named(path, error);
    let mut text = String::new();
    let read =
        packing::open(path).map_err(fail)?.take(limits::REPLAY_FILE + 1).read_to_string(&mut text).map_err(fail)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > limits::REPLAY_FILE {
        return Err(named(path, format!("holds more than {} bytes", limits::REPLAY_FILE)));
    }
    Ok(text)
}

fn read_priors(path: &Path) -> Result<Priors, Failure> {
    #[derive(Deserialize)]
    struct Whole {
        priors: Priors,
    }
    let whole: Whole = serde_json::from_str(&text(path)?).map_err(|error| {
        named(path, error).hint("priors are {\"priors\": {RECORDING: {MODEL: a number of 0 to 1}}}")
    })?;
    Ok(whole.priors)
}

fn read_scenarios(path: &Path) -> Result<Scenarios, Failure> {
    let text = text(path)?;
    let is_toml = path.extension().is_some_and(|kind| kind == "toml");
    let read = if is_toml {
        toml::from_str(&text).map_err(|error| error.to_string())
    } else {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    };
    read.map_err(|what| {
        named(path, what).hint("a scenario may hold arms, baseline, horizon and swap, under its recording's name")
    })
}

fn floor(text: &str) -> Result<f64, String> {
    let floor: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.5..=1.0).contains(&floor) { Ok(floor) } else { Err("must be 0.5 to 1".to_owned()) }
}

fn horizon(text: &str) -> Result<usize, String> {
    let horizon: usize = text.parse().map_err(|_| "not a whole number".to_owned())?;
    if (1..=1_000_000).contains(&horizon) { Ok(horizon) } else { Err("must be 1 to 1000000".to_owned()) }
}

fn swap(text: &str) -> Result<(String, String), String> {
    let (from, to) = text.split_once('=').ok_or("write FROM=TO")?;
    Ok((from.to_owned(), to.to_owned()))
}
