//! Where the configuration comes from, as the flags say it.

use super::args::Sources;
use super::exit::Failure;
use std::path::PathBuf;

/// The data folder of the server on this host.
pub(crate) fn data_folder(sources: &Sources) -> Result<PathBuf, Failure> {
    Ok(sources.data.clone().unwrap_or_else(|| PathBuf::from("./floopy-data")))
}
