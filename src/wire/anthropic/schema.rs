//! The schema of a structured answer (and of a strict tool), which may use a small vocabulary only and in which
//! every object is closed.
//!
//! What the vocabulary cannot say is moved into the description, where the model reads it:
//!
//! ```text
//! {"type":"integer","minimum":1}  →  {"type":"integer","description":"{minimum: 1}"}
//! ```
//!
//! Members keep their order, since a model writes its answer in it.

use crate::base::limits::MAX_JSON_DEPTH;
use crate::wire::conversation::read::{Members, Text};
use crate::wire::json::string;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Formats of strings that are kept.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];
/// Kinds in one list of types: JSON has no more.
const MAX_KINDS: usize = 7;
/// How many times its own length of a schema may be read: lists of types double what is below them.
const MAX_READINGS: usize = 64;

/// The schema in the vocabulary of structured answers; `None` where that would forbid what it allows:
/// an object with keys that are not known beforehand, or a value of any type.
pub(super) fn closed(schema: &RawValue) -> Option<String> {
    let mut close = Close { out: Vec::with_capacity(schema.get().len() + 64), left: MAX_READINGS * schema.get().len() };
    close.schema(schema, MAX_JSON_DEPTH)?;
    String::from_utf8(close.out).ok()
}

struct Close {
    out: Vec<u8>,
    /// Bytes that may still be read.
    left: usize,
}

impl Close {
    fn schema(&mut self, schema: &RawValue, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.left = self.left.checked_sub(schema.get().len())?;
        let members = Members::of(schema)?;
        if members.get("$ref").is_some() {
            return self.reference(&members, depth);
        }
        let kinds = match members.get("type") {
            None => Vec::new(),
            Some(kind) => match serde_json::from_str::<Text<'_>>(kind.get()) {
                Ok(kind) => vec![kind.0],
                Err(_) => {
                    serde_json::from_str::<Vec<Text<'_>>>(kind.get()).ok()?.into_iter().map(|kind| kind.0).collect()
                }
            },
        };
        match kinds.as_slice() {
            [] => self.of_kind(&members, None, true, depth),
            [kind] => self.of_kind(&members, Some(kind), true, depth),
            // Listed values say all that the types would.
            _ if ["enum", "const"].iter().any(|name| members.get(name).is_some()) => {
                self.of_kind(&members, None, true, depth)
            }
            kinds => self.of_kinds(&members, kinds, depth),
        }
    }

    /// A reference: nothing may stand beside it but the definitions it leads to.
    fn reference(&mut self, members: &Members<'_>, depth: usize) -> Option<()> {
        let mut first = true;
        self.out.push(b'{');
        for (_, definitions) in members.0.iter().filter(|(name, _)| is_definitions(name)) {
            self.member(&mut first, "$defs");
            self.each_member(definitions, depth)?;
        }
        self.member(&mut first, "$ref");
        let target: Text<'_> = serde_json::from_str(members.get("$ref")?.get()).ok()?;
        string(&mut self.out, &target.0.replacen("#/definitions/", "#/$defs/", 1));
        self.out.push(b'}');
        Some(())
    }

    /// A schema of several types (`["string", "null"]`) as `anyOf`, one schema a type.
    fn of_kinds(&mut self, members: &Members<'_>, kinds: &[Cow<'_, str>], depth: usize) -> Option<()> {
        let kinds = kinds.get(..kinds.len().min(MAX_KINDS))?;
        let mut first = true;
        self.out.push(b'{');
        for (name, value) in &members.0 {
            match &**name {
                "title" | "description" => self.raw(&mut first, name, value),
                name if is_definitions(name) => {
                    self.member(&mut first, "$defs");
                    self.each_member(value, depth)?;
                }
                _ => {}
            }
        }
        self.member(&mut first, "anyOf");
        self.out.push(b'[');
        for (index, kind) in kinds.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            if kind == "null" {
                self.out.extend_from_slice(b"{\"type\":\"null\"}");
            } else {
                self.of_kind(members, Some(kind), false, depth)?;
            }
        }
        self.out.extend_from_slice(b"]}");
        Some(())
    }

    /// A schema of one type, or of none. `whole`: with its title, description and definitions.
    fn of_kind(&mut self, members: &Members<'_>, kind: Option<&str>, whole: bool, depth: usize) -> Option<()> {
        let has = |name: &str| members.get(name).is_some();
        let is_object = kind == Some("object") || (kind.is_none() && has("properties"));
        if is_object && is_open(members) {
            return None;
        }
        let may_list = kind.is_none_or(|kind| kind == "array");
        let mut first = true;
        let mut typed = kind.is_some() || is_object;
        let mut description = None;
        let mut moved = Vec::new();
        self.out.push(b'{');
        if let Some(kind) = kind.or(is_object.then_some("object")) {
            self.member(&mut first, "type");
            string(&mut self.out, kind);
        }
        for (name, value) in &members.0 {
            let json = value.get();
            match &**name {
                "$schema" | "$id" | "$comment" | "additionalProperties" | "type" => {}
                "description" if whole => description = serde_json::from_str::<Text<'_>>(json).ok(),
                "title" if whole => self.raw(&mut first, name, value),
                name if is_definitions(name) && whole => {
                    self.member(&mut first, "$defs");
                    self.each_member(value, depth)?;
                }
                "description" | "title" | "$defs" | "definitions" => {}
                "enum" | "const" if is_primitive(value) => {
                    typed = true;
                    self.raw(&mut first, name, value);
                }
                "required" if is_object => self.raw(&mut first, name, value),
                "format" if serde_json::from_str::<Text<'_>>(json).is_ok_and(|text| FORMATS.contains(&&*text.0)) => {
                    self.raw(&mut first, name, value);
                }
                "minItems" if may_list && (json == "0" || json == "1") => self.raw(&mut first, name, value),
                "properties" if is_object => {
                    self.member(&mut first, name);
                    self.each_member(value, depth)?;
                }
                "items" if may_list && json.starts_with('{') => {
                    self.member(&mut first, name);
                    self.schema(value, depth)?;
                }
                "allOf" => {
                    typed = true;
                    self.member(&mut first, name);
                    self.each_element(value, depth)?;
                }
                "anyOf" | "oneOf" if name == "anyOf" || !has("anyOf") => {
                    typed = true;
                    self.member(&mut first, "anyOf");
                    self.each_element(value, depth)?;
                }
                // Said of another type in the same list.
                "properties" | "required" | "items" | "minItems" if !whole => {}
                _ => moved.push(format!("{name}: {json}")),
            }
        }
        if is_object {
            self.member(&mut first, "additionalProperties");
            self.out.extend_from_slice(b"false");
        }
        self.describe(&mut first, description, &moved);
        self.out.push(b'}');
        typed.then_some(())
    }

    /// The description, with what the vocabulary cannot say at its end.
    fn describe(&mut self, first: &mut bool, description: Option<Text<'_>>, moved: &[String]) {
        let text = match (description, moved) {
            (None, []) => return,
            (Some(Text(text)), []) => text,
            (None, moved) => Cow::Owned(format!("{{{}}}", moved.join(", "))),
            (Some(Text(text)), moved) => Cow::Owned(format!("{text}\n\n{{{}}}", moved.join(", "))),
        };
        self.member(first, "description");
        string(&mut self.out, &text);
    }

    fn each_member(&mut self, object: &RawValue, depth: usize) -> Option<()> {
        let mut first = true;
        self.out.push(b'{');
        for (name, schema) in &Members::of(object)?.0 {
            self.member(&mut first, name);
            self.schema(schema, depth)?;
        }
        self.out.push(b'}');
        Some(())
    }

    fn each_element(&mut self, list: &RawValue, depth: usize) -> Option<()> {
        self.out.push(b'[');
        for (index, schema) in serde_json::from_str::<Vec<&RawValue>>(list.get()).ok()?.into_iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.schema(schema, depth)?;
        }
        self.out.push(b']');
        Some(())
    }

    fn raw(&mut self, first: &mut bool, name: &str, value: &RawValue) {
        self.member(first, name);
        self.out.extend_from_slice(value.get().as_bytes());
    }

    fn member(&mut self, first: &mut bool, name: &str) {
        if !std::mem::take(first) {
            self.out.push(b',');
        }
        string(&mut self.out, name);
        self.out.push(b':');
    }
}

/// Whether this object takes keys that are not known beforehand and that matter: it names none itself, or it
/// describes the values under them.
fn is_open(members: &Members<'_>) -> bool {
    let additional = members.get("additionalProperties").map_or("", RawValue::get);
    let names_none = members.get("properties").and_then(Members::of).is_none_or(|properties| properties.0.is_empty());
    additional.starts_with('{') || (names_none && additional != "false")
}

fn is_definitions(name: &str) -> bool {
    name == "$defs" || name == "definitions"
}

/// Whether this is a text, number, boolean or null, or a list of such.
fn is_primitive(raw: &RawValue) -> bool {
    let alone = |raw: &RawValue| !raw.get().starts_with(['{', '[']);
    alone(raw) || serde_json::from_str::<Vec<&RawValue>>(raw.get()).is_ok_and(|list| list.into_iter().all(alone))
}
