//! Provider formats as pure functions: bytes in, bytes out. No I/O, no clock.
//!
//! A request comes in as [`ChatRequest`] or [`EmbeddingsRequest`], goes out as [`Outgoing`] in the
//! target's dialect, and its answer comes back through [`decode_chat`] or a [`StreamDecoder`]. Where both
//! sides speak one dialect the original text travels and only what must change is spliced.

mod anthropic;
mod bedrock;
mod chat;
mod chunks;
mod cohere;
pub mod conversation;
mod embeddings;
mod event_stream;
mod fault;
mod gemini;
mod given;
mod inbound;
mod json;
mod message;
mod openai;
mod policy;
pub mod quirks;
mod said;
mod several;
mod splice;
pub mod sse;
mod target;
pub mod tokens;
mod vertex;

pub use chat::ChatRequest;
pub use embeddings::{EmbeddingsRequest, decode_embeddings, encode_embeddings, merge_embeddings};
pub use fault::Fault;
pub use given::{Given, Thoughts, Wants, wants};
pub use inbound::{Inbound, Surface, count_call, count_input, response_items};
pub use message::{MessagePrint, Shape, print_of_text};
pub use quirks::{BatchApi, BatchTerms, Quirks, quirks};
pub use said::{Said, said, text_of_content};
pub use several::{Chorus, merge_answers, sum};
pub use target::{
    Answer, AnswerContext, Decoded, Dialect, Finish, Outgoing, StreamDecoder, StreamSummary, Target, decode_chat,
    encode_chat,
};
pub use vertex::Publisher;
