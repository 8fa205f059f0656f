//! Configuration: the raw file, its checks, and the resolved settings that cannot represent nonsense.
//!
//! [`load()`] finds the file, lays environment and flags over it, checks everything, and returns either a
//! whole [`Config`] or every mistake at once. Later layers win: defaults < file < `FLOOPY_<SECTION>__<KEY>`
//! < flags. Nothing is changed in place: a reload builds a new [`Config`].

pub mod catalogue;
mod discovery;
mod error;
mod load;
mod nearest;
mod peek;
pub mod settings;
mod sources;

pub use catalogue::Catalogue;
pub use discovery::{Discovery, Found};
pub use error::{ConfigErrors, Origin, Problem};
pub use load::{Loaded, Setting, check, load, show};
pub(crate) use nearest::nearest as nearest_name;
pub use peek::data_folder;
pub use settings::Config;
pub use sources::{Environment, Fingerprint, Flag, Sources, fingerprint};
