//! Where the time of one request went, stage by stage.

use serde::{Deserialize, Serialize};

/// Microseconds of each stage, on the monotonic clock. Together they are the time from the request's last byte to the
/// hand-over of its record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Reading the request, its labels and its session.
    pub admit_us: u64,
    /// Choosing the target.
    pub choose_us: u64,
    /// Until an answer stood ready for the client: a plain one whole, a streamed one with its first event. Retries and
    /// other targets are in it.
    pub dispatch_us: u64,
    /// Of that, opening a connection for the call that was answered last; 0 where one was open, `null` where no
    /// provider answered.
    pub connect_us: Option<u64>,
    /// Of that, from the call to the head of the provider's answer, the connection included; `null` where none came.
    pub first_byte_us: Option<u64>,
    /// Handing the answer on, up to its last byte.
    pub relay_us: u64,
    /// Scoring the answer and making the record.
    pub record_us: u64,
}

/// The stages, in their order.
pub const STAGES: [&str; 5] = ["admit", "choose", "dispatch", "relay", "record"];

impl Timings {
    /// Microseconds of each of [`STAGES`].
    #[must_use]
    pub const fn stages(&self) -> [u64; 5] {
        [self.admit_us, self.choose_us, self.dispatch_us, self.relay_us, self.record_us]
    }
}
