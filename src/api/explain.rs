//! `POST /v1/routing/explain`: what the next request like this one would get. Changes nothing.

use super::input::{object, unknown};
use super::{Answer, Request, ok_in};
use crate::base::{ApiError, Code, limits};
use crate::resource::decision::Reason;
use crate::resource::explain::Language;
use crate::resource::{Decision, StoredDecision};
use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// What of a decision an explanation tells under the same name.
const TOLD: &[&str] = &[
    "routing_rule_id",
    "phase",
    "weights",
    "candidates",
    "filtered",
    "confidence",
    "confidence_reason",
    "explanation",
    "explanation_detail",
];

fn bad(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

/// Headers that say who asks or how it came here: never looked at.
fn is_dropped(name: &HeaderName) -> bool {
    [AUTHORIZATION, COOKIE, HOST].contains(name)
        || name.as_str().starts_with("x-forwarded-")
        || name.as_str().starts_with("x-real-ip")
}

/// The chat request and its headers: wrapped, or the flat chat body with the headers that it came with.
fn asked(body: &Bytes, own: &HeaderMap) -> Result<(Bytes, HeaderMap), ApiError> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        request: &'a RawValue,
    }
    let keys = object(body, limits::MAX_EXPLAIN_BODY)?;
    if !keys.contains_key("request") || keys.contains_key("messages") {
        let kept = own.iter().filter(|(name, _)| !is_dropped(name));
        return Ok((body.clone(), kept.map(|(name, value)| (name.clone(), value.clone())).collect()));
    }
    if let Some(key) = keys.keys().find(|key| !["request", "headers"].contains(&key.as_str())) {
        return Err(unknown("key", key, &["request", "headers"]));
    }
    if !keys.get("request").is_some_and(Value::is_object) {
        return Err(bad("request", "request takes the body of a chat call"));
    }
    let Wrapped { request } = serde_json::from_slice(body)
        .map_err(|_| ApiError::new(Code::InvalidBody, "the body must be one JSON object"))?;
    let headers = match keys.get("headers") {
        None | Some(Value::Null) => HeaderMap::new(),
        Some(given) => headers(given)?,
    };
    Ok((body.slice_ref(request.get().as_bytes()), headers))
}

fn headers(given: &Value) -> Result<HeaderMap, ApiError> {
    let takes = || bad("headers", "headers takes an object of names and texts");
    let pairs: HashMap<&str, &str> = given
        .as_object()
        .ok_or_else(takes)?
        .iter()
        .map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect::<Option<_>>()
        .ok_or_else(takes)?;
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let header = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value).ok());
        let Some((name, value)) = header else {
            let shown: String = name.chars().take(limits::MAX_LABEL_BYTES).collect();
            return Err(bad("headers", format!("{shown:?} with its value is no header")));
        };
        if !is_dropped(&name) {
            headers.insert(name, value);
        }
    }
    Ok(headers)
}

/// Explains.
pub(crate) async fn explain(request: Request) -> Answer {
    let (body, headers) = asked(&request.body, &request.headers)?;
    let language = request.language();
    let decision = request.gateway.foresee(request.caller, &headers, body, request.id)?;
    ok_in(language, &told(decision, language))
}

fn told(decision: Decision, language: Language) -> Value {
    let blocked = decision.reason == Reason::FirewallBlocked;
    let mut answer = Map::from_iter([
        ("dry_run".to_owned(), json!(true)),
        ("would_select".to_owned(), json!(decision.winner.as_ref().filter(|_| !blocked))),
        ("firewall_decision".to_owned(), json!(if blocked { "block_input" } else { "allow" })),
        ("reasoning".to_owned(), json!(decision.floopy_reason)),
        ("strategy_id".to_owned(), json!(decision.routing_strategy)),
    ]);
    let mut seen = StoredDecision::unstored(decision).to_json(language);
    for key in TOLD {
        answer.insert((*key).to_owned(), seen.get_mut(*key).map_or(Value::Null, Value::take));
    }
    Value::Object(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(body: &Value) -> Result<(Value, Vec<String>), String> {
        let mut own = HeaderMap::new();
        for name in ["authorization", "cookie", "host", "x-forwarded-for", "x-real-ip", "floopy-route"] {
            own.insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
        }
        let (body, headers) = asked(&Bytes::from(body.to_string()), &own).map_err(|error| error.message)?;
        let names = headers.keys().map(|name| name.as_str().to_owned()).collect();
        Ok((serde_json::from_slice(&body).unwrap(), names))
    }

    #[test]
    fn both_forms_are_read_and_what_says_who_asks_is_dropped() {
        let chat = json!({"model": "auto", "messages": []});
        assert_eq!(ask(&chat), Ok((chat.clone(), vec!["floopy-route".to_owned()])));
        let given = json!({"Authorization": "x", "Cookie": "x", "Host": "x", "X-Forwarded-Proto": "x", "x-real-ip-2": "x",
            "floopy-session-id": "s"});
        let wrapped = json!({"request": chat, "headers": given});
        assert_eq!(ask(&wrapped), Ok((chat.clone(), vec!["floopy-session-id".to_owned()])));
        assert_eq!(ask(&json!({"request": chat})), Ok((chat, vec![])));
    }

    #[test]
    fn what_is_neither_form_is_refused() {
        for (body, says) in [
            (json!({"request": {}, "header": {}}), "did you mean \"headers\"?"),
            (json!({"request": "x"}), "takes the body of a chat call"),
            (json!({"request": {}, "headers": {"a": 1}}), "names and texts"),
            (json!({"request": {}, "headers": {"a b": "x"}}), "is no header"),
            (json!([]), "one JSON object"),
        ] {
            let message = ask(&body).unwrap_err();
            assert!(message.contains(says), "{body}: {message}");
        }
        let long = json!({"model": "x".repeat(64 << 10)});
        assert!(ask(&long).unwrap_err().contains("longer than 65536 bytes"));
    }
}
