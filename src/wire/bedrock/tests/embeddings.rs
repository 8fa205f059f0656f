//! Embeddings, there and back.

use super::*;
use crate::wire::{EmbeddingsRequest, decode_embeddings, encode_embeddings};

fn target(model: &str) -> Target<'_> {
    Target {
        quirks: crate::wire::quirks::of_model("bedrock", model),
        dialect: Dialect::Bedrock,
        model,
        info: None,
        refuse_unsupported: false,
        anthropic_version: "",
    }
}

fn request(members: Value) -> EmbeddingsRequest {
    let mut body = json!({"model": "r"});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    EmbeddingsRequest::parse(Bytes::from(body.to_string())).unwrap()
}

const TITAN: &str = "amazon.titan-embed-text-v2:0";
const COHERE: &str = "us.cohere.embed-v4:0";

#[test]
fn each_model_is_asked_in_its_own_words() {
    let sent = |model: &str, members: Value| {
        let outgoing = encode_embeddings(&request(members), &target(model)).unwrap();
        (outgoing.path.into_owned(), serde_json::from_slice::<Value>(&outgoing.body).unwrap())
    };
    let (path, body) = sent(TITAN, json!({"input": "é", "dimensions": 256, "user": "u", "encoding_format": "base64"}));
    assert_eq!(path, "/model/amazon.titan-embed-text-v2%3A0/invoke");
    assert_eq!(body, json!({"inputText": "é", "dimensions": 256}));
    assert_eq!(sent("amazon.titan-embed-text-v1", json!({"input": ["a"]})).1, json!({"inputText": "a"}));
    let texts = json!({"texts": ["a", "b"], "input_type": "search_document", "truncate": "NONE",
        "embedding_types": ["float"], "output_dimension": 512});
    assert_eq!(sent(COHERE, json!({"input": ["a", "b"], "dimensions": 512})).1, texts);
    for (model, members, param) in [
        (TITAN, json!({"input": ["a", "b"]}), "input"),
        (TITAN, json!({"input": [1, 2]}), "input"),
        ("cohere.embed-english-v3", json!({"input": "a", "dimensions": 512}), "dimensions"),
        ("twelvelabs.marengo-embed-3-0-v1:0", json!({"input": "a"}), "model"),
    ] {
        let error = encode_embeddings(&request(members), &target(model)).unwrap_err();
        assert_eq!((error.code.as_str(), error.param.as_deref()), ("unsupported_parameter", Some(param)), "{model}");
    }
}

#[test]
fn each_model_has_a_row_that_says_how_many_texts_it_takes() {
    let most = |model: &str| target(model).quirks.max_embedding_inputs;
    assert_eq!((most(TITAN), most(COHERE)), (1, 96));
    assert!(most("anthropic.claude-x") > 96);
}

#[test]
fn answers_of_every_form_are_lists_of_vectors() {
    let read = |model: &str, input: Value, answer: Value| {
        decode_embeddings(&request(json!({"input": input})), &target(model), Bytes::from(answer.to_string()))
            .map(|decoded| (serde_json::from_slice::<Value>(&decoded.body).unwrap(), decoded.usage.unwrap()))
    };
    let titan = json!({"embedding": [0.5, -1.0], "inputTextTokenCount": 3, "embeddingsByType": {"float": [0.5, -1.0]}});
    let (body, usage) = read(TITAN, json!("a"), titan).unwrap();
    assert_eq!(body["data"], json!([{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}]));
    assert_eq!((body["model"].as_str(), usage.input, usage.estimated), (Some(TITAN), 3, false));
    for embeddings in [json!([[1.0], [2.0]]), json!({"float": [[1.0], [2.0]]})] {
        let (body, usage) = read(COHERE, json!(["a", "b"]), json!({"embeddings": embeddings})).unwrap();
        assert_eq!((&body["data"][1]["embedding"], usage.estimated), (&json!([2.0]), true));
    }
    for broken in
        [json!({}), json!([]), json!({"embeddings": [[1.0]]}), json!({"embedding": "x"}), json!({"message": "no"})]
    {
        assert!(read(COHERE, json!(["a", "b"]), broken.clone()).is_err(), "{broken}");
    }
}
