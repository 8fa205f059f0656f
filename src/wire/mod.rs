//! Provider formats as pure functions: bytes in, bytes out. No I/O, no clock.

pub mod conversation;
