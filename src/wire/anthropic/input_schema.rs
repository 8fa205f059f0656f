//! The schema of a tool's input: any schema, as long as its root is an object.
//!
//! A root that is a reference or a choice between objects is merged into one object that allows them all.
//! Members keep their order, since a model writes its arguments in it.

use crate::wire::conversation::read::{Members, Text};
use crate::wire::json::string;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How deep alternatives and references may nest at the root.
const MAX_DEPTH: usize = 16;
/// How many times its own length of a schema may be read while references are followed: a small schema can
/// be written to unfold for ever.
const MAX_READINGS: usize = 64;

/// The schema with an object at its root: as it is where that is so, else its alternatives merged into one object.
/// `None` where no object can come of it.
pub(super) fn object_root(schema: &RawValue) -> Option<Cow<'_, str>> {
    let root = Members::of(schema)?;
    let odd = ["$ref", "anyOf", "oneOf", "allOf"].iter().any(|name| root.get(name).is_some());
    if !odd && root.get("type").is_some_and(|kind| kind.get() == "\"object\"") {
        return Some(Cow::Borrowed(schema.get()));
    }
    let mut merge = Merge { root: &root, properties: Vec::new(), left: MAX_READINGS * schema.get().len() };
    let required = merge.add(schema, MAX_DEPTH)?;
    let mut out = Vec::with_capacity(schema.get().len() + 32);
    out.extend_from_slice(b"{\"type\":\"object\",\"properties\":{");
    for (index, (name, value)) in merge.properties.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(&mut out, name);
        out.push(b':');
        out.extend_from_slice(value.get().as_bytes());
    }
    out.push(b'}');
    if !required.is_empty() {
        out.extend_from_slice(b",\"required\":");
        out.extend_from_slice(serde_json::to_string(&required).ok()?.as_bytes());
    }
    let merged = ["type", "properties", "required", "$ref", "anyOf", "oneOf", "allOf"];
    for (name, value) in root.0.iter().filter(|(name, _)| !merged.contains(&&**name)) {
        out.push(b',');
        string(&mut out, name);
        out.push(b':');
        out.extend_from_slice(value.get().as_bytes());
    }
    out.push(b'}');
    String::from_utf8(out).ok().map(Cow::Owned)
}

/// The names of required properties.
type Required<'a> = Vec<Cow<'a, str>>;

struct Merge<'r, 'a> {
    root: &'r Members<'a>,
    /// Of all alternatives; the first one of a name counts.
    properties: Vec<(Cow<'a, str>, &'a RawValue)>,
    /// Bytes that may still be read.
    left: usize,
}

impl<'a> Merge<'_, 'a> {
    /// Adds a schema's properties; what it requires. `None` where it is no object.
    fn add(&mut self, schema: &'a RawValue, depth: usize) -> Option<Required<'a>> {
        let depth = depth.checked_sub(1)?;
        let schema = self.read(schema)?;
        let mut required = Required::new();
        if let Some(reference) = schema.get("$ref") {
            let target = self.resolve(reference)?;
            include(&mut required, self.add(target, depth)?);
        }
        if let Some(kind) = schema.get("type") {
            let one = serde_json::from_str::<Text<'_>>(kind.get()).is_ok_and(|kind| kind.0 == "object");
            if !one && !names(Some(kind)).iter().any(|kind| kind == "object") {
                return None;
            }
        }
        if let Some(properties) = schema.get("properties") {
            for (name, value) in self.read(properties)?.0 {
                if !self.properties.iter().any(|(own, _)| *own == name) {
                    self.properties.push((name, value));
                }
            }
        }
        include(&mut required, names(schema.get("required")));
        for every in branches(schema.get("allOf")) {
            include(&mut required, self.add(every, depth)?);
        }
        for choice in [schema.get("anyOf"), schema.get("oneOf")].into_iter().flatten() {
            let objects: Vec<Required<'a>> =
                branches(Some(choice)).into_iter().filter_map(|one| self.add(one, depth)).collect();
            let mut common = objects.first()?.clone();
            common.retain(|name| objects.iter().all(|required| required.contains(name)));
            include(&mut required, common);
        }
        Some(required)
    }

    fn read(&mut self, object: &'a RawValue) -> Option<Members<'a>> {
        self.left = self.left.checked_sub(object.get().len())?;
        Members::of(object)
    }

    /// The definition that `#/$defs/Name` leads to.
    fn resolve(&mut self, reference: &RawValue) -> Option<&'a RawValue> {
        let Text(path) = serde_json::from_str(reference.get()).ok()?;
        let (place, name) = path.strip_prefix("#/")?.split_once('/')?;
        let definitions = self.root.get(place)?;
        self.read(definitions)?.get(name)
    }
}

fn include<'a>(required: &mut Required<'a>, more: Required<'a>) {
    for name in more {
        if !required.contains(&name) {
            required.push(name);
        }
    }
}

fn names(raw: Option<&RawValue>) -> Vec<Cow<'_, str>> {
    let list = raw.and_then(|raw| serde_json::from_str::<Vec<Text<'_>>>(raw.get()).ok()).unwrap_or_default();
    list.into_iter().map(|name| name.0).collect()
}

fn branches(raw: Option<&RawValue>) -> Vec<&RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}
