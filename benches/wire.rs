//! What translation costs: a request of 100 KB, and one event of a stream, for each dialect of providers and of clients.
//! `cargo bench --bench wire`.
#![allow(clippy::indexing_slicing, reason = "a bench that cannot go on stops")]

use bytes::{Bytes, BytesMut};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use floopy::wire::{
    AnswerContext, ChatRequest, Dialect, Given, Inbound, Quirks, StreamDecoder, Target, encode_chat, quirks,
};
use serde_json::{Value, json};
use std::hint::black_box;

/// Kinds whose dialects differ; of the providers that speak nearly OpenAI's, the one with most to change.
const KINDS: [&str; 6] = ["openai", "mistral", "anthropic", "gemini", "bedrock", "cohere"];

fn target(quirks: &'static Quirks, dialect: Dialect) -> Target<'static> {
    Target {
        quirks,
        dialect,
        model: "some-model",
        info: None,
        refuse_unsupported: false,
        anthropic_version: "2023-06-01",
    }
}

fn targets() -> impl Iterator<Item = Target<'static>> {
    KINDS.into_iter().map(quirks).map(|row| target(row, row.dialect))
}

/// A long conversation with tools: 100 KB of JSON.
fn request() -> Bytes {
    let line = "The order was read from the queue, \"handled\" once, and acknowledged → done.\n";
    let mut messages = vec![json!({"role": "system", "content": line.repeat(20)})];
    let mut size = 0;
    for turn in 0.. {
        let call = json!({"id": format!("call_{turn}"), "type": "function",
            "function": {"name": "look_up", "arguments": "{\"order\": 17, \"note\": \"a \\\"quoted\\\" word\"}"}});
        let turn = [
            json!({"role": "user", "content": [{"type": "text", "text": line.repeat(10)}, {"type": "text", "text": line}]}),
            json!({"role": "assistant", "content": "I look it up.", "tool_calls": [call]}),
            json!({"role": "tool", "tool_call_id": format!("call_{turn}"), "content": line.repeat(5)}),
            json!({"role": "assistant", "content": line.repeat(8)}),
        ];
        size += turn.iter().map(|message| message.to_string().len()).sum::<usize>();
        messages.extend(turn);
        if size > 96_000 {
            break;
        }
    }
    messages.push(json!({"role": "user", "content": "And now?"}));
    let tools: Vec<Value> = ["look_up", "cancel", "refund"]
        .map(|name| {
            json!({"type": "function", "function": {"name": name, "description": line,
            "parameters": {"type": "object", "properties": {"order": {"type": "integer"}, "note": {"type": "string"}},
                "required": ["order"], "additionalProperties": false}}})
        })
        .to_vec();
    let body = json!({"model": "auto", "messages": messages, "tools": tools, "temperature": 0.2, "max_tokens": 500});
    Bytes::from(body.to_string())
}

/// The same conversation as clients of the Messages API and of the Responses API send it.
fn in_other_words(chat: &Bytes) -> (Bytes, Bytes) {
    let chat: Value = serde_json::from_slice(chat).expect("our own JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (mut messages, mut input) = (Vec::new(), Vec::new());
    for message in list(&chat["messages"]).into_iter().skip(1) {
        let (role, content) = (message["role"].as_str().unwrap_or_default(), &message["content"]);
        if role == "tool" {
            let id = &message["tool_call_id"];
            messages.push(json!({"role": "user",
                "content": [{"type": "tool_result", "tool_use_id": id, "content": content}]}));
            input.push(json!({"type": "function_call_output", "call_id": id, "output": content}));
            continue;
        }
        let texts: Vec<&Value> =
            content.as_array().map_or(vec![content], |parts| parts.iter().map(|part| &part["text"]).collect());
        let kind = if role == "user" { "input_text" } else { "output_text" };
        let parts = |kind: &str| texts.iter().map(|text| json!({"type": kind, "text": text})).collect::<Vec<_>>();
        let mut blocks = parts("text");
        input.push(json!({"role": role, "content": parts(kind)}));
        for call in list(&message["tool_calls"]) {
            let (id, name) = (&call["id"], &call["function"]["name"]);
            let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
            let given: Value = serde_json::from_str(arguments).expect("our own JSON");
            blocks.push(json!({"type": "tool_use", "id": id, "name": name, "input": given}));
            input.push(json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments}));
        }
        messages.push(json!({"role": role, "content": blocks}));
    }
    let functions: Vec<Value> = list(&chat["tools"]).iter().map(|tool| tool["function"].clone()).collect();
    let tools = |type_: Option<&str>, schema: &str| {
        let tool = |function: &Value| {
            let mut tool = json!({"name": function["name"], "description": function["description"]});
            tool[schema] = function["parameters"].clone();
            if let Some(type_) = type_ {
                tool["type"] = json!(type_);
            }
            tool
        };
        functions.iter().map(tool).collect::<Vec<_>>()
    };
    let system = &chat["messages"][0]["content"];
    let for_messages = json!({"model": "auto", "max_tokens": 500, "system": system, "messages": messages,
        "tools": tools(None, "input_schema"), "temperature": 0.2});
    let for_responses = json!({"model": "auto", "max_output_tokens": 500, "instructions": system, "input": input,
        "tools": tools(Some("function"), "parameters"), "temperature": 0.2});
    (Bytes::from(for_messages.to_string()), Bytes::from(for_responses.to_string()))
}

/// From the client's bytes to the provider's: both halves of the way.
fn ways(criterion: &mut Criterion) {
    let (messages, responses) = in_other_words(&request());
    let given = Given::default();
    let headers = http::HeaderMap::new();
    let from_messages = || ChatRequest::parse_messages(black_box(messages.clone()), &headers).expect("a good request");
    let from_responses = || ChatRequest::parse_responses(black_box(&responses), &|_| None).expect("a good request");
    for target in targets() {
        let kind = target.quirks.kind;
        criterion.bench_function(&format!("messages/{kind}"), |bencher| {
            bencher.iter(|| encode_chat(&from_messages(), &target, None, &given).expect("a request it can serve"));
        });
        criterion.bench_function(&format!("responses/{kind}"), |bencher| {
            bencher.iter(|| encode_chat(&from_responses(), &target, None, &given).expect("a request it can serve"));
        });
    }
}

fn requests(criterion: &mut Criterion) {
    let body = request();
    let parsed = ChatRequest::parse(body.clone()).expect("a good request");
    let given = Given::default();
    criterion.bench_function("request/parse", |bencher| {
        bencher.iter(|| ChatRequest::parse(black_box(body.clone())).expect("a good request"));
    });
    for target in targets() {
        criterion.bench_function(&format!("request/{}", target.quirks.kind), |bencher| {
            bencher.iter(|| encode_chat(black_box(&parsed), &target, None, &given).expect("a request it can serve"));
        });
    }
}

/// A message of the event stream that Bedrock sends.
fn frame(kind: &str, payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", "event"), (":event-type", kind), (":content-type", "application/json")] {
        headers.push(u8::try_from(name.len()).expect("a short name"));
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).expect("a short value").to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let word = |number: usize| u32::try_from(number).expect("a short message").to_be_bytes();
    let mut message = [word(16 + headers.len() + payload.len()), word(headers.len())].concat();
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload.as_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message
}

/// What begins a stream, and one event with a piece of text.
fn stream(dialect: Dialect) -> (Vec<u8>, Vec<u8>) {
    if dialect == Dialect::Bedrock {
        let event = "{\"contentBlockIndex\":0,\"delta\":{\"text\":\"some words\"},\"p\":\"abcdefgh\"}";
        return (frame("messageStart", "{\"role\":\"assistant\"}"), frame("contentBlockDelta", event));
    }
    let (start, event) = text(dialect);
    (start.into(), event.into())
}

/// The same of a provider that serves the Responses API itself.
fn responses_stream() -> (Vec<u8>, Vec<u8>) {
    let begin = "event: response.created\ndata: {\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"r\",\"object\":\"response\",\"status\":\"in_progress\",\"output\":[]}}\n\n";
    let event = "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"m\",\"output_index\":0,\"content_index\":0,\"delta\":\"some words\",\"sequence_number\":4}\n\n";
    (begin.into(), event.into())
}

/// The same where it is text.
fn text(dialect: Dialect) -> (&'static str, &'static str) {
    match dialect {
        Dialect::AnthropicMessages => (
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"c\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\nevent: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"some words\"}}\n\n",
        ),
        Dialect::Gemini => (
            "",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"some words\"}],\"role\":\"model\"},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":2,\"totalTokenCount\":11},\"modelVersion\":\"g\"}\n\n",
        ),
        Dialect::Cohere => (
            "event: message-start\ndata: {\"id\":\"x\",\"type\":\"message-start\",\"delta\":{\"message\":{\"role\":\"assistant\",\"content\":[],\"tool_plan\":\"\",\"tool_calls\":[],\"citations\":[]}}}\n\n",
            "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":0,\"delta\":{\"message\":{\"content\":{\"text\":\"some words\"}}}}\n\n",
        ),
        _ => (
            "",
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"g\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"some words\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
        ),
    }
}

/// What a stream is told as, by the endpoint that it was asked for at.
fn tongues() -> [(&'static str, Inbound); 3] {
    let messages =
        json!({"model": "m", "max_tokens": 5, "stream": true, "messages": [{"role": "user", "content": "hi"}]});
    let responses = json!({"model": "m", "stream": true, "input": "hi"});
    let messages = ChatRequest::parse_messages(Bytes::from(messages.to_string()), &http::HeaderMap::new());
    let responses = ChatRequest::parse_responses(&Bytes::from(responses.to_string()), &|_| None);
    [
        ("chat", Inbound::Chat),
        ("messages", messages.expect("a good request").inbound().clone()),
        ("responses", responses.expect("a good request").inbound().clone()),
    ]
}

fn events(criterion: &mut Criterion) {
    for (tongue, inbound) in tongues() {
        told(criterion, tongue, &inbound);
    }
}

fn told(criterion: &mut Criterion, tongue: &str, inbound: &Inbound) {
    let context = AnswerContext { id: "chatcmpl-1", created: 1, model: "some-model", include_usage: true };
    for target in targets() {
        let (start, event) = match (tongue, target.quirks.kind) {
            ("responses", "openai") => responses_stream(),
            _ => stream(target.dialect),
        };
        let begun = || {
            let mut decoder = StreamDecoder::new(&target, context, Bytes::new(), inbound);
            let mut out = BytesMut::with_capacity(4096);
            decoder.feed(&start, &mut out).expect("a good beginning");
            decoder.feed(&event, &mut out).expect("a good event");
            out.clear();
            (decoder, out)
        };
        criterion.bench_function(&format!("event/{}/{tongue}", target.quirks.kind), |bencher| {
            bencher.iter_batched_ref(
                begun,
                |(decoder, out)| decoder.feed(black_box(&event), out).expect("a good event"),
                BatchSize::SmallInput,
            );
        });
    }
}

criterion_group!(benches, requests, ways, events);
criterion_main!(benches);
