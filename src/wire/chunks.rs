//! The chunks of an answer: what all of them share is written once.

use super::json::string;
use super::target::{AnswerContext, Finish};
use crate::base::model::TokenUsage;
use bytes::{BufMut, BytesMut};
use std::io::Write;

const TAIL: &[u8] = b"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
const TAIL_WITH_USAGE: &[u8] = b"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n";

/// Writes chunks that share id, time and model.
#[derive(Debug)]
pub(super) struct Chunks {
    id: String,
    created: i64,
    model: String,
    include_usage: bool,
    /// A chunk up to its delta's members; empty before the first chunk.
    head: Vec<u8>,
}

impl Chunks {
    /// No chunk so far.
    pub(super) fn new(context: &AnswerContext<'_>) -> Self {
        Self {
            id: context.id.to_owned(),
            created: context.created,
            model: context.model.to_owned(),
            include_usage: context.include_usage,
            head: Vec::new(),
        }
    }

    /// The model that answers, if no chunk has named another.
    pub(super) fn name_model(&mut self, model: &str) {
        if self.head.is_empty() {
            model.clone_into(&mut self.model);
        }
    }

    /// The chunk with the role, once.
    pub(super) fn start(&mut self, out: &mut BytesMut) {
        if !self.head.is_empty() {
            return;
        }
        self.head = self.head_of_choices();
        self.head.extend_from_slice(b"{\"index\":0,\"delta\":{");
        self.delta(out, |out| out.put_slice(b"\"role\":\"assistant\",\"content\":\"\""));
    }

    /// A chunk whose delta has these members.
    pub(super) fn delta(&mut self, out: &mut BytesMut, members: impl FnOnce(&mut BytesMut)) {
        self.start(out);
        out.put_slice(&self.head);
        members(out);
        out.put_slice(if self.include_usage { TAIL_WITH_USAGE } else { TAIL });
    }

    /// The same, with log probabilities.
    pub(super) fn delta_with_logprobs(
        &mut self,
        out: &mut BytesMut,
        members: impl FnOnce(&mut BytesMut),
        logprobs: &str,
    ) {
        self.start(out);
        out.put_slice(&self.head);
        members(out);
        out.put_slice(b"},\"logprobs\":");
        out.put_slice(logprobs.as_bytes());
        out.put_slice(if self.include_usage {
            b",\"finish_reason\":null}],\"usage\":null}\n\n"
        } else {
            b",\"finish_reason\":null}]}\n\n"
        });
    }

    /// The chunk that ends the choice.
    pub(super) fn finish(&mut self, out: &mut BytesMut, finish: Finish, stop_details: Option<&str>) {
        self.start(out);
        out.put_slice(&self.head);
        out.put_slice(b"},\"logprobs\":null,\"finish_reason\":\"");
        out.put_slice(finish.as_str().as_bytes());
        out.put_slice(b"\"");
        if let Some(details) = stop_details {
            out.put_slice(b",\"stop_details\":");
            out.put_slice(details.as_bytes());
        }
        out.put_slice(if self.include_usage { b"}],\"usage\":null}\n\n" } else { b"}]}\n\n" });
    }

    /// The chunk with the usage, where it was asked for, and `[DONE]`.
    pub(super) fn done(&self, out: &mut BytesMut, usage: impl FnOnce() -> TokenUsage) {
        if self.include_usage {
            let mut chunk = self.head_of_choices();
            chunk.extend_from_slice(b"],\"usage\":");
            write_usage(&mut chunk, &usage());
            chunk.extend_from_slice(b"}\n\n");
            out.put_slice(&chunk);
        }
        out.put_slice(b"data: [DONE]\n\n");
    }

    fn head_of_choices(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(192);
        head.extend_from_slice(b"data: {\"id\":");
        string(&mut head, &self.id);
        head.extend_from_slice(
            format!(",\"object\":\"chat.completion.chunk\",\"created\":{}", self.created).as_bytes(),
        );
        head.extend_from_slice(b",\"model\":");
        string(&mut head, &self.model);
        head.extend_from_slice(b",\"choices\":[");
        head
    }
}

/// Appends OpenAI's `usage` object.
pub(super) fn write_usage(out: &mut Vec<u8>, usage: &TokenUsage) {
    let TokenUsage { input, output, cached_input, cache_write, reasoning, .. } = usage;
    write!(
        out,
        "{{\"prompt_tokens\":{input},\"completion_tokens\":{output},\"total_tokens\":{},\
         \"prompt_tokens_details\":{{\"cached_tokens\":{cached_input},\"cache_write_tokens\":{cache_write}}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":{reasoning}}}}}",
        input.saturating_add(*output),
    )
    .expect("writing to memory does not fail");
}
