use super::*;
use crate::wire::{EmbeddingsRequest, decode_embeddings, encode_embeddings};

fn embeddings(more: &Value) -> EmbeddingsRequest {
    let mut body = json!({"model": "cohere/embed-v4.0", "input": ["a", "b"]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    EmbeddingsRequest::parse(Bytes::from(body.to_string())).unwrap()
}

#[test]
fn texts_are_sent_with_what_they_are_for() {
    let target = target("embed-v4.0", false);
    let sent = |more: Value| {
        let out = encode_embeddings(&embeddings(&more), &target).unwrap();
        assert_eq!(out.path, "/v2/embed");
        (serde_json::from_slice::<Value>(&out.body).unwrap(), out.dropped)
    };
    let (body, dropped) = sent(json!({"encoding_format": "base64", "user": "u"}));
    assert_eq!(
        body,
        json!({"model": "embed-v4.0", "texts": ["a", "b"], "input_type": "search_document",
            "embedding_types": ["float"], "truncate": "NONE"})
    );
    assert!(dropped.is_empty());
    let own = json!({"input": "one", "dimensions": 256, "input_type": "search_query", "truncate": "END", "x": 1});
    let (body, dropped) = sent(own);
    assert_eq!(
        body,
        json!({"model": "embed-v4.0", "texts": ["one"], "input_type": "search_query", "embedding_types": ["float"],
            "truncate": "END", "output_dimension": 256})
    );
    assert_eq!(dropped, ["x"]);
    for tokens in [json!([1, 2]), json!([[1], [2]])] {
        let error = encode_embeddings(&embeddings(&json!({"input": tokens})), &target).unwrap_err();
        assert_eq!((error.code.as_str(), error.param.as_deref()), ("unsupported_parameter", Some("input")));
    }
}

#[test]
fn vectors_come_back_as_floats_or_base64() {
    let target = target("embed-v4.0", false);
    let answer = json!({"id": "x", "embeddings": {"float": [[0.5, -0.5], [1, 0]]}, "texts": ["a", "b"],
        "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 2}}});
    let read = |more: Value, answer: &Value| {
        let decoded = decode_embeddings(&embeddings(&more), &target, Bytes::from(answer.to_string()))?;
        Ok::<_, crate::wire::Fault>((serde_json::from_slice::<Value>(&decoded.body).unwrap(), decoded.usage.unwrap()))
    };
    let (body, usage) = read(json!({}), &answer).unwrap();
    assert_eq!(body["data"][1], json!({"object": "embedding", "index": 1, "embedding": [1, 0]}));
    assert_eq!((&body["object"], &body["model"]), (&json!("list"), &json!("embed-v4.0")));
    assert_eq!((&body["usage"]["prompt_tokens"], usage.input, usage.estimated), (&json!(2), 2, false));
    let (body, _) = read(json!({"encoding_format": "base64"}), &answer).unwrap();
    assert_eq!(body["data"][0]["embedding"], "AAAAPwAAAL8=");
    for bad in [json!({"message": "no"}), json!({"embeddings": {"float": [[1]]}}), json!({"embeddings": {}})] {
        assert!(read(json!({}), &bad).is_err(), "{bad}");
    }
}
