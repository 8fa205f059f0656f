//! Where the configuration comes from, as the flags say it.

use super::args::Sources;
use super::exit::{Exit, Failure};
use crate::config::{self, ConfigErrors, Loaded};
use std::path::PathBuf;

/// The sources of the configuration with the flags that most commands share.
pub(crate) fn sources(args: &Sources) -> config::Sources {
    let sources = config::Sources::of_process(args.config.clone());
    match &args.data {
        Some(folder) => sources.flag("--data", "store.path", folder.to_string_lossy()),
        None => sources,
    }
}

/// The data folder of the server on this host.
pub(crate) fn data_folder(args: &Sources) -> PathBuf {
    config::data_folder(&sources(args))
}

/// The whole configuration.
pub(crate) fn load(from: &config::Sources) -> Result<Loaded, Failure> {
    config::load(from).map_err(Failure::from)
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        let count = errors.0.len();
        let noun = if count == 1 { "mistake" } else { "mistakes" };
        Self::new(Exit::Config, format!("the configuration has {count} {noun}\n{errors}"))
            .hint("`floopy config init` writes a file that is right, to compare with")
    }
}
