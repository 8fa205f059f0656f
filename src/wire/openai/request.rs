//! The call: the client's text with the few members changed that this provider needs otherwise.

use super::message;
use crate::base::limits::MAX_PARALLEL_CALLS;
use crate::base::{ApiError, Code, Retry, Side};
use crate::wire::chat::ChatRequest;
use crate::wire::given::Given;
use crate::wire::quirks::{Formats, MaxTokens, Quirks, ToolChoices};
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
    let mut call = Encoder {
        quirks: target.quirks,
        target,
        request,
        effort,
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
    if request.stream() && target.quirks.stream_options && request.raw("stream_options").is_none() {
        call.writer.put("stream_options", br#"{"include_usage":true}"#);
    }
    if let Some(effort) = effort {
        call.writer.put("reasoning_effort", format!("\"{effort}\"").as_bytes());
    }
    Ok(Outgoing {
        path: Cow::Owned(target.dialect.place("/chat/completions", target.model)),
        headers: Vec::new(),
        body: Bytes::from(call.writer.finish()),
        dropped: call.dropped,
        stream: request.stream(),
    })
}

struct Encoder<'a> {
    quirks: &'static Quirks,
    target: &'a Target<'a>,
    request: &'a ChatRequest,
    effort: Option<&'a str>,
    given: &'a Given,
    writer: Writer,
    dropped: Vec<String>,
}

/// The target cannot do this; another one may.
fn unsupported(target: &Target<'_>, param: &str, why: &str) -> ApiError {
    let message = format!("{} at {} cannot be honoured: {why}", param, target.quirks.kind);
    let mut error = ApiError::new(Code::UnsupportedParameter, message).param(param);
    error.side = Side::Client;
    error.retry = Retry::OtherTarget;
    error
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
    fn member(&mut self, name: &str, value: &str, whole: &str) -> Result<(), ApiError> {
        if name == "model" {
            self.writer.put("model", &serde_json::to_vec(self.target.model).unwrap_or_default());
            return Ok(());
        }
        // A null means an absent member; who takes OpenAI's dialect as it is also takes its nulls.
        if value == "null" {
            if self.quirks.clean && name != "stream_options" {
                self.writer.keep(whole);
            }
            return Ok(());
        }
        if self.quirks.drops.contains(&name) || self.refused_when_reasoning(name, value) {
            return self.drop(name, value);
        }
        if let Some((_, other)) = self.quirks.renames.iter().find(|(from, _)| *from == name) {
            self.writer.put(other, value.as_bytes());
            return Ok(());
        }
        match name {
            "messages" if !self.quirks.clean => {
                let messages = message::rewrite(value, self.target, &self.given.images)?;
                self.writer.put("messages", &messages);
            }
            "stream_options" => self.stream_options(value),
            "max_tokens" | "max_completion_tokens" => self.token_limit(name, value),
            "n" if self.request.n() > self.quirks.max_n => {
                let why = format!(
                    "it gives at most {} answer(s) a call, and no more than {MAX_PARALLEL_CALLS} calls are made for one request",
                    self.quirks.max_n
                );
                return Err(unsupported(self.target, "n", &why));
            }
            "temperature" => self.temperature(value),
            "logprobs" | "top_logprobs" if self.quirks.int_logprobs => self.logprobs(name),
            "response_format" => self.response_format(whole)?,
            "tools" | "functions" => self.tools(name, value, whole)?,
            "tool_choice" | "function_call" => self.tool_choice(name, value, whole)?,
            "reasoning_effort" if self.effort.is_some() => {}
            _ => self.writer.keep(whole),
        }
        Ok(())
    }

    /// Leaves a member out, or refuses the call where the operator wants that. `n: 1` says nothing.
    fn drop(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        match name {
            "n" if self.request.n() == 1 => return Ok(()),
            "n" => {
                let why = format!(
                    "it gives one answer a call, and no more than {MAX_PARALLEL_CALLS} calls are made for one request"
                );
                return Err(unsupported(self.target, "n", &why));
            }
            "stream_options" => return Ok(()),
            "logprobs" if value == "false" => return Ok(()),
            _ => {}
        }
        if self.target.refuse_unsupported {
            return Err(unsupported(self.target, name, "the provider does not know this parameter"));
        }
        self.dropped.push(name.to_owned());
        Ok(())
    }

    fn refused_when_reasoning(&self, name: &str, value: &str) -> bool {
        let effort = self.effort.or_else(|| self.request.raw("reasoning_effort").map(|raw| raw.trim_matches('"')));
        refused_when_reasoning(self.target, effort, name, value)
    }

    fn stream_options(&mut self, value: &str) {
        if !(self.request.stream() && self.quirks.stream_options) {
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
        self.writer.put(name, value.as_bytes());
    }

    fn temperature(&mut self, value: &str) {
        let highest = self.quirks.max_temperature;
        match (value.parse::<f64>(), highest) {
            (Ok(wanted), Some(highest)) if wanted > highest => {
                self.writer.put("temperature", highest.to_string().as_bytes());
            }
            _ => self.writer.put("temperature", value.as_bytes()),
        }
    }

    /// One number instead of a switch and a number.
    fn logprobs(&mut self, name: &str) {
        if name == "logprobs" && self.request.shape().logprobs {
            let top = self.request.raw("top_logprobs").unwrap_or("1");
            self.writer.put("logprobs", top.as_bytes());
        }
    }

    fn response_format(&mut self, whole: &str) -> Result<(), ApiError> {
        let shape = self.request.shape();
        let wanted = match (shape.json_schema, shape.json_object) {
            (true, _) => Formats::JsonSchema,
            (_, true) => Formats::JsonObject,
            _ => Formats::Text,
        };
        if wanted > self.quirks.formats {
            let why = "the provider cannot keep an answer to a schema: ask for json_object, or choose another model";
            return Err(unsupported(self.target, "response_format", why));
        }
        self.writer.keep(whole);
        Ok(())
    }

    fn tools(&mut self, name: &str, value: &str, whole: &str) -> Result<(), ApiError> {
        if self.quirks.tool_choices == ToolChoices::NoTools {
            let forced =
                self.request.raw("tool_choice").is_some_and(|choice| choice != "\"auto\"" && choice != "\"none\"");
            if forced {
                return Err(unsupported(self.target, name, "the provider has no tools"));
            }
            return self.drop(name, value);
        }
        if !self.quirks.strips_strict {
            self.writer.keep(whole);
            return Ok(());
        }
        let mut tools: Vec<Value> = serde_json::from_str(value).unwrap_or_default();
        for tool in &mut tools {
            if let Some(function) = tool.get_mut("function").and_then(Value::as_object_mut) {
                function.remove("strict");
            }
        }
        self.writer.put(name, Value::Array(tools).to_string().as_bytes());
        Ok(())
    }

    fn tool_choice(&mut self, name: &str, value: &str, whole: &str) -> Result<(), ApiError> {
        let plain = matches!(value, "\"auto\"" | "\"none\"");
        match self.quirks.tool_choices {
            ToolChoices::All => self.writer.keep(whole),
            ToolChoices::AutoNone if plain => self.writer.keep(whole),
            ToolChoices::Absent | ToolChoices::NoTools if plain => {}
            _ => return Err(unsupported(self.target, name, "the provider cannot be made to call a tool")),
        }
        Ok(())
    }
}
