//! Embeddings, in each model's own words: Titan takes one text a call, Cohere's models up to 96.

use super::request::path;
use crate::base::ApiError;
use crate::wire::fault::Fault;
use crate::wire::policy::unsupported;
use crate::wire::quirks::{Quirks, quirks};
use crate::wire::target::{Outgoing, Target};
use bytes::Bytes;
use http::HeaderValue;
use http::header::ACCEPT;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Models by what one call for embeddings takes.
static TITAN: LazyLock<Quirks> = LazyLock::new(|| Quirks { max_embedding_inputs: 1, ..*quirks("bedrock") });
static COHERE: LazyLock<Quirks> = LazyLock::new(|| Quirks { max_embedding_inputs: 96, ..*quirks("bedrock") });

/// The row of a model at Bedrock, where it takes but so many texts a call.
pub(crate) fn row(model: &str) -> Option<&'static Quirks> {
    if model.contains("titan-embed-text") {
        Some(&TITAN)
    } else if model.contains("cohere.embed-") {
        Some(&COHERE)
    } else {
        None
    }
}

/// What to call. `texts`: the input, where it is all texts; `dimensions`: the length of the vectors, where it is asked for.
///
/// # Errors
/// `unsupported_parameter` for what this model does not take.
pub(crate) fn encode_embeddings(
    texts: Option<&[String]>,
    dimensions: Option<u64>,
    target: &Target<'_>,
) -> Result<Outgoing, ApiError> {
    let texts = texts.ok_or_else(|| unsupported("input", "Bedrock takes texts, not tokens: send the text itself."))?;
    let model = target.model;
    let mut body = if model.contains("titan-embed-text") {
        let [text] = texts else {
            return Err(unsupported("input", "Titan takes one text a call: send one, or choose a model of Cohere's."));
        };
        json!({ "inputText": text })
    } else if model.contains("cohere.embed-") {
        json!({"texts": texts, "input_type": "search_document", "truncate": "NONE", "embedding_types": ["float"]})
    } else {
        let why = "At Bedrock, embeddings are served of Titan's text models and of Cohere's: choose one of these.";
        return Err(unsupported("model", why));
    };
    if let (Some(dimensions), Some(members)) = (dimensions, body.as_object_mut()) {
        let name = match model {
            model if model.contains("titan-embed-text-v2") => "dimensions",
            model if model.contains("cohere.embed-v4") => "output_dimension",
            _ => return Err(unsupported("dimensions", "This model's vectors have one length: leave it out.")),
        };
        members.insert(name.to_owned(), json!(dimensions));
    }
    Ok(Outgoing {
        path: path(model, "invoke"),
        headers: vec![(ACCEPT, HeaderValue::from_static("application/json"))],
        body: Bytes::from(body.to_string()),
        dropped: Vec::new(),
        stream: false,
    })
}

/// The vectors of an answer as OpenAI lists them.
///
/// # Errors
/// It holds none.
pub(crate) fn decode_embeddings(answer: &Value) -> Result<Value, Fault> {
    let listed = |name: &str| answer.get("embeddings").map(|all| all.get(name).unwrap_or(all));
    let vectors: Vec<&Value> = match (answer.get("embedding"), listed("float").and_then(Value::as_array)) {
        (Some(vector), _) => vec![vector],
        (None, Some(vectors)) => vectors.iter().collect(),
        (None, None) => return Err(Fault::nonsense("the provider's answer holds no vectors")),
    };
    let data: Vec<Value> =
        vectors.into_iter().enumerate().map(|(index, vector)| json!({"index": index, "embedding": vector})).collect();
    let mut whole = json!({ "data": data });
    if let (Some(tokens), Some(members)) = (answer.get("inputTextTokenCount"), whole.as_object_mut()) {
        members.insert("usage".to_owned(), json!({ "prompt_tokens": tokens }));
    }
    Ok(whole)
}
