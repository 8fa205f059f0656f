//! Tools, the choice between them, and the form of the answer, as stricter providers want them.

use super::request::Encoder;
use crate::base::ApiError;
use crate::wire::chat::ChatRequest;
use crate::wire::conversation::read::Text;
use crate::wire::quirks::{Formats, Strict, ToolChoices};
use serde::Deserialize;
use serde_json::{Value, json};

/// The tools that `tool_choice` allows: nobody but OpenAI knows the form, so that the others are not declared.
pub(super) struct Allowed {
    required: bool,
    names: Vec<String>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    allowed_tools: Option<AllowedTools<'a>>,
}

#[derive(Deserialize)]
struct AllowedTools<'a> {
    #[serde(borrow)]
    mode: Option<Text<'a>>,
    #[serde(borrow)]
    tools: Vec<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    strict: Option<bool>,
}

impl Allowed {
    /// `None` where `tool_choice` is of another form.
    pub(super) fn of(request: &ChatRequest) -> Option<Self> {
        let choice = request.raw("tool_choice").filter(|choice| choice.contains("allowed_tools"))?;
        let tools = serde_json::from_str::<Choice<'_>>(choice).ok()?.allowed_tools?;
        let names = tools.tools.into_iter().filter_map(|tool| Some(tool.function?.name?.0.into_owned()));
        Some(Self { required: tools.mode.is_some_and(|mode| mode.0 == "required"), names: names.collect() })
    }
}

impl Encoder<'_> {
    /// Writes `tools`.
    ///
    /// # Errors
    /// There are none at this provider, or none of this kind.
    pub(super) fn tools(&mut self, name: &str, value: &str, whole: &str) -> Result<(), ApiError> {
        if self.quirks.tool_choices == ToolChoices::NoTools {
            let choice = self.request.raw("tool_choice");
            if choice.is_some_and(|choice| choice != "\"auto\"" && choice != "\"none\"") {
                return Err(self.unsupported("tool_choice", "the provider has no tools"));
            }
            return self.drop(name, value);
        }
        if self.quirks.clean {
            self.writer.keep(whole);
            return Ok(());
        }
        // Who cannot be told not to call a tool is not told of any.
        if self.quirks.tool_choices == ToolChoices::Absent && self.request.raw("tool_choice") == Some("\"none\"") {
            return Ok(());
        }
        let heads: Vec<Named<'_>> = serde_json::from_str(value).unwrap_or_default();
        let custom = heads.iter().position(|head| head.kind.as_ref().is_some_and(|kind| kind.0 != "function"));
        if let Some(index) = custom {
            return Err(self.unsupported(&format!("tools[{index}].type"), "the provider has functions only"));
        }
        let strict = |head: &Named<'_>| head.function.as_ref().and_then(|function| function.strict).unwrap_or(false);
        let mixed = heads.iter().any(strict) && !heads.iter().all(strict);
        let strips = match self.quirks.strict {
            Strict::Keep => false,
            Strict::Strip => true,
            Strict::Alike => mixed,
        };
        let untouched =
            !strips && !self.quirks.needs_parameters && self.quirks.schema_drops.is_empty() && self.allowed.is_none();
        if untouched && !value.contains("\"cache_control\"") {
            self.writer.keep(whole);
            return Ok(());
        }
        let mut tools: Vec<Value> = serde_json::from_str(value).unwrap_or_default();
        if let Some(allowed) = &self.allowed {
            tools.retain(|tool| {
                let own = tool.pointer("/function/name").and_then(Value::as_str);
                own.is_some_and(|own| allowed.names.iter().any(|name| name == own))
            });
        }
        for tool in tools.iter_mut().filter_map(Value::as_object_mut) {
            tool.remove("cache_control");
            let Some(function) = tool.get_mut("function").and_then(Value::as_object_mut) else { continue };
            function.remove("cache_control");
            if strips {
                function.remove("strict");
            }
            if self.quirks.needs_parameters && function.get("parameters").is_none_or(Value::is_null) {
                function.insert("parameters".into(), json!({"type": "object", "properties": {}}));
            }
            if let Some(parameters) = function.get_mut("parameters").filter(|_| !self.quirks.schema_drops.is_empty()) {
                without(parameters, self.quirks.schema_drops);
            }
        }
        self.writer.put(name, Value::Array(tools).to_string().as_bytes());
        Ok(())
    }

    /// Writes `tool_choice`.
    ///
    /// # Errors
    /// The provider cannot be made to choose like this.
    pub(super) fn tool_choice(&mut self, name: &str, value: &str, whole: &str) -> Result<(), ApiError> {
        let mode = self.allowed.as_ref().map(|allowed| if allowed.required { "\"required\"" } else { "\"auto\"" });
        let value = mode.unwrap_or(value);
        let plain = matches!(value, "\"auto\"" | "\"none\"");
        match (self.quirks.tool_choices, mode) {
            (ToolChoices::All, None) => self.writer.keep(whole),
            (ToolChoices::All, Some(mode)) => self.writer.put(name, mode.as_bytes()),
            (ToolChoices::AutoNone, _) if plain => self.writer.put(name, value.as_bytes()),
            (ToolChoices::Absent | ToolChoices::NoTools, _) if plain => {}
            _ => return Err(self.unsupported(name, "the provider cannot be made to call a tool")),
        }
        Ok(())
    }

    /// Writes `response_format`.
    ///
    /// # Errors
    /// The provider or the model does not know the form.
    pub(super) fn response_format(&mut self, whole: &str) -> Result<(), ApiError> {
        let shape = self.request.shape();
        let name = "response_format";
        if shape.json_schema && !self.quirks.keeps_schemas(self.target.model) {
            let why = "it cannot keep an answer to a schema: ask for json_object, or choose another model";
            return Err(self.unsupported(name, why));
        }
        if shape.json_schema && self.quirks.schema_alone && shape.tools > 0 {
            let why = "it keeps an answer to a schema only where there are no tools: leave one of them out";
            return Err(self.unsupported(name, why));
        }
        if shape.json_object && self.quirks.formats == Formats::Schema {
            let why = "it knows JSON by a schema only: ask for json_schema, or choose another model";
            return Err(self.unsupported(name, why));
        }
        self.writer.keep(whole);
        Ok(())
    }
}

/// Members of a schema that hold schemas by a name of the caller's.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Members of a schema that hold values, which only look like schemas.
const VALUES: [&str; 5] = ["enum", "const", "default", "examples", "required"];

/// Takes these keywords out of a schema and of all schemas in it.
fn without(schema: &mut Value, keywords: &[&str]) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(|one| without(one, keywords)),
        Value::Object(members) => {
            members.retain(|name, _| !keywords.contains(&name.as_str()));
            for (name, value) in members {
                match value {
                    Value::Object(named) if NAMED.contains(&name.as_str()) => {
                        named.values_mut().for_each(|one| without(one, keywords));
                    }
                    _ if VALUES.contains(&name.as_str()) => {}
                    value => without(value, keywords),
                }
            }
        }
        _ => {}
    }
}
