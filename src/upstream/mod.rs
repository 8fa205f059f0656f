//! Who to call and how: connections, timeouts, the breaker, retries, the address guard.
//!
//! [`Upstream::send`] makes one call and never repeats it; what to try next is the gateway's business.

mod address;
mod body;
pub mod breaker;
mod connect;
mod error;
pub mod latency;
pub mod replay;
pub mod retry;
mod send;

pub use body::ReplyBody;
pub use error::CallError;
pub use send::{Call, Reply, Upstream};
