//! Who is called, and how: connections, time limits, credentials, the breaker, back-off, measured latency,
//! and the replay provider.
//!
//! One call goes one way: [`Upstream::send`] → pool (an open connection, or name, address guard, TCP, TLS) →
//! credential (a header, a token) → request (headers, credential) → exchange → [`Reply`]. A reply's body is read as it comes and never gathered here.
//! Dropping the future or the body ends the call at the provider at once. What to try next is the gateway's business.
//!
//! This room never follows a redirect, never hands on a client's credentials, and lets no address, name or
//! dependency's text into an error.

mod address;
mod body;
pub mod breaker;
mod connect;
mod credential;
mod error;
pub mod fetch;
mod http1;
mod http2;
pub mod latency;
mod pool;
#[cfg(feature = "otlp")]
mod post;
pub mod replay;
mod request;
pub mod retry;
mod send;
#[cfg(test)]
mod tests;
mod tls;

pub use body::ReplyBody;
pub use error::CallError;
pub use send::{Call, Reply, Upstream};
pub use tls::StartError;
