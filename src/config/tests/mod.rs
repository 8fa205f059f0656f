//! The configuration as its users meet it: files, variables, flags, and what is said of their mistakes.

mod attacks;
mod bedrock;
mod example;
mod layering;
mod mistakes;
mod providers;
mod routes;
mod vertex;

use super::{ConfigErrors, Environment, Loaded, Sources, load};
use crate::config::settings::{Credential, Provider};
use std::path::PathBuf;

/// A folder with a configuration and the environment that it is read in.
struct World {
    folder: tempfile::TempDir,
    sources: Sources,
}

impl World {
    fn new(text: &str) -> Self {
        Self::of_bytes(text.as_bytes())
    }

    fn of_bytes(text: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("floopy.toml"), text).unwrap();
        let sources = Sources { folder: folder.path().to_owned(), ..Sources::default() };
        Self { folder, sources }
    }

    fn with(mut self, variables: &[(&str, &str)]) -> Self {
        self.sources.environment = variables.iter().copied().collect();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn load(&self) -> Result<Loaded, ConfigErrors> {
        load(&self.sources)
    }

    /// The problems, without the path of the folder.
    fn problems(&self) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        self.load().unwrap_err().0.iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
    }

    fn warnings(&self) -> Vec<String> {
        let folder = format!("{}/", self.folder.path().display());
        self.load().unwrap().warnings.iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
    }
}

/// The problems of a text.
fn problems(text: &str) -> Vec<String> {
    World::new(text).with(KEYS).problems()
}

/// The configuration of a text that is right.
fn config(text: &str) -> super::Config {
    World::new(text).with(KEYS).load().unwrap_or_else(|errors| panic!("{errors}")).config
}

const KEYS: &[(&str, &str)] = &[("OPENAI_API_KEY", "sk-openai"), ("ANTHROPIC_API_KEY", "sk-anthropic")];

/// The key that calls to a provider bear.
fn key(provider: &Provider) -> &str {
    match &provider.credential {
        Credential::Header(_, value) => value.expose().trim_start_matches("Bearer "),
        other => panic!("no key: {other:?}"),
    }
}

fn nothing() -> Environment {
    Environment::default()
}
