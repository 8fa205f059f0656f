//! Clients of OpenAI's Responses API: the same stages, routes and records, whoever answers.

use crate::fake::{Fake, STREAM_HEAD, Seen, chunk, reply};
use crate::harness::Gateway;
use crate::http::call;
use serde_json::{Value, json};
use sha2::Digest;
use std::io::Write;
use std::net::TcpStream;

const PATH: &str = "/v1/responses";

/// A provider that serves the API itself.
pub(crate) fn serve(model: &str, seen: &Seen, writer: &mut TcpStream) -> std::io::Result<()> {
    let response = |status: &str, more: &Value| {
        let mut response = json!({"id": "resp_up1", "object": "response", "created_at": 1_768_480_496, "status": status,
            "model": model, "output": [], "error": null, "x_free": [1.5]});
        for (name, value) in more.as_object().unwrap() {
            response[name] = value.clone();
        }
        response
    };
    let whole = response(
        "completed",
        &json!({"output": [{"type": "message", "id": "msg_up1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Hello natively", "annotations": []}]}],
            "usage": {"input_tokens": 1000, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 100,
                "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 1100}}),
    );
    if seen.body["stream"] != true {
        return reply(writer, "200 OK", "", whole.to_string().as_bytes());
    }
    writer.write_all(STREAM_HEAD)?;
    let mut events = vec![
        json!({"type": "response.created", "response": response("in_progress", &json!({}))}),
        json!({"type": "response.output_text.delta", "item_id": "msg_up1", "output_index": 0, "content_index": 0, "delta": "Hello natively"}),
    ];
    events.push(match model {
        "fails" => {
            let failed = json!({"error": {"code": "server_error", "message": "could not"}});
            json!({"type": "response.failed", "response": response("failed", &failed)})
        }
        _ => json!({"type": "response.completed", "response": whole}),
    });
    for (number, mut event) in events.into_iter().enumerate() {
        event["sequence_number"] = json!(number);
        let name = event["type"].as_str().unwrap().to_owned();
        chunk(writer, format!("event: {name}\ndata: {event}\n\n").as_bytes())?;
    }
    writer.write_all(b"0\r\n\r\n")
}

fn native(fake: &Fake) -> String {
    format!(
        "[provider.native]\nkind = \"openai\"\nbase_url = \"http://{}/v1\"\napi_key = \"env:FAKE_KEY\"\nallow_private_network = true\n\
         [[model]]\nid = \"native/m\"\ninput_usd_per_mtok = 1.0\noutput_usd_per_mtok = 2.0\n",
        fake.address
    )
}

/// Another one.
fn other(fake: &Fake) -> String {
    native(fake).replace("native", "other")
}

fn body(model: &str, more: &Value) -> Value {
    let mut body = json!({"model": model, "input": "hello"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn names(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("event: ")).collect()
}

#[test]
fn a_chat_provider_answers_in_the_words_of_the_api() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let answer =
        gateway.post(PATH, &[], &body("up/cheap", &json!({"instructions": "Be brief.", "max_output_tokens": 50})));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let response = answer.json();
    assert_eq!((&response["object"], &response["status"]), (&json!("response"), &json!("completed")));
    assert_eq!(response["output"][0]["content"][0]["text"], "Hello from upstream");
    assert_eq!((&response["usage"]["input_tokens"], &response["instructions"]), (&json!(1000), &json!("Be brief.")));
    let seen = fake.last();
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.body["messages"][0], json!({"role": "system", "content": "Be brief."}));
    assert_eq!(seen.body["max_tokens"], 50);
    gateway.remembers(&answer, "responses", response["id"].as_str().unwrap());
}

#[test]
fn a_conversation_goes_on_in_its_session() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let first = gateway.post(PATH, &[], &body("up/cheap", &json!({})));
    let mut input = vec![json!({"role": "user", "content": "hello"})];
    input.extend(first.json()["output"].as_array().unwrap().iter().cloned());
    input.push(json!({"role": "user", "content": "and then?"}));
    let second = gateway.post(PATH, &[], &body("up/cheap", &json!({"input": input})));
    assert_eq!(second.status, 200, "{}", second.text());
    assert_eq!(first.header("floopy-session-id"), second.header("floopy-session-id"));
    assert_eq!(fake.last().body["messages"][1], json!({"role": "assistant", "content": "Hello from upstream"}));
}

#[test]
fn a_stream_has_the_events_of_the_api() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for model in ["up/cheap", "up/stream-bytes"] {
        let answer = gateway.post(PATH, &[], &body(model, &json!({"stream": true})));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        let mut expected = vec![
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
        ];
        expected.extend(["response.output_text.delta"; 4]);
        expected.extend([
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]);
        assert_eq!(names(&text), expected);
        assert!(!text.contains("[DONE]"));
        assert_eq!(gateway.decision(&answer)["outcome"]["output_tokens"], 4);
    }
}

#[test]
fn a_stream_that_breaks_says_so() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &native(&fake));
    for model in ["up/stream-error", "up/stream-cut"] {
        let answer = gateway.post(PATH, &[], &body(model, &json!({"stream": true})));
        let text = answer.text();
        let names = names(&text);
        assert_eq!(names[names.len() - 2..], ["response.failed", "error"], "{model}");
        let error: Value = serde_json::from_str(text.trim_end().rsplit_once("data: ").unwrap().1).unwrap();
        assert_eq!((&error["type"], error["error"]["message"].is_string()), (&json!("error"), true));
        assert_eq!(gateway.decision(&answer)["status"], "error");
    }
    let answer = gateway.post(PATH, &[], &body("native/fails", &json!({"stream": true})));
    assert_eq!(names(&answer.text()).last(), Some(&"response.failed"), "the provider's own word is the last one");
    assert_eq!(gateway.decision(&answer)["status"], "error");
}

#[test]
fn a_provider_of_the_same_api_gets_and_gives_the_original() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &native(&fake));
    let more = json!({"store": false, "include": ["reasoning.encrypted_content"], "tools": [{"type": "web_search"}], "x_free": {"a": 1}});
    let sent = body("native/m", &more);
    let answer = gateway.post(PATH, &[], &sent);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut expected = sent;
    expected["model"] = json!("m");
    assert_eq!((fake.last().path.as_str(), fake.last().body), ("/v1/responses", expected));
    assert_eq!((&answer.json()["id"], &answer.json()["x_free"]), (&json!("resp_up1"), &json!([1.5])));
    let decision = gateway.decision(&answer);
    assert_eq!((&decision["outcome"]["cost_micro_usd"], &decision["provider"]), (&json!(1200), &json!("native")));
    let streamed = gateway.post(PATH, &[], &body("native/m", &json!({"stream": true})));
    assert_eq!(names(&streamed.text()), ["response.created", "response.output_text.delta", "response.completed"]);
    assert_eq!(gateway.decision(&streamed)["outcome"]["output_tokens"], 100);
}

#[test]
fn what_only_one_kind_of_provider_can_do_finds_it_or_is_refused() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &(native(&fake) + &other(&fake)));
    let search = json!({"tools": [{"type": "web_search"}]});
    let answer = gateway.post(PATH, &[], &body("up/cheap,native/m", &search));
    assert_eq!((answer.status, answer.header("floopy-provider")), (200, Some("native")), "{}", answer.text());
    assert_eq!(fake.calls_of("cheap"), 0);
    let before = json!({"previous_response_id": "resp_up1"});
    assert_eq!(gateway.post(PATH, &[], &body("native/m", &before)).status, 200, "one provider may know it");
    for (model, more, param) in [
        ("up/cheap", &search, "tools[0].type"),
        ("up/cheap,up/dear", &search, "tools[0].type"),
        ("up/cheap", &before, "previous_response_id"),
        ("native/m,other/m", &before, "previous_response_id"),
        ("up/cheap", &json!({"background": true}), "background"),
    ] {
        let answer = gateway.post(PATH, &[], &body(model, more));
        let error = answer.json();
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "unsupported_parameter"), "{model}: {error}");
        assert_eq!(error["error"]["param"], param, "{model}");
        assert_eq!(error["error"]["request_id"].as_str(), answer.header("x-request-id"));
    }
}

#[test]
fn items_of_an_answer_can_be_named_by_their_org_for_a_while() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &native(&fake));
    let first = gateway.post(PATH, &[], &body("up/cheap", &json!({})));
    let item = first.json()["output"][0]["id"].clone();
    let input = json!([{"role": "user", "content": "hello"}, {"type": "item_reference", "id": item}, {"role": "user", "content": "and?"}]);
    for model in ["up/cheap", "native/m"] {
        let answer = gateway.post(PATH, &[], &body(model, &json!({"input": input})));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let seen = fake.seen();
    assert_eq!(seen[1].body["messages"][1], json!({"role": "assistant", "content": "Hello from upstream"}));
    assert_eq!(
        seen[2].body["input"][1]["content"][0]["text"], "Hello from upstream",
        "what others keep nobody else has to know"
    );
    // What another provider made and keeps is known here too.
    gateway.post(PATH, &[], &body("native/m", &json!({})));
    let reference = json!([{"role": "user", "content": "hello"}, {"type": "item_reference", "id": "msg_up1"}]);
    let answer = gateway.post(PATH, &[], &body("up/cheap,native/m", &json!({"input": reference})));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(fake.last().body["messages"][1], json!({"role": "assistant", "content": "Hello natively"}));
    // Who says that nothing has to be kept sends the items back.
    let alone = gateway.post(PATH, &[], &body("up/cheap", &json!({"store": false})));
    let reference = json!([{"type": "item_reference", "id": alone.json()["output"][0]["id"]}]);
    let answer = gateway.post(PATH, &[], &body("up/cheap", &json!({"input": reference})));
    assert_eq!((answer.status, &answer.json()["error"]["param"]), (400, &json!("input[0]")), "{}", answer.text());
}

#[test]
fn the_account_at_a_provider_is_nobodys_window_into_another_org() {
    let fake = Fake::start();
    let key = |org: &str| {
        let digest = sha2::Sha256::digest(format!("fl_{org}"));
        let sha: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("[[key]]\nname = \"{org}\"\nsha256 = \"{sha}\"\norg = \"{org}\"\npermissions = [\"read\", \"write\"]\n")
    };
    let gateway = Gateway::start(&fake, &(native(&fake) + &key("a") + &key("b")));
    let ask = |org: &str, more: &Value| {
        let bearer = format!("Bearer fl_{org}");
        let body = body("native/m", more).to_string();
        call(gateway.address, "POST", PATH, &[("authorization", &bearer)], body.as_bytes())
    };
    assert_eq!(ask("a", &json!({})).status, 200);
    let reference = json!({"input": [{"type": "item_reference", "id": "msg_up1"}]});
    assert_eq!(ask("a", &reference).status, 200, "its own items are known");
    for more in [&reference, &json!({"previous_response_id": "resp_up1"}), &json!({"conversation": "conv_1"})] {
        let answer = ask("b", more);
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "unsupported_parameter"), "{more}");
    }
    assert_eq!(fake.seen().len(), 2);
}

#[test]
fn responses_are_not_kept() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    let made = gateway.post(PATH, &[], &body("up/cheap", &json!({}))).json();
    let path = format!("{PATH}/{}", made["id"].as_str().unwrap());
    let missing = gateway.get(&format!("{PATH}/resp_0123"));
    for answer in [gateway.get(&path), gateway.get(&format!("{path}/input_items")), missing] {
        assert_eq!((answer.status, answer.error_code().as_str()), (404, "not_found"), "{}", answer.text());
        assert!(answer.text().contains("is not kept here"));
    }
    assert_eq!(gateway.post(&format!("{path}/cancel"), &[], &json!({})).status, 404);
    assert_eq!(gateway.get(PATH).status, 405);
    assert_eq!(fake.seen().len(), 1, "nobody was asked");
}

#[test]
fn a_route_picks_the_candidate_that_can_be_told_what_is_asked() {
    let fake = Fake::start();
    let route = "[[route]]\nname = \"auto\"\nstrategy = \"fallback\"\nsticky = \"request\"\ndefault_model = \"up/cheap\"\n\
        candidates = [\"up/dear\", \"native/m\"]\n";
    let gateway = Gateway::start(&fake, &(native(&fake) + route));
    for asked in [
        json!({"tools": [{"type": "web_search"}]}),
        json!({"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}),
        json!({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}),
        json!({"tools": [{"type": "computer_use_preview", "display_width": 1, "display_height": 1, "environment": "linux"}]}),
        json!({"tools": [{"type": "mcp", "server_label": "s", "server_url": "https://mcp.example"}]}),
        json!({"previous_response_id": "resp_up1"}),
        json!({"background": true}),
    ] {
        let answer = gateway.post(PATH, &[], &body("auto", &asked));
        assert_eq!((answer.status, answer.header("floopy-provider")), (200, Some("native")), "{}", answer.text());
        let decision = gateway.decision(&answer);
        let refused: Vec<_> =
            decision["filtered"].as_array().unwrap().iter().map(|one| (&one["model"], &one["reason"])).collect();
        let why = json!("native_provider_needed");
        assert_eq!(refused, [(&json!("cheap"), &why), (&json!("dear"), &why)], "{asked}");
        assert_eq!(
            (&decision["reason"], decision["outcome"]["attempts"].as_array().unwrap().len()),
            (&json!("single_candidate"), 1)
        );
    }
    assert_eq!(fake.calls_of("cheap") + fake.calls_of("dear"), 0);
    let plain = gateway.post(PATH, &[], &body("auto", &json!({})));
    assert_eq!(gateway.decision(&plain)["filtered"], json!([]), "what everybody can be told is everybody's");
}

#[test]
fn tokens_are_counted_by_who_serves_the_api_and_here_otherwise() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, &native(&fake));
    let count = |model: &str, more: &Value| gateway.post(&format!("{PATH}/input_tokens"), &[], &body(model, more));
    let native = count("native/m", &json!({"previous_response_id": "resp_up1"}));
    assert_eq!(native.json(), json!({"object": "response.input_tokens", "input_tokens": 42}));
    let seen = fake.last();
    assert_eq!(seen.path, "/v1/responses/input_tokens");
    assert_eq!(seen.body, json!({"model": "m", "input": "hello", "previous_response_id": "resp_up1"}));
    let (short, long) =
        (count("up/cheap", &json!({"input": "Hello,"})), count("up/cheap", &json!({"input": "Hello, ".repeat(100)})));
    let (short, long) = (short.json(), long.json());
    assert_eq!(short["object"], "response.input_tokens", "{short}");
    let tokens = |count: &Value| count["input_tokens"].as_u64().unwrap();
    assert!((3..12).contains(&tokens(&short)) && (200..220).contains(&tokens(&long)), "{short} {long}");
    let unknown = count("up/cheap", &json!({"previous_response_id": "resp_up1"}));
    assert_eq!((unknown.status, &unknown.json()["error"]["param"]), (400, &json!("previous_response_id")));
    assert_eq!(fake.seen().len(), 1, "nobody else was asked");
}
