//! What a provider cannot do, whichever of its models: the router passes over it before the dialect would refuse.

use super::row::{Formats, Quirks, ToolChoices};
use crate::base::{Capabilities, Capability};
use crate::wire::bedrock;
use crate::wire::target::Dialect;

impl Quirks {
    /// What requests to this model are refused for, or would be answered without.
    #[must_use]
    pub fn lacks(&self, model: &str) -> Capabilities {
        let is_cohere = self.dialect == Dialect::Cohere;
        let cannot_force = match self.dialect {
            Dialect::Bedrock => !bedrock::can_force_tools(model),
            _ => self.tool_choices != ToolChoices::All,
        };
        let lacking = [
            (self.text_only, Capability::Vision),
            (self.tool_choices == ToolChoices::NoTools, Capability::Tools),
            (cannot_force, Capability::ForcedToolUse),
            (!self.keeps_schemas(model), Capability::ResponseSchema),
            (self.formats == Formats::Schema, Capability::JsonObject),
            (is_cohere, Capability::JsonBesideTools),
            (is_cohere || self.schema_alone, Capability::SchemaBesideTools),
        ];
        Capabilities::lacking(lacking.into_iter().filter(|(lacks, _)| *lacks).map(|(_, capability)| capability))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Code;
    use crate::wire::chat::ChatRequest;
    use crate::wire::given::Given;
    use crate::wire::quirks::{of_model, providers};
    use crate::wire::target::{Target, encode_chat};
    use bytes::Bytes;
    use serde_json::{Value, json};

    /// What a request is, and the capabilities of which none may be lacking.
    fn requests() -> Vec<(Value, Vec<Capability>)> {
        use Capability::{
            ForcedToolUse, JsonBesideTools, JsonObject, ResponseSchema, SchemaBesideTools, Tools, Vision,
        };
        let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
        let forced = json!({"type": "function", "function": {"name": "f"}});
        let image = json!([{"role": "user", "content": [
            {"type": "text", "text": "What?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]);
        let object = json!({"type": "json_object"});
        let schema = json!({"type": "json_schema", "json_schema": {"name": "s", "schema":
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}}});
        vec![
            (json!({}), vec![]),
            (json!({"messages": image}), vec![Vision]),
            (json!({"tools": tools}), vec![Tools]),
            (json!({"tools": tools, "tool_choice": "required"}), vec![Tools, ForcedToolUse]),
            (json!({"tools": tools, "tool_choice": forced}), vec![Tools, ForcedToolUse]),
            (json!({"response_format": object}), vec![JsonObject]),
            (json!({"response_format": schema}), vec![ResponseSchema]),
            (json!({"response_format": object, "tools": tools}), vec![JsonObject, Tools, JsonBesideTools]),
            (json!({"response_format": schema, "tools": tools}), vec![ResponseSchema, Tools, SchemaBesideTools]),
        ]
    }

    /// Whether the dialect refuses the request, or answers without what it asks for.
    fn is_in_vain(row: &'static Quirks, model: &str, asked: &Value) -> bool {
        let mut body = json!({"model": "x/y", "messages": [{"role": "user", "content": "As JSON."}]});
        for (name, value) in asked.as_object().unwrap() {
            body[name] = value.clone();
        }
        let request = ChatRequest::parse(Bytes::from(body.to_string())).unwrap();
        let target = Target {
            quirks: row,
            dialect: row.dialect,
            model,
            info: None,
            refuse_unsupported: false,
            anthropic_version: "2023-06-01",
        };
        match encode_chat(&request, &target, None, &Given::default()) {
            Ok(outgoing) => !outgoing.dropped.is_empty(),
            Err(error) => {
                assert_eq!(error.code, Code::UnsupportedParameter, "{} {model} {asked}: {error:?}", row.kind);
                true
            }
        }
    }

    #[test]
    fn what_a_row_lacks_is_what_its_dialect_refuses() {
        let several = [
            ("groq", "openai/gpt-oss-20b"),
            ("groq", "llama-3.1-8b-instant"),
            ("bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0"),
            ("bedrock", "amazon.nova-pro-v1:0"),
            ("bedrock", "meta.llama3-3-70b-instruct-v1:0"),
            ("bedrock", "mistral.mistral-large-2407-v1:0"),
            ("bedrock", "openai.gpt-oss-20b-1:0"),
            ("vertex", "gemini-2.5-flash"),
            ("vertex", "claude-haiku-4-5@20251001"),
            ("vertex", "jamba-1.5-large@001"),
            ("vertex", "mistral-medium-3"),
            ("vertex", "meta/llama-3.3-70b-instruct-maas"),
        ];
        let rows = providers().map(|row| (row, "m")).chain(several.map(|(kind, model)| (of_model(kind, model), model)));
        for (row, model) in rows {
            let lacks = row.lacks(model);
            for (asked, wanted) in requests() {
                let expected = wanted.iter().any(|capability| lacks.get(*capability) == Some(false));
                assert_eq!(is_in_vain(row, model, &asked), expected, "{} {model} {asked}", row.kind);
            }
        }
    }
}
