//! `POST /v1/embeddings`: texts to vectors, as floats or base64.

#![expect(
    clippy::indexing_slicing,
    reason = "reading a JSON value by name gives null where nothing is, and never panics"
)]

use super::bedrock;
use super::chat::{not_json, text_of};
use super::cohere;
use super::fault::Fault;
use super::gemini;
use super::splice::{Member, Writer, members};
use super::target::{Dialect, Outgoing, Target};
use super::tokens;
use crate::base::model::TokenUsage;
use crate::base::{ApiError, Code, Retry, limits};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;

/// One embeddings request.
#[derive(Debug)]
pub struct EmbeddingsRequest {
    body: Bytes,
    members: Vec<Member>,
    model: String,
    user: Option<String>,
    base64: bool,
    texts: usize,
    has_tokens: bool,
}

/// A whole answer in OpenAI's form.
#[derive(Debug)]
pub struct DecodedEmbeddings {
    /// The body for the client.
    pub body: Bytes,
    /// Tokens.
    pub usage: Option<TokenUsage>,
}

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

impl EmbeddingsRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// `invalid_body` or `invalid_request` with `param`.
    pub fn parse(body: Bytes) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        struct Body {
            model: Option<String>,
            input: Option<Value>,
            encoding_format: Option<String>,
            dimensions: Option<Value>,
            user: Option<String>,
        }
        let text = text_of(&body)?;
        let members = members(text).map_err(|error| not_json(&error))?;
        let read: Body = serde_json::from_str(text)
            .map_err(|error| ApiError::new(Code::InvalidRequest, format!("the body cannot be read: {error}")))?;
        let model = read.model.filter(|model| !model.is_empty()).ok_or_else(|| bad("model", "model is missing"))?;
        let base64 = match read.encoding_format.as_deref() {
            None | Some("float") => false,
            Some("base64") => true,
            Some(_) => return Err(bad("encoding_format", "encoding_format takes float or base64")),
        };
        if read.dimensions.is_some_and(|size| size.as_u64().unwrap_or(0) == 0) {
            return Err(bad("dimensions", "dimensions must be a whole number above 0"));
        }
        let (texts, has_tokens) = texts(&read.input.ok_or_else(|| bad("input", "input is missing"))?)?;
        Ok(Self { body: body.clone(), members, model, user: read.user, base64, texts, has_tokens })
    }

    /// `model` as the client wrote it.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The end user.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Whether the input is tokens instead of texts.
    pub(super) fn has_tokens(&self) -> bool {
        self.has_tokens
    }

    /// The JSON text of a top-level member; `None` where it is absent or `null`.
    pub(super) fn raw(&self, name: &str) -> Option<&str> {
        let member = self.members.iter().find(|member| &*member.name == name)?;
        self.text().get(member.value.clone()).filter(|text| *text != "null")
    }

    /// The names of the top-level members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| &*member.name)
    }

    /// The same request in several, each with at most this many texts; `None` where one does.
    #[must_use]
    pub fn pieces(&self, most: usize) -> Option<Vec<Self>> {
        if self.texts <= most {
            return None;
        }
        let inputs: Vec<&RawValue> = serde_json::from_str(self.raw("input")?).ok()?;
        let pieces = inputs.chunks(most.max(1)).map(|inputs| {
            let list: Vec<&str> = inputs.iter().map(|input| input.get()).collect();
            let list = ["[", &list.join(","), "]"].concat();
            let mut writer = Writer::new(list.len() + 256);
            for member in &self.members {
                match &*member.name {
                    "input" => writer.put("input", list.as_bytes()),
                    _ => writer.keep(self.text().get(member.whole.clone()).unwrap_or_default()),
                }
            }
            Self::parse(Bytes::from(writer.finish())).ok()
        });
        pieces.collect()
    }

    /// The input, where it is texts alone.
    fn plain_texts(&self) -> Option<Vec<String>> {
        let input = self.raw("input")?;
        let one = || serde_json::from_str::<String>(input).map(|text| vec![text]);
        serde_json::from_str(input).or_else(|_| one()).ok()
    }

    /// The length of the vectors that is asked for.
    fn dimensions(&self) -> Option<u64> {
        serde_json::from_str(self.raw("dimensions")?).ok()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("checked by parse, and never changed since")
    }
}

/// How many vectors the input asks for, and whether any is to be of tokens.
fn texts(input: &Value) -> Result<(usize, bool), ApiError> {
    let empty = || bad("input", "input is empty: give at least one text");
    let list = match input {
        Value::String(text) if text.is_empty() => return Err(empty()),
        Value::String(_) => return Ok((1, false)),
        Value::Array(list) if list.is_empty() => return Err(empty()),
        Value::Array(list) => list,
        _ => {
            return Err(bad(
                "input",
                "input takes a text, a list of texts, a list of tokens, or a list of lists of tokens",
            ));
        }
    };
    if list.iter().all(Value::is_u64) {
        return Ok((1, true));
    }
    let tokens = |item: &Value| item.as_array().is_some_and(|item| !item.is_empty() && item.iter().all(Value::is_u64));
    for (index, item) in list.iter().enumerate() {
        if item.as_str() == Some("") || !(item.is_string() || tokens(item)) {
            return Err(bad(
                &format!("input[{index}]"),
                format!("input[{index}] must be a text or a list of tokens, not empty"),
            ));
        }
    }
    if list.len() > limits::MAX_EMBEDDING_INPUTS {
        return Err(bad("input", format!("input takes at most {} texts", limits::MAX_EMBEDDING_INPUTS)));
    }
    Ok((list.len(), list.iter().any(Value::is_array)))
}

/// The call that this target understands.
///
/// # Errors
/// The provider has no embeddings.
pub fn encode_embeddings(request: &EmbeddingsRequest, target: &Target<'_>) -> Result<Outgoing, ApiError> {
    if target.dialect == Dialect::Bedrock {
        let texts = request.plain_texts();
        return bedrock::encode_embeddings(texts.as_deref(), request.dimensions(), target);
    }
    if target.dialect == Dialect::Gemini {
        return gemini::encode_embeddings(request, target);
    }
    let speaks = |dialect: Dialect| dialect.is_openai() && dialect != Dialect::Replay || dialect == Dialect::Cohere;
    let path = target.quirks.embeddings.filter(|_| speaks(target.dialect));
    let Some(path) = path else {
        let message = format!("{} has no embeddings: choose a model of another provider", target.quirks.kind);
        let mut error = ApiError::new(Code::UnsupportedParameter, message).param("model");
        error.retry = Retry::OtherTarget;
        return Err(error);
    };
    if target.dialect == Dialect::Cohere {
        return cohere::encode_embeddings(request, target, path);
    }
    let text = request.text();
    let mut writer = Writer::new(text.len() + 64);
    for member in &request.members {
        let whole = text.get(member.whole.clone()).unwrap_or_default();
        let value = text.get(member.value.clone()).unwrap_or_default();
        match &*member.name {
            "model" => writer.put("model", &serde_json::to_vec(target.model).unwrap_or_default()),
            // Floats are what everybody gives; base64 is ours to make.
            "encoding_format" if !target.quirks.clean => {}
            "user" if !target.quirks.clean => {}
            "dimensions" => writer.put(target.quirks.dimensions, value.as_bytes()),
            _ => writer.keep(whole),
        }
    }
    Ok(Outgoing {
        path: Cow::Owned(target.dialect.place(path, target.model)),
        headers: Vec::new(),
        body: Bytes::from(writer.finish()),
        dropped: Vec::new(),
        stream: false,
    })
}

/// The answer in OpenAI's form: all vectors there, in order, in the encoding that the client asked for.
///
/// # Errors
/// The answer is an error in disguise or holds no vectors.
pub fn decode_embeddings(
    request: &EmbeddingsRequest,
    target: &Target<'_>,
    body: Bytes,
) -> Result<DecodedEmbeddings, Fault> {
    let mut answer: Value =
        serde_json::from_slice(&body).map_err(|_| Fault::nonsense("the provider's answer is not JSON"))?;
    if !answer.is_object() {
        return Err(Fault::nonsense("the provider's answer is not an object"));
    }
    if answer["error"].is_object() {
        return Err(Fault::inside(&answer));
    }
    if target.dialect == Dialect::Cohere {
        answer = cohere::read_embeddings(answer)?;
    }
    if target.dialect == Dialect::Gemini {
        answer = gemini::as_list(&answer, request.raw("dimensions").is_some())?;
    }
    if target.dialect == Dialect::Bedrock {
        answer = bedrock::decode_embeddings(&answer)?;
    }
    let Some(data) = answer.get_mut("data").and_then(Value::as_array_mut).filter(|data| data.len() == request.texts)
    else {
        return Err(Fault::nonsense("the provider's answer does not hold one vector for each text"));
    };
    data.sort_by_key(|item| item["index"].as_u64().unwrap_or(u64::MAX));
    for (index, item) in data.iter_mut().enumerate() {
        let vector = recoded(&item["embedding"], request.base64)
            .ok_or_else(|| Fault::nonsense("the provider's answer holds a vector that cannot be read"))?;
        *item = json!({"object": "embedding", "index": index, "embedding": vector});
    }
    let given = answer["usage"]["prompt_tokens"].as_u64().or_else(|| answer["usage"]["total_tokens"].as_u64());
    let usage = TokenUsage {
        input: given.unwrap_or_else(|| tokens::count(request.text())),
        estimated: given.is_none(),
        ..TokenUsage::default()
    };
    answer["object"] = json!("list");
    if !answer["model"].is_string() {
        answer["model"] = json!(target.model);
    }
    answer["usage"] = json!({"prompt_tokens": usage.input, "total_tokens": usage.input});
    Ok(DecodedEmbeddings { body: Bytes::from(answer.to_string()), usage: Some(usage) })
}

/// One answer from those of several pieces, in their order.
///
/// # Errors
/// One of them is no answer, or there is none.
pub fn merge_embeddings(bodies: &[Bytes], usage: &TokenUsage) -> Result<Bytes, Fault> {
    let nonsense = || Fault::nonsense("the provider's answer holds no vectors");
    let mut merged: Option<Value> = None;
    let mut all = Vec::new();
    for body in bodies {
        let mut answer: Value = serde_json::from_slice(body).map_err(|_| nonsense())?;
        let Value::Array(data) = answer["data"].take() else { return Err(nonsense()) };
        all.extend(data);
        merged.get_or_insert(answer);
    }
    for (index, item) in all.iter_mut().enumerate() {
        item["index"] = json!(index);
    }
    let mut merged = merged.ok_or_else(nonsense)?;
    merged["data"] = Value::Array(all);
    merged["usage"] = json!({"prompt_tokens": usage.input, "total_tokens": usage.input});
    Ok(Bytes::from(merged.to_string()))
}

/// A vector in the wanted encoding: a list of numbers, or base64 of little-endian f32.
fn recoded(vector: &Value, base64: bool) -> Option<Value> {
    match (vector, base64) {
        (Value::String(_), true) | (Value::Array(_), false) => Some(vector.clone()),
        (Value::Array(numbers), true) => {
            #[expect(clippy::cast_possible_truncation, reason = "vectors are f32 by definition of the format")]
            let bytes = numbers
                .iter()
                .map(|number| Some((number.as_f64()? as f32).to_le_bytes()))
                .collect::<Option<Vec<_>>>()?;
            Some(Value::String(BASE64.encode(bytes.concat())))
        }
        (Value::String(text), false) => {
            let bytes = BASE64.decode(text).ok()?;
            let numbers = bytes.chunks_exact(4).map(|chunk| Some(json!(f32::from_le_bytes(chunk.try_into().ok()?))));
            numbers.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(input: &Value) -> EmbeddingsRequest {
        let body = json!({"model": "m", "input": input, "dimensions": 3, "own": 1.50});
        EmbeddingsRequest::parse(Bytes::from(body.to_string())).unwrap()
    }

    #[test]
    fn many_texts_are_several_requests_whose_answers_are_one() {
        assert!(request(&json!("a")).pieces(1).is_none());
        assert!(request(&json!([1, 2, 3])).pieces(1).is_none(), "tokens of one text");
        assert!(request(&json!(["a", "b"])).pieces(2).is_none());
        let pieces = request(&json!(["a", "é\"", [1, 2], "d", "e"])).pieces(2).unwrap();
        let inputs: Vec<&str> = pieces.iter().map(|piece| piece.raw("input").unwrap()).collect();
        assert_eq!(inputs, [r#"["a","é\""]"#, r#"[[1,2],"d"]"#, r#"["e"]"#]);
        assert!(pieces.iter().all(|piece| piece.raw("own") == Some("1.5") && piece.model() == "m"));
        let answer = |numbers: &[f64]| {
            let data: Vec<Value> = numbers.iter().map(|number| json!({"index": 0, "embedding": [number]})).collect();
            Bytes::from(json!({"object": "list", "model": "m", "data": data, "usage": {}}).to_string())
        };
        let usage = TokenUsage { input: 7, ..TokenUsage::default() };
        let merged = merge_embeddings(&[answer(&[1.0, 2.0]), answer(&[3.0])], &usage).unwrap();
        let merged: Value = serde_json::from_slice(&merged).unwrap();
        assert_eq!(merged["data"][2], json!({"index": 2, "embedding": [3.0]}));
        assert_eq!((&merged["usage"]["total_tokens"], &merged["object"]), (&json!(7), &json!("list")));
        assert!(merge_embeddings(&[answer(&[1.0]), Bytes::from_static(b"{}")], &usage).is_err());
        assert!(merge_embeddings(&[], &usage).is_err());
    }
}
