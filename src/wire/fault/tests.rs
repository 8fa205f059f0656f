use super::*;
use crate::wire::quirks::quirks;

fn fault(status: u16, body: &str) -> Fault {
    Fault::from_response(quirks("openai"), status, &HeaderMap::new(), body.as_bytes(), Timestamp(0))
}

#[test]
fn every_body_form_gives_its_message() {
    for body in [
        r#"{"error":{"message":"too hot","type":"invalid_request_error","param":null,"code":null}}"#,
        r#"{"error":"too hot"}"#,
        r#"{"object":"error","message":"too hot","type":"x","param":null,"code":"3230"}"#,
        r#"{"detail":"too hot"}"#,
        r#"{"detail":{"error":"too hot"}}"#,
        r#"{"detail":[{"loc":["body","temperature"],"msg":"too hot","type":"value_error"}]}"#,
        r#"{"fault":{"faultstring":"too hot","detail":{"errorcode":"x"}}}"#,
        r#"{"code":400,"reason":"INVALID_REQUEST_BODY","message":"too hot","metadata":{}}"#,
    ] {
        let fault = fault(422, body);
        assert_eq!(
            (fault.message.as_str(), fault.side, fault.retry),
            ("too hot", Side::Client, Retry::Never),
            "{body}"
        );
    }
    assert_eq!(fault(422, r#"{"detail":[{"loc":["body","t"],"msg":"m"}]}"#).param.as_deref(), Some("t"));
    assert!(fault(400, "<html>no</html>").message.contains("400"));
}

#[test]
fn whose_fault_and_where_to_go() {
    for (status, body, side, retry, code) in [
        (401, "{}", Side::Operator, Retry::OtherTarget, Code::ProviderError),
        (402, "{}", Side::Operator, Retry::OtherTarget, Code::ProviderError),
        (
            429,
            r#"{"error":{"message":"x","code":"insufficient_quota"}}"#,
            Side::Operator,
            Retry::OtherTarget,
            Code::ProviderError,
        ),
        (429, "{}", Side::Upstream, Retry::SameTarget, Code::ProviderRateLimited),
        (
            400,
            r#"{"error":{"message":"maximum context length is 5","code":"context_length_exceeded"}}"#,
            Side::Client,
            Retry::OtherTarget,
            Code::ContextLengthExceeded,
        ),
        (404, "{}", Side::Client, Retry::OtherTarget, Code::ModelNotFound),
        (400, "{}", Side::Client, Retry::Never, Code::InvalidRequest),
        (500, "{}", Side::Upstream, Retry::SameTarget, Code::ProviderError),
        (529, "{}", Side::Upstream, Retry::SameTarget, Code::ProviderError),
        (302, "", Side::Upstream, Retry::OtherTarget, Code::ProviderError),
    ] {
        let fault = fault(status, body);
        assert_eq!((fault.side, fault.retry, fault.code), (side, retry, code), "{status} {body}");
    }
}

#[test]
fn what_is_too_long_is_said_in_the_words_that_clients_look_for() {
    for (said, told) in [
        (
            "prompt is too long: 9 tokens > 8 maximum",
            "This model's maximum context length is exceeded: prompt is too long: 9 tokens > 8 maximum",
        ),
        ("This model's maximum context length is 8 tokens.", "This model's maximum context length is 8 tokens."),
    ] {
        let body = serde_json::json!({"error": {"message": said, "code": "context_length_exceeded"}});
        assert_eq!(fault(400, &body.to_string()).message, told);
    }
    // Who gives no code says it in words.
    for said in [
        "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 64 `max_new_tokens`",
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    ] {
        let body = serde_json::json!({"error": said});
        assert_eq!(fault(400, &body.to_string()).code, Code::ContextLengthExceeded, "{said}");
    }
}

#[test]
fn retry_hints_come_in_five_forms() {
    let now = Timestamp(784_111_770_000_000);
    let hinted = |name: &'static str, value: &'static str| {
        let headers =
            HeaderMap::from_iter([(http::HeaderName::from_static(name), http::HeaderValue::from_static(value))]);
        Fault::from_response(quirks("openai"), 429, &headers, b"", now).retry_after
    };
    assert_eq!(hinted("retry-after", "7"), Some(Duration::from_secs(7)));
    assert_eq!(hinted("retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
    assert_eq!(hinted("retry-after", "1m30.5s"), Some(Duration::from_millis(90_500)));
    assert_eq!(hinted("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(7)));
    assert_eq!(hinted("retry-after", "soon"), None);
    let google = r#"{"error":{"code":429,"details":[{"retryDelay":"7.5s"}]}}"#;
    assert_eq!(fault(429, google).retry_after, Some(Duration::from_millis(7500)));
}

#[test]
fn secrets_and_addresses_are_not_handed_on() {
    let fault =
        fault(400, r#"{"error":{"message":"bad key sk-abc at https://internal:8080/x for req_0123456789abcdef0123"}}"#);
    assert_eq!(fault.message, "bad key … at … for …");
}
