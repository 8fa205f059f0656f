//! `floopy doctor`: finds out what is wrong with this installation, and says what to do about each thing.
//! It looks and tells; it changes nothing.

mod finding;
mod folder;
mod host;
mod run;
mod settings;

pub(crate) use run::{DoctorArgs, run};
