//! `floopy demo`: a real server on the replay provider, recorded sessions played against it through its HTTP
//! interface, feedback given, and a table that shows what came of it. No keys, no network.

mod board;
mod play;
mod run;
mod screen;
mod stage;

pub(crate) use run::{DemoArgs, run};
