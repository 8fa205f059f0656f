//! Anthropic's Messages API: a conversation as its request, its answer and its stream as OpenAI's.
//!
//! | file | what it holds |
//! |---|---|
//! | [`request`] | the body, member by member |
//! | [`messages`] | who speaks when; calls and their results |
//! | [`content`] | texts, images, documents |
//! | [`tools`], [`input_schema`] | tools and the choice between them |
//! | [`mod@format`], [`schema`] | structured answers |
//! | [`thinking`] | whether and how much the model thinks |
//! | [`facts`] | what the model can do |
//! | [`ids`] | alphabets of ids and names |
//! | [`body`] | JSON text in a stable order |
//! | [`response`] | the answer, whole |
//! | [`stream`], [`event`], [`chunks`] | the answer in pieces: the states between events and chunks |
//! | [`answer`], [`usage`] | its message and its token counts |
//! | [`fault`] | what errors mean |

mod answer;
mod body;
mod chunks;
mod content;
mod event;
mod facts;
mod fault;
mod format;
mod ids;
mod input_schema;
mod messages;
mod request;
mod response;
mod schema;
mod stream;
mod thinking;
mod tools;
mod usage;

pub(super) use request::encode;
pub(super) use response::decode;
pub(super) use stream::Stream;

#[cfg(test)]
mod tests;
