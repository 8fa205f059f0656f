//! Anthropic's Messages API: a conversation as its request, its answer and its stream as OpenAI's.
//!
//! | file | what it holds |
//! |---|---|
//! | [`request`] | the body, member by member |
//! | [`messages`], [`calls`] | who speaks when; calls and their results |
//! | [`content`] | texts, images, documents |
//! | [`tools`], [`input_schema`] | tools and the choice between them |
//! | [`mod@format`], [`schema`] | structured answers |
//! | [`thinking`] | whether and how much the model thinks |
//! | [`facts`] | what the model can do |
//! | [`ids`] | alphabets of ids and names |
//! | [`body`] | JSON text in a stable order |
//! | [`response`] | the answer, whole |
//! | [`stream`], [`event`], [`assembly`] | the answer in pieces: the states between events and chunks |
//! | [`answer`], [`usage`] | its message and its token counts |
//! | [`fault`] | what errors mean |
//!
//! Bedrock's Converse is this API in other words: `wire/bedrock` uses what both have in common.

pub(super) mod answer;
pub(super) mod assembly;
mod body;
pub(super) mod calls;
pub(super) mod content;
pub(super) mod event;
pub(super) mod facts;
mod fault;
pub(super) mod format;
pub(super) mod ids;
mod input_schema;
mod messages;
mod request;
pub(super) mod response;
mod schema;
mod stream;
pub(super) mod thinking;
pub(super) mod tools;
pub(super) mod usage;

pub(super) use request::encode;
pub(super) use response::decode;
pub(super) use stream::Stream;

#[cfg(test)]
mod tests;
