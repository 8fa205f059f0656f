//! The outside of the gateway: listeners, TLS, limits on bytes and time, authentication, the route table,
//! reload and drain.

mod auth;
mod connection;
mod endpoint;
mod handle;
mod local_key;
pub mod openapi;
mod reload;
mod run;
mod tls;
mod ui;

pub use local_key::{ADMIN_KEY_FILE, read_local_key};
pub use run::{Error, run};
pub(crate) use tls::acceptor;

#[cfg(test)]
mod tests;
