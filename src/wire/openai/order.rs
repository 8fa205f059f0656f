//! The order of messages where it matters.

use crate::wire::quirks::Order;
use serde_json::{Map, Value, json};

type Message = Map<String, Value>;

/// What is said where somebody must speak and nobody has.
const PLACEHOLDER: &str = ".";

pub(super) fn role(message: &Message) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or_default()
}

/// The messages in this order.
pub(super) fn ordered(messages: Vec<Message>, order: Order) -> Vec<Message> {
    match order {
        Order::Any => messages,
        Order::AssistantAfterTool => assistant_after_tool(messages),
        Order::Alternate => alternate(messages),
        Order::OneSystem => one_system(messages),
    }
}

fn assistant_after_tool(messages: Vec<Message>) -> Vec<Message> {
    let mut out: Vec<Message> = Vec::with_capacity(messages.len() + 1);
    for message in messages {
        let says_nothing = !message.contains_key("tool_calls") && message.get("content").is_none_or(|text| text == "");
        if role(&message) == "assistant" && says_nothing {
            continue;
        }
        if role(&message) == "user" && out.last().is_some_and(|last| role(last) == "tool") {
            out.push(spoken("assistant", PLACEHOLDER));
        }
        out.push(message);
    }
    if let Some(last) = out.last_mut().filter(|last| role(last) == "assistant" && !last.contains_key("tool_calls")) {
        last.insert("prefix".into(), json!(true));
    }
    out
}

fn alternate(messages: Vec<Message>) -> Vec<Message> {
    let mut out: Vec<Message> = Vec::with_capacity(messages.len() + 1);
    for mut message in messages {
        // A later system message is said by the user.
        if role(&message) == "system" && out.last().is_some_and(|last| role(last) != "system") {
            message.insert("role".into(), json!("user"));
        }
        let begins = out.last().is_none_or(|last| role(last) == "system");
        match out.last_mut() {
            Some(last) if role(last) == role(&message) => append(last, &message),
            _ if begins && role(&message) == "assistant" => {
                out.push(spoken("user", PLACEHOLDER));
                out.push(message);
            }
            _ => out.push(message),
        }
    }
    if out.last().is_some_and(|last| !matches!(role(last), "user" | "tool")) {
        out.push(spoken("user", PLACEHOLDER));
    }
    out
}

fn one_system(messages: Vec<Message>) -> Vec<Message> {
    let (systems, others): (Vec<_>, Vec<_>) = messages.into_iter().partition(|message| role(message) == "system");
    let mut systems = systems.into_iter();
    let mut out = Vec::with_capacity(others.len() + 1);
    if let Some(mut first) = systems.next() {
        for further in systems {
            append(&mut first, &further);
        }
        out.push(first);
    }
    out.extend(others);
    out
}

fn spoken(role: &str, text: &str) -> Message {
    Map::from_iter([("role".to_owned(), json!(role)), ("content".to_owned(), json!(text))])
}

/// Joins what two messages of one role say.
fn append(first: &mut Message, second: &Message) {
    let parts = |content: Option<&Value>| match content {
        Some(Value::Array(parts)) => parts.clone(),
        Some(Value::String(text)) => vec![json!({"type": "text", "text": text})],
        _ => Vec::new(),
    };
    let joined = match (first.get("content"), second.get("content")) {
        (Some(Value::String(a)), Some(Value::String(b))) => json!(format!("{a}\n\n{b}")),
        (a, b) => Value::Array([parts(a), parts(b)].concat()),
    };
    first.insert("content".into(), joined);
}
