//! Embeddings of Gemini's API and of Vertex: texts in their three forms, and their answers in OpenAI's.
//!
//! | where | models | action | texts a call |
//! |---|---|---|---|
//! | Gemini | all | `batchEmbedContents` | 100 |
//! | Vertex | `gemini-embedding-001` | `predict` | 1 |
//! | Vertex | other `gemini-…` | `batchEmbedContents`, settings in `embedContentConfig` | 100 |
//! | Vertex | `text-embedding-…` and before | `predict` | 250 |

#![expect(
    clippy::indexing_slicing,
    reason = "reading a JSON value by name gives null where nothing is, and never panics"
)]

use super::request::path;
use crate::base::ApiError;
use crate::wire::embeddings::EmbeddingsRequest;
use crate::wire::fault::Fault;
use crate::wire::policy::unsupported;
use crate::wire::target::{Outgoing, Target};
use crate::wire::vertex;
use bytes::Bytes;
use serde_json::{Value, json};
use std::borrow::Cow;

/// Which form a model's embeddings have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Batch,
    BatchAtVertex,
    Predict,
}

fn form(target: &Target<'_>) -> Form {
    let newer = target.model.starts_with("gemini") && !target.model.starts_with("gemini-embedding-001");
    match target.quirks.publisher {
        None => Form::Batch,
        Some(_) if newer => Form::BatchAtVertex,
        Some(_) => Form::Predict,
    }
}

/// Writes the request.
///
/// # Errors
/// `unsupported_parameter` where the input is tokens: there is nothing to decode them with.
pub(crate) fn encode(request: &EmbeddingsRequest, target: &Target<'_>) -> Result<Outgoing, ApiError> {
    if request.has_tokens() {
        let why = format!("{} takes texts, no tokens: send the text itself", target.quirks.kind);
        return Err(unsupported("input", &why));
    }
    let input: Value = request.raw("input").and_then(|input| serde_json::from_str(input).ok()).unwrap_or_default();
    let texts = if let Value::Array(texts) = input { texts } else { vec![input] };
    let dimensions: Option<u64> = request.raw("dimensions").and_then(|size| size.parse().ok());
    let sized = |mut body: Value| {
        if let Some(dimensions) = dimensions {
            body["outputDimensionality"] = json!(dimensions);
        }
        body
    };
    let content = |text: &Value| json!({"parts": [{"text": text}]});
    let (path, body) = match form(target) {
        Form::Batch => {
            let model = target.model.strip_prefix("models/").unwrap_or(target.model);
            let model = format!("models/{model}");
            let requests = texts.iter().map(|text| sized(json!({"model": model, "content": content(text)})));
            (path(target.model, "batchEmbedContents"), json!({"requests": requests.collect::<Vec<_>>()}))
        }
        Form::BatchAtVertex => {
            let config = sized(json!({}));
            let requests = texts.iter().map(|text| json!({"content": content(text), "embedContentConfig": config}));
            let path = vertex::google(target.model, "batchEmbedContents");
            (Cow::Owned(path), json!({"requests": requests.collect::<Vec<_>>()}))
        }
        Form::Predict => {
            let instances: Vec<_> = texts.iter().map(|text| json!({"content": text})).collect();
            let parameters = sized(json!({"autoTruncate": false}));
            let path = vertex::google(target.model, "predict");
            (Cow::Owned(path), json!({"instances": instances, "parameters": parameters}))
        }
    };
    let body = Bytes::from(body.to_string());
    Ok(Outgoing { path, headers: Vec::new(), body, dropped: Vec::new(), stream: false })
}

/// The answer as OpenAI's list. Vectors that were shortened have length 1 again, which the server does not see to.
///
/// # Errors
/// The answer holds no vectors.
pub(crate) fn as_list(answer: &Value, shortened: bool) -> Result<Value, Fault> {
    let nonsense = || Fault::nonsense("the provider's answer holds no vectors");
    let mut tokens = answer["usageMetadata"]["promptTokenCount"].as_u64();
    let vectors: Vec<&Value> = if let Some(predictions) = answer["predictions"].as_array() {
        let counts = predictions.iter().map(|one| one["embeddings"]["statistics"]["token_count"].as_f64());
        #[expect(clippy::cast_possible_truncation, reason = "a count of tokens; casts saturate")]
        let sum = counts.sum::<Option<f64>>().map(|count| count as u64);
        tokens = sum;
        predictions.iter().map(|one| &one["embeddings"]["values"]).collect()
    } else {
        answer["embeddings"].as_array().ok_or_else(nonsense)?.iter().map(|one| &one["values"]).collect()
    };
    let mut data = Vec::with_capacity(vectors.len());
    for (index, vector) in vectors.into_iter().enumerate() {
        let vector = if shortened { unit(vector).ok_or_else(nonsense)? } else { vector.clone() };
        data.push(json!({"index": index, "embedding": vector}));
    }
    let usage = tokens.map_or(Value::Null, |tokens| json!({"prompt_tokens": tokens}));
    Ok(json!({"data": data, "usage": usage}))
}

/// A vector scaled to the length 1; one of zeros stays.
fn unit(vector: &Value) -> Option<Value> {
    let numbers = vector.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>()?;
    let length = numbers.iter().map(|number| number * number).sum::<f64>().sqrt();
    let scale = if length > 0.0 { length.recip() } else { 1.0 };
    Some(numbers.into_iter().map(|number| number * scale).collect())
}
