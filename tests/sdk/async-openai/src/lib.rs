//! What the tests of this suite share: the client, conversations, and what the fake model says.

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::types::chat::CreateChatCompletionRequest;
use serde_json::{Value, json};

/// What the fake model answers when nothing else is asked of it.
pub const TEXT: &str = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done.";
/// One model behind each dialect.
pub const MODELS: [&str; 2] = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"];

/// A client of the gateway that the harness started.
pub fn client() -> Client<OpenAIConfig> {
    client_with_key(&variable("FLOOPY_KEY"))
}

/// The same with another key.
pub fn client_with_key(key: &str) -> Client<OpenAIConfig> {
    Client::with_config(OpenAIConfig::new().with_api_base(variable("FLOOPY_URL")).with_api_key(key))
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `scripts/test async-openai`"))
}

/// A request from its JSON, read by the client's own strict types.
pub fn request(model: &str, messages: Value, more: Value) -> CreateChatCompletionRequest {
    let mut body = json!({ "model": model, "messages": messages });
    let fields = body.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    serde_json::from_value(body).expect("a request in the client's types")
}

/// One user message.
pub fn user(text: &str) -> Value {
    json!([{ "role": "user", "content": text }])
}

/// A tool that takes a city.
pub fn weather() -> Value {
    json!([{ "type": "function", "function": {
        "name": "get_weather",
        "parameters": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] },
    }}])
}
