//! Changing a few members of a JSON object without touching the text of the others.

use super::conversation::read::Text;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::ops::Range;

/// One member of an object: its name, and where its text stands.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: Box<str>,
    /// From the name's quote to the end of the value.
    pub(crate) whole: Range<usize>,
    /// The value.
    pub(crate) value: Range<usize>,
}

/// The members of the object that `text` is, in order.
///
/// # Errors
/// `text` is not one JSON object.
pub(crate) fn members(text: &str) -> Result<Vec<Member>, serde_json::Error> {
    struct Read<'a>(&'a str);
    impl<'de> Visitor<'de> for Read<'de> {
        type Value = Vec<Member>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<Member>, A::Error> {
            let mut members: Vec<Member> = Vec::with_capacity(12);
            while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                let value = offset(self.0, value.get());
                let after = members.last().map_or(0, |last| last.value.end);
                let gap = self.0.get(after..value.start).unwrap_or_default();
                let quote = gap.find('"').unwrap_or(0);
                members.push(Member { name: name.into(), whole: after + quote..value.end, value });
            }
            Ok(members)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer.deserialize_map(Read(text))?;
    deserializer.end()?;
    Ok(members)
}

/// Where `part`, a slice of `text`, stands in it.
fn offset(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

/// Writes an object anew from the text of its members.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(capacity: usize) -> Self {
        let mut out = Vec::with_capacity(capacity);
        out.push(b'{');
        Self { out }
    }

    fn comma(&mut self) {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
    }

    /// A member as it stood.
    pub(crate) fn keep(&mut self, text: &str) {
        self.comma();
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A member with a name of ours and this JSON text.
    pub(crate) fn put(&mut self, name: &str, json: &[u8]) {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out.extend_from_slice(json);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_stand_where_they_say() {
        let text = r#" { "a" : [1, {"x":"}"}] ,"b\u0041":null, "c":"é" } "#;
        let members = members(text).unwrap();
        let seen: Vec<_> = members
            .iter()
            .map(|m| (&*m.name, text.get(m.whole.clone()).unwrap(), text.get(m.value.clone()).unwrap()))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", r#""a" : [1, {"x":"}"}]"#, r#"[1, {"x":"}"}]"#),
                ("bA", r#""b\u0041":null"#, "null"),
                ("c", r#""c":"é""#, r#""é""#),
            ]
        );
        assert!(super::members("{} x").is_err());
        assert!(super::members("[]").is_err());
    }
}
