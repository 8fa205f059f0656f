//! AWS Bedrock: a conversation as Converse, its answer and its event stream as OpenAI's; embeddings by InvokeModel.
//!
//! Converse is Anthropic's Messages API in other words, spoken by every model of Bedrock. What both have in common (ids,
//! open calls, tools, schemas, Claude's thinking, the state of an answer) is Anthropic's and used from there.
//!
//! | file | what it holds |
//! |---|---|
//! | [`model`] | whose model it is, and what it takes |
//! | [`request`] | the body, member by member |
//! | [`turns`], [`block`] | who speaks when; texts, images, documents, calls and their results |
//! | [`cache`] | cache points |
//! | [`tools`] | tools and the choice between them |
//! | [`fields`] | what each family knows besides: reasoning, `top_k` |
//! | [`answer`] | the answer, whole |
//! | [`stream`] | the answer in pieces |
//! | [`embeddings`] | texts to vectors |
//! | [`fault`] | what exceptions mean |

mod answer;
mod block;
mod cache;
mod embeddings;
mod fault;
mod fields;
mod model;
mod request;
mod stream;
mod tools;
mod turns;

pub(super) use answer::decode;
pub(super) use embeddings::{decode_embeddings, encode_embeddings, row};
pub(super) use model::can_force_tools;
pub(super) use request::encode;
pub(super) use stream::Stream;

#[cfg(test)]
mod tests;
