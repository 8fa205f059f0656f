//! A JSON schema in the subset that Gemini reads. The order of properties stays: the model writes in that order.

use crate::base::{ApiError, Code};
use crate::wire::conversation::read::{Members, Text};
use crate::wire::policy::Policy;
use serde_json::value::RawValue;

/// Nesting that is followed.
const MAX_DEPTH: usize = 64;

/// The schema that is sent. Keywords that Gemini does not know are left out and noted under `at`.
///
/// # Errors
/// It is nested too deeply.
pub(super) fn adapted(schema: &RawValue, at: &str, policy: &mut Policy) -> Result<Box<RawValue>, ApiError> {
    let mut writer = Writer { out: String::with_capacity(schema.get().len()), lost: false };
    if !writer.schema(schema, 0) {
        let message = format!("{at} is nested more than {MAX_DEPTH} deep: make it flatter.");
        return Err(ApiError::new(Code::InvalidRequest, message).param(at));
    }
    if writer.lost {
        policy.leave_out(at);
    }
    RawValue::from_string(writer.out)
        .map_err(|_| ApiError::new(Code::InvalidRequest, format!("{at} is no JSON schema.")).param(at))
}

struct Writer {
    out: String,
    /// Something that narrows the answers was left out.
    lost: bool,
}

impl Writer {
    /// Writes one schema; `false` where it is too deep.
    fn schema(&mut self, raw: &RawValue, depth: usize) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let Some(members) = Members::of(raw) else {
            // `true`, `false`: no schema that Gemini knows.
            self.out.push_str("{}");
            self.lost |= raw.get() == "false";
            return true;
        };
        self.out.push('{');
        let start = self.out.len();
        let all_of = members.get("allOf").and_then(|all| serde_json::from_str::<Vec<&RawValue>>(all.get()).ok());
        let parts: Vec<Members<'_>> = all_of.iter().flatten().filter_map(|part| Members::of(part)).collect();
        let mut written: Vec<&str> = Vec::new();
        let is_ref = members.get("$ref").is_some();
        for (name, value) in members.0.iter().chain(parts.iter().flat_map(|part| &part.0)) {
            if name == "allOf" || is_ref && !name.starts_with('$') && name != "definitions" {
                continue;
            }
            let Some(target) = keyword(name) else {
                self.lost |= narrows(name);
                continue;
            };
            if written.contains(&target) {
                self.lost = true;
                continue;
            }
            let comma = self.out.len() > start;
            if !self.member(target, name, value, comma, depth) {
                return false;
            }
            written.push(target);
        }
        self.out.push('}');
        true
    }

    fn member(&mut self, target: &str, name: &str, value: &RawValue, comma: bool, depth: usize) -> bool {
        if comma {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(target);
        self.out.push_str("\":");
        match target {
            "items" | "additionalProperties" if value.get().starts_with('{') => self.schema(value, depth + 1),
            "properties" | "$defs" => self.named(value, depth),
            "anyOf" | "oneOf" | "prefixItems" => self.listed(value, depth),
            "enum" if name == "const" => {
                self.out.push('[');
                self.out.push_str(value.get());
                self.out.push(']');
                true
            }
            "$ref" => {
                let reference = serde_json::from_str::<Text<'_>>(value.get()).unwrap_or_default().0;
                let reference = reference.replacen("#/definitions/", "#/$defs/", 1);
                self.out.push_str(&serde_json::Value::from(reference).to_string());
                true
            }
            _ => {
                self.out.push_str(value.get());
                true
            }
        }
    }

    fn named(&mut self, value: &RawValue, depth: usize) -> bool {
        self.out.push('{');
        for (index, (name, schema)) in Members::of(value).unwrap_or_default().0.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.out.push_str(&serde_json::Value::from(&**name).to_string());
            self.out.push(':');
            if !self.schema(schema, depth + 1) {
                return false;
            }
        }
        self.out.push('}');
        true
    }

    fn listed(&mut self, value: &RawValue, depth: usize) -> bool {
        let list: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
        self.out.push('[');
        for (index, schema) in list.into_iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            if !self.schema(schema, depth + 1) {
                return false;
            }
        }
        self.out.push(']');
        true
    }
}

/// Gemini's word for a keyword.
fn keyword(name: &str) -> Option<&'static str> {
    const KNOWN: [&str; 21] = [
        "$id",
        "$defs",
        "$ref",
        "$anchor",
        "type",
        "format",
        "title",
        "description",
        "enum",
        "items",
        "prefixItems",
        "minItems",
        "maxItems",
        "minimum",
        "maximum",
        "anyOf",
        "oneOf",
        "properties",
        "additionalProperties",
        "required",
        "propertyOrdering",
    ];
    match name {
        "definitions" => Some("$defs"),
        "const" => Some("enum"),
        name => KNOWN.into_iter().find(|known| *known == name),
    }
}

/// Whether leaving a keyword out allows answers that it forbids.
fn narrows(name: &str) -> bool {
    !["$schema", "$comment", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "strict"]
        .contains(&name)
}
