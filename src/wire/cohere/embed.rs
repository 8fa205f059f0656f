//! `/v2/embed`: what the texts are for has to be said, and vectors come by their types.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a JSON value by name gives null where nothing is, and never panics"
)]

use crate::base::ApiError;
use crate::wire::embeddings::EmbeddingsRequest;
use crate::wire::fault::Fault;
use crate::wire::policy::unsupported;
use crate::wire::splice::Writer;
use crate::wire::target::{Outgoing, Target};
use bytes::Bytes;
use serde_json::{Value, json};
use std::borrow::Cow;

/// What texts are for where the caller does not say.
const DOCUMENTS: &str = "\"search_document\"";
/// A text that is too long is an error, as at OpenAI, unless the caller says otherwise.
const REFUSE: &str = "\"NONE\"";

/// The call.
///
/// # Errors
/// The input is tokens, which are numbers of another vocabulary.
pub(crate) fn encode(
    request: &EmbeddingsRequest,
    target: &Target<'_>,
    path: &'static str,
) -> Result<Outgoing, ApiError> {
    if request.has_tokens() {
        let why = "Cohere reads text, and these are tokens of another vocabulary: send the texts themselves.";
        return Err(unsupported("input", why));
    }
    let input = request.raw("input").unwrap_or_default();
    let mut writer = Writer::new(input.len() + 256);
    writer.put("model", &serde_json::to_vec(target.model).unwrap_or_default());
    if input.starts_with('[') {
        writer.put("texts", input.as_bytes());
    } else {
        writer.put("texts", format!("[{input}]").as_bytes());
    }
    writer.put("input_type", request.raw("input_type").unwrap_or(DOCUMENTS).as_bytes());
    writer.put("embedding_types", b"[\"float\"]");
    writer.put("truncate", request.raw("truncate").unwrap_or(REFUSE).as_bytes());
    if let Some(size) = request.raw("dimensions") {
        writer.put("output_dimension", size.as_bytes());
    }
    let ours = ["model", "input", "input_type", "truncate", "dimensions", "encoding_format", "user"];
    let dropped = request.names().filter(|name| !ours.contains(name)).map(str::to_owned).collect();
    Ok(Outgoing {
        path: Cow::Borrowed(path),
        headers: Vec::new(),
        body: Bytes::from(writer.finish()),
        dropped,
        stream: false,
    })
}

/// An answer in OpenAI's form.
///
/// # Errors
/// It holds no vectors.
pub(crate) fn read(mut answer: Value) -> Result<Value, Fault> {
    let Value::Array(vectors) = answer["embeddings"]["float"].take() else {
        return Err(Fault::inside(&answer));
    };
    let data: Vec<Value> = vectors
        .into_iter()
        .enumerate()
        .map(|(index, vector)| json!({"object": "embedding", "index": index, "embedding": vector}))
        .collect();
    let tokens = &answer["meta"]["billed_units"]["input_tokens"];
    let usage = crate::wire::openai::whole_count(tokens.as_f64());
    let usage = if tokens.is_null() { Value::Null } else { json!({"prompt_tokens": usage}) };
    Ok(json!({"object": "list", "data": data, "usage": usage}))
}
