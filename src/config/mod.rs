//! Configuration: the raw file, its checks, and the resolved settings that cannot represent nonsense.
//!
//! [`load()`] finds the file, lays environment and flags over it, checks everything, and returns either a
//! whole [`Config`] or every mistake at once. Later layers win: defaults < file < `FLOOPY_<SECTION>__<KEY>`
//! < flags. Nothing is changed in place: a reload builds a new [`Config`].

pub mod benchmarks;
pub mod catalogue;
mod credential;
mod discovery;
mod error;
mod example;
mod layers;
mod leaf;
mod load;
mod nearest;
mod peek;
pub(crate) mod profile;
mod raw;
mod report;
mod resolve;
mod secret;
mod section;
pub mod settings;
mod source;
mod sources;
#[cfg(test)]
mod tests;
mod tree;
mod unit;

pub use benchmarks::{Prior, PriorSource};
pub use catalogue::Catalogue;
pub use discovery::{Discovery, Found};
pub use error::{ConfigErrors, Origin, Problem};
pub use example::init_text;
pub use load::{Loaded, check, load, show};
pub(crate) use nearest::nearest as nearest_name;
pub use peek::data_folder;
pub use report::Setting;
pub use settings::Config;
pub use sources::{Environment, Fingerprint, Flag, Sources, fingerprint};
