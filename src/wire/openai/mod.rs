//! OpenAI's chat dialect, out and back, with the deviations of [`quirks`](mod@super::quirks).

mod message;
mod repair;
mod request;
mod response;
mod stream;
mod usage;

pub(super) use request::{encode, refused_when_reasoning};
pub(super) use response::decode;
pub(super) use stream::Stream;
pub(super) use usage::write as write_usage;

#[cfg(test)]
mod tests;
