//! The call: the client's text with the few members changed that this provider needs otherwise.

use super::message;
use super::reasoning::Thinking;
use super::tools::Allowed;
use crate::base::limits::MAX_PARALLEL_CALLS;
use crate::base::{ApiError, Retry, Side};
use crate::wire::chat::ChatRequest;
use crate::wire::given::Given;
use crate::wire::policy::{is_beside_the_answer, is_neutral};
use crate::wire::quirks::{MaxTokens, Quirks};
use crate::wire::splice::Writer;
use crate::wire::target::{Outgoing, Target};
use bytes::Bytes;
use serde_json::Value;
use std::borrow::Cow;

/// Members that OpenAI's reasoning models refuse unless they stand at their defaults.
const NOT_WHEN_REASONING: &[&str] =
    &["temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias"];

/// Beginnings of the names of OpenAI's reasoning models.
const REASONING_MODELS: &[&str] = &["o1", "o3", "o4", "gpt-5"];

/// A token limit where none is given and nothing is known of the model.
const SOME_TOKENS: u64 = 4096;

/// The call to this target.
///
/// # Errors
/// `unsupported_parameter` where it cannot do what is asked; another target may.
pub(crate) fn encode(
    request: &ChatRequest,
    target: &Target<'_>,
    effort: Option<&str>,
    given: &Given,
) -> Result<Outgoing, ApiError> {
    let thinking = Thinking::of(request, target, effort);
    let mut call = Encoder {
        quirks: target.quirks,
        target,
        request,
        thinking,
        allowed: if target.quirks.clean { None } else { Allowed::of(request) },
        // A schema that goes without a stream only is asked for whole; its answer is streamed to the client.
        streams: request.stream() && !(target.quirks.schema_alone && request.shape().json_schema),
        given,
        writer: Writer::new(request.body().len() + 64),
        dropped: Vec::new(),
    };
    let text = request.text();
    for member in &request.members {
        let value = text.get(member.value.clone()).unwrap_or_default();
        let whole = text.get(member.whole.clone()).unwrap_or_default();
        call.member(&member.name, value, whole)?;
    }
    call.add()?;
    Ok(Outgoing {
        path: Cow::Owned(target.dialect.place("/chat/completions", target.model)),
        headers: Vec::new(),
        body: Bytes::from(call.writer.finish()),
        dropped: call.dropped,
        stream: request.stream(),
    })
}

/// One call in the making.
pub(super) struct Encoder<'a> {
    pub(super) quirks: &'static Quirks,
    pub(super) target: &'a Target<'a>,
    pub(super) request: &'a ChatRequest,
    pub(super) thinking: Thinking<'a>,
    pub(super) allowed: Option<Allowed>,
    pub(super) streams: bool,
    given: &'a Given,
    pub(super) writer: Writer,
    pub(super) dropped: Vec<String>,
}

/// Whether the target is one of OpenAI's reasoning models.
fn reasons(target: &Target<'_>) -> bool {
    // What a deployment is cannot be seen from its name.
    let base = target.info.and_then(|info| info.base.as_ref());
    let model = base.map_or(target.model, |base| &base.model);
    target.quirks.refuses_when_reasoning && REASONING_MODELS.iter().any(|start| model.starts_with(start))
}

/// Whether the target refuses a member with this value because it reasons; `effort` is what is asked for.
pub(in crate::wire) fn refused_when_reasoning(
    target: &Target<'_>,
    effort: Option<&str>,
    name: &str,
    value: &str,
) -> bool {
    let at_default = matches!((name, value), ("temperature" | "top_p", "1" | "1.0") | ("logprobs", "false"));
    reasons(target) && NOT_WHEN_REASONING.contains(&name) && !at_default && effort != Some("none")
}

impl Encoder<'_> {
    /// The target cannot do this; another one may.
    pub(super) fn unsupported(&self, param: &str, why: &str) -> ApiError {
        let mut error = crate::wire::policy::unsupported(
            param,
            &format!("{param} at {} cannot be honoured: {why}", self.quirks.kind),
        );
        error.side = Side::Client;
        error.retry = Retry::OtherTarget;
        error
    }

    fn member(&mut self, name: &str, value: &str, whole: &str) -> Result<(), ApiError> {
        if name == "model" {
            self.model();
            return Ok(());
        }
        // A null means an absent member; who takes OpenAI's dialect as it is also takes its nulls.
        if value == "null" {
            if self.quirks.clean && name != "stream_options" {
                self.writer.keep(whole);
            }
            return Ok(());
        }
        if self.quirks.refuses.contains(&name) {
            return Err(self.unsupported(name, "the provider does not know it: send tools and tool_choice instead"));
        }
        let thought_away = self.thinking.is_on && self.quirks.reasoning.refuses.contains(&name);
        if self.quirks.drops(name) || thought_away || self.refused_when_reasoning(name, value) {
            return self.drop(name, value);
        }
        if self.quirks.values.iter().any(|(member, _, _)| *member == name) {
            return self.other_value(name, value);
        }
        if let Some((_, other)) = self.quirks.renames.iter().find(|(from, _)| *from == name) {
            self.writer.put(other, value.as_bytes());
            return Ok(());
        }
        match name {
            "messages" if !self.quirks.clean => {
                let messages = message::rewrite(value, self.target, self.thinking.is_on, &self.given.images)?;
                self.writer.put("messages", &messages);
            }
            "stream" if self.request.stream() && !self.streams => {}
            "stream_options" => self.stream_options(value),
            "max_tokens" | "max_completion_tokens" => self.token_limit(name, value),
            "n" if self.request.n() > self.quirks.answers_per_call(self.request.stream()) => {
                let why = format!(
                    "it gives at most {} answer(s) a call, and no more than {MAX_PARALLEL_CALLS} calls are made for one request",
                    self.quirks.answers_per_call(self.request.stream())
                );
                return Err(self.unsupported("n", &why));
            }
            "temperature" => self.temperature(value),
            "stop" => self.stop(value)?,
            "frequency_penalty" if self.quirks.one_penalty && self.has_penalty("presence_penalty") => {
                return self.drop(name, value);
            }
            "logprobs" | "top_logprobs" if self.quirks.int_logprobs => self.logprobs(name),
            "response_format" => self.response_format(whole)?,
            "tools" | "functions" => self.tools(name, value, whole)?,
            "tool_choice" | "function_call" => self.tool_choice(name, value, whole)?,
            "reasoning_effort" => {}
            _ => self.writer.keep(whole),
        }
        Ok(())
    }

    /// What the caller did not set.
    fn add(&mut self) -> Result<(), ApiError> {
        if self.streams && self.quirks.stream_options && self.request.raw("stream_options").is_none() {
            self.writer.put("stream_options", br#"{"include_usage":true}"#);
        }
        let added = self.quirks.reasoning.added(self.target.model, self.target.info);
        for (name, json) in self.quirks.adds.iter().chain(added) {
            if self.request.raw(name).is_none() {
                self.writer.put(name, json.as_bytes());
            }
        }
        if self.quirks.needs_max_tokens && self.request.max_output_tokens().is_none() {
            self.writer.put("max_tokens", self.what_fits().to_string().as_bytes());
        }
        self.effort()
    }

    fn model(&mut self) {
        let name = self.target.model;
        let prefix = self.quirks.model_prefix.filter(|_| !name.contains('/')).unwrap_or_default();
        self.writer.put("model", &serde_json::to_vec(&[prefix, name].concat()).unwrap_or_default());
    }

    /// Leaves a member out, or refuses the call where the operator wants that and the answer hangs on it. What says
    /// nothing is not missed.
    pub(super) fn drop(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        match name {
            "n" if self.request.n() == 1 => return Ok(()),
            "n" => {
                let why = format!(
                    "it gives one answer a call, and no more than {MAX_PARALLEL_CALLS} calls are made for one request"
                );
                return Err(self.unsupported("n", &why));
            }
            "stream_options" => return Ok(()),
            _ if is_neutral(name, value) => return Ok(()),
            _ => {}
        }
        if self.target.refuse_unsupported && !is_beside_the_answer(name) {
            return Err(self.unsupported(name, "the provider does not know this parameter, or not with this model"));
        }
        if !self.dropped.iter().any(|dropped| dropped == name) {
            self.dropped.push(name.to_owned());
        }
        Ok(())
    }

    /// The provider's own word for a value; a value that it has no word for is left out.
    fn other_value(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        let own = self.quirks.values.iter().find(|(member, from, _)| *member == name && *from == value);
        let Some((_, _, own)) = own else { return self.drop(name, value) };
        self.writer.put(name, own.as_bytes());
        Ok(())
    }

    fn refused_when_reasoning(&self, name: &str, value: &str) -> bool {
        refused_when_reasoning(self.target, self.thinking.effort.as_deref(), name, value)
    }

    fn stream_options(&mut self, value: &str) {
        if !(self.streams && self.quirks.stream_options) {
            return;
        }
        let mut options: serde_json::Map<String, Value> = serde_json::from_str(value).unwrap_or_default();
        options.insert("include_usage".into(), Value::Bool(true));
        self.writer.put("stream_options", Value::Object(options).to_string().as_bytes());
    }

    /// `max_completion_tokens` wins where both are set.
    fn token_limit(&mut self, name: &str, value: &str) {
        if name == "max_tokens" && self.request.raw("max_completion_tokens").is_some() {
            return;
        }
        let name = match self.quirks.max_tokens {
            MaxTokens::MaxTokens => "max_tokens",
            MaxTokens::MaxCompletionTokens => "max_completion_tokens",
            MaxTokens::AsIs if reasons(self.target) => "max_completion_tokens",
            MaxTokens::AsIs => name,
        };
        match (self.quirks.most_tokens, self.request.max_output_tokens()) {
            (Some(most), Some(wanted)) if wanted > most => self.writer.put(name, most.to_string().as_bytes()),
            _ => self.writer.put(name, value.as_bytes()),
        }
    }

    /// The longest answer that surely fits beside the prompt: three bytes a token is on the safe side.
    fn what_fits(&self) -> u64 {
        let info = self.target.info;
        let most = info.and_then(|info| info.max_output_tokens).unwrap_or(SOME_TOKENS);
        let prompt = self.request.shape().text_bytes / 3;
        let window = info.and_then(|info| info.max_input_tokens).map(|window| window.saturating_sub(prompt));
        window.map_or(most, |left| most.min(left)).max(1)
    }

    fn temperature(&mut self, value: &str) {
        let (zero, highest) = (self.quirks.zero_temperature, self.quirks.max_temperature);
        let other = value.parse::<f64>().ok().and_then(|wanted| match (zero, highest) {
            (Some(zero), _) if wanted <= 0.0 => Some(zero),
            (_, Some(highest)) if wanted > highest => Some(highest),
            _ => None,
        });
        match other {
            Some(other) => self.writer.put("temperature", other.to_string().as_bytes()),
            None => self.writer.put("temperature", value.as_bytes()),
        }
    }

    fn stop(&mut self, value: &str) -> Result<(), ApiError> {
        let is_list = value.starts_with('[');
        if !is_list && self.quirks.stop_list {
            self.writer.put("stop", format!("[{value}]").as_bytes());
            return Ok(());
        }
        let most = self.quirks.max_stops;
        if is_list && most < usize::MAX {
            let mut list: Vec<Value> = serde_json::from_str(value).unwrap_or_default();
            if list.len() > most {
                self.drop("stop", value)?;
                list.truncate(most);
                self.writer.put("stop", Value::Array(list).to_string().as_bytes());
                return Ok(());
            }
        }
        self.writer.put("stop", value.as_bytes());
        Ok(())
    }

    fn has_penalty(&self, name: &str) -> bool {
        self.request.raw(name).is_some_and(|value| !is_neutral(name, value))
    }

    /// One number instead of a switch and a number.
    fn logprobs(&mut self, name: &str) {
        if name == "logprobs" && self.request.shape().logprobs {
            let top = self.request.raw("top_logprobs").unwrap_or("1");
            self.writer.put("logprobs", top.as_bytes());
        }
    }
}
