//! Google's Vertex AI: models of several makers, each in its maker's dialect, at addresses of Vertex's own.
//!
//! A call is written in the maker's dialect first; here it gets its address after
//! `/v1beta1/projects/{project}/locations/{location}`, and what Vertex wants otherwise in the body.

use super::quirks::{COMMON, OPENAI, Quirks, quirks};
use super::splice::{Writer, members};
use super::target::{Dialect, Outgoing, segment};
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Whose models these are, as far as address and body depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publisher {
    /// Google: Gemini, Gemma, embeddings; and endpoints of the customer's own.
    Google,
    /// Anthropic.
    Anthropic,
    /// A partner by this name, in OpenAI's dialect at an address for each model.
    Partner(&'static str),
    /// Everybody else, in OpenAI's dialect at one address.
    Garden,
}

/// What Vertex serves of Anthropic's API but under no such name.
const ABSENT: [&str; 4] = ["container", "inference_geo", "service_tier", "speed"];

/// Claude: images by address are fetched for it.
static CLAUDE: Quirks = Quirks {
    kind: "vertex",
    dialect: Dialect::AnthropicMessages,
    embeddings: None,
    max_n: 1,
    inline_images_only: true,
    publisher: Some(Publisher::Anthropic),
    ..OPENAI
};

static GARDEN: Quirks = Quirks { kind: "vertex", embeddings: None, publisher: Some(Publisher::Garden), ..COMMON };

/// Embeddings that come by `predict`: the older Gemini model takes one text a call, the models before it more.
static GEMINI_EMBEDDING: LazyLock<Quirks> = LazyLock::new(|| Quirks { max_embedding_inputs: 1, ..*quirks("vertex") });
static TEXT_EMBEDDING: LazyLock<Quirks> = LazyLock::new(|| Quirks { max_embedding_inputs: 250, ..*quirks("vertex") });

/// Partners deviate from OpenAI's dialect as at their own addresses.
static MISTRAL: LazyLock<Quirks> = LazyLock::new(|| partner("mistral", "mistralai"));
static AI21: LazyLock<Quirks> = LazyLock::new(|| partner("ai21", "ai21"));

fn partner(kind: &str, publisher: &'static str) -> Quirks {
    Quirks { kind: "vertex", embeddings: None, publisher: Some(Publisher::Partner(publisher)), ..*quirks(kind) }
}

/// The row of a model at Vertex by its name, where it is not Google's: models of the garden are `maker/model`.
#[must_use]
pub(super) fn row(model: &str) -> Option<&'static Quirks> {
    let starts = |names: &[&str]| names.iter().any(|name| model.starts_with(name));
    if starts(&["claude"]) {
        Some(&CLAUDE)
    } else if starts(&["mistral-", "mistral@", "ministral", "codestral"]) {
        Some(&MISTRAL)
    } else if starts(&["jamba"]) {
        Some(&AI21)
    } else if model.contains('/') && !starts(&["endpoints/"]) {
        Some(&GARDEN)
    } else if starts(&["gemini-embedding-001"]) {
        Some(&GEMINI_EMBEDDING)
    } else if model.contains("embedding") && !starts(&["gemini"]) {
        Some(&TEXT_EMBEDDING)
    } else {
        None
    }
}

/// The call as Vertex takes it.
pub(super) fn at_vertex(mut outgoing: Outgoing, publisher: Publisher, model: &str, version: &str) -> Outgoing {
    let action = if outgoing.stream { "streamRawPredict" } else { "rawPredict" };
    match publisher {
        Publisher::Google => {
            // `/models/{model}:{action}`
            let action = outgoing.path.rsplit_once(':').map_or("generateContent", |(_, action)| action);
            outgoing.path = Cow::Owned(google(model, action));
        }
        Publisher::Anthropic => {
            outgoing.headers.retain(|(name, _)| name != "anthropic-version");
            (outgoing.body, outgoing.dropped) = claude(&outgoing.body, outgoing.dropped, version);
            outgoing.path = Cow::Owned(format!("/publishers/anthropic/models/{}:{action}", name(model)));
        }
        Publisher::Partner(partner) => {
            outgoing.path = Cow::Owned(format!("/publishers/{partner}/models/{}:{action}", name(model)));
        }
        Publisher::Garden => outgoing.path = Cow::Owned(format!("/endpoints/openapi{}", outgoing.path)),
    }
    outgoing
}

/// Where an action of one of Google's models is. A tuned model is an endpoint of the customer's own.
pub(super) fn google(model: &str, action: &str) -> String {
    match model.strip_prefix("endpoints/") {
        Some(endpoint) => format!("/endpoints/{}:{action}", segment(endpoint)),
        None => format!("/publishers/google/models/{}:{action}", name(model)),
    }
}

/// A model's name in a path: its version stands behind an `@`, as it is.
fn name(model: &str) -> String {
    segment(model).replace("%40", "@")
}

/// What Gemini's own API says in `serviceTier`, Vertex takes in headers.
#[must_use]
pub(super) fn tier(tier: &'static str) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static("x-vertex-ai-llm-shared-request-type"), HeaderValue::from_static(tier))
}

/// A question for the number of tokens: the model stays in the body, and the path is one for all of them.
pub(super) fn count(mut outgoing: Outgoing, version: &str) -> Outgoing {
    outgoing.headers.retain(|(name, _)| name != "anthropic-version");
    let text = std::str::from_utf8(&outgoing.body).unwrap_or_default();
    if let Some(rest) = text.strip_prefix('{') {
        let version = serde_json::Value::from(version);
        outgoing.body = Bytes::from(format!("{{\"anthropic_version\":{version},{rest}"));
    }
    outgoing.path = Cow::Borrowed("/publishers/anthropic/models/count-tokens:rawPredict");
    outgoing
}

/// A Messages request without its model, which stands in the path, and with the version of Vertex's form of it.
fn claude(body: &Bytes, mut dropped: Vec<String>, version: &str) -> (Bytes, Vec<String>) {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let Ok(members) = members(text) else { return (body.clone(), dropped) };
    let mut writer = Writer::new(body.len() + 64);
    let version = serde_json::to_vec(version).unwrap_or_default();
    writer.put("anthropic_version", &version);
    for member in &members {
        match &*member.name {
            "model" | "anthropic_version" => {}
            name if ABSENT.contains(&name) => dropped.push(name.to_owned()),
            _ => writer.keep(text.get(member.whole.clone()).unwrap_or_default()),
        }
    }
    (Bytes::from(writer.finish()), dropped)
}
