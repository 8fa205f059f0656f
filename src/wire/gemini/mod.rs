//! Google's Gemini API: a conversation as `generateContent`, its answer and its stream as OpenAI's.
//!
//! | file | what it holds |
//! |---|---|
//! | [`request`] | the body, member by member, and the path with model and action |
//! | [`contents`] | who speaks when; calls, their results and their signatures |
//! | [`tools`], [`schema`] | tools, the choice between them, JSON schemas in the subset that Gemini reads |
//! | [`thinking`] | reasoning effort as a budget or a level |
//! | [`answer`] | what an answer or a piece of it holds, and what it amounts to |
//! | [`response`], [`stream`] | the answer, whole and in pieces |
//! | [`embeddings`] | texts and their vectors |

mod answer;
mod contents;
mod embeddings;
mod request;
mod response;
mod schema;
mod stream;
mod thinking;
mod tools;

pub(super) use embeddings::{as_list, encode as encode_embeddings};
pub(super) use request::encode;
pub(super) use response::decode;
pub(super) use stream::Stream;

#[cfg(test)]
mod tests;
