//! Cohere's API, version 2: a conversation as `/v2/chat`, its answer and its stream as OpenAI's; embeddings.
//!
//! | file | what it holds |
//! |---|---|
//! | [`request`] | the body, member by member |
//! | [`messages`] | who says what; calls and their results |
//! | [`tools`] | tools, and the choice between them |
//! | [`thinking`] | reasoning effort as a budget |
//! | [`answer`] | what an answer or an event holds, and the message that pieces come to |
//! | [`response`], [`stream`] | the answer, whole and in events |
//! | [`embed`] | `/v2/embed` |

mod answer;
mod embed;
mod messages;
mod request;
mod response;
mod stream;
mod thinking;
mod tools;

pub(super) use embed::{encode as encode_embeddings, read as read_embeddings};
pub(super) use request::encode;
pub(super) use response::decode;
pub(super) use stream::Stream;

#[cfg(test)]
mod tests;
