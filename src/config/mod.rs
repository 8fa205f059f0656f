//! Configuration: the raw file, its checks, and the resolved settings that cannot represent nonsense.

pub mod catalogue;
pub mod settings;

pub use settings::Config;
