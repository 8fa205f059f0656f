//! The members of a JSON object as they stand, found without reading their values.
//!
//! For objects that we wrote ourselves, without white space. Where the text is anything else, the walk ends early and
//! [`Members::is_whole`] says so: who skims reads such an object with serde then.

use std::borrow::Cow;

/// A walk over the members of an object.
#[derive(Debug)]
pub(super) struct Members<'a> {
    rest: &'a [u8],
    is_whole: bool,
}

impl<'a> Members<'a> {
    pub(super) fn of(object: &'a [u8]) -> Self {
        // An object that does not begin as one ends before its first member.
        Self { rest: object.strip_prefix(b"{").unwrap_or_default(), is_whole: object == b"{}" }
    }

    /// Whether the walk went through to the end of the object.
    pub(super) const fn is_whole(&self) -> bool {
        self.is_whole
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], &'a [u8]);

    /// A member's name between its quotation marks, and its value.
    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.strip_prefix(b"\"")?;
        let (name, text) = text.split_at_checked(memchr::memchr(b'"', text)?)?;
        let text = text.strip_prefix(b"\":")?;
        let (value, text) = text.split_at_checked(length(text)?)?;
        let (next, text) = text.split_first()?;
        self.is_whole = *next == b'}' && text.is_empty();
        self.rest = if *next == b',' { text } else { &[] };
        Some((name, value))
    }
}

/// The length of the value that the text begins with.
fn length(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => Some(text_length(text.get(1..)?)? + 1),
        b'{' | b'[' => nest_length(text),
        _ => memchr::memchr2(b',', b'}', text),
    }
}

/// The length of a text up to and with its closing quotation mark; the opening one is gone.
fn text_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The length of an object or a list.
fn nest_length(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_u32, 0);
    loop {
        at += text.get(at..)?.iter().position(|byte| matches!(byte, b'{' | b'[' | b'}' | b']' | b'"'))?;
        let mark = text.get(at)?;
        at += 1;
        match mark {
            b'"' => at += text_length(text.get(at..)?)?,
            b'{' | b'[' => depth += 1,
            _ if depth == 1 => return Some(at),
            _ => depth = depth.checked_sub(1)?,
        }
    }
}

/// A text value, borrowed where nothing in it is escaped; `None` where it is no text.
pub(super) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    match memchr::memchr(b'\\', inner) {
        None => std::str::from_utf8(inner).ok().map(Cow::Borrowed),
        Some(_) => serde_json::from_slice(value).ok().map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn walked(object: &[u8]) -> Option<Vec<(String, Value)>> {
        let mut members = Members::of(object);
        let mut found = Vec::new();
        for (name, value) in &mut members {
            found.push((String::from_utf8(name.to_vec()).ok()?, serde_json::from_slice(value).ok()?));
        }
        members.is_whole().then_some(found)
    }

    #[test]
    fn members_stand_as_they_were_written() {
        let text = br#"{"a":"x\"},\\","b":{"c":["]}",{}]},"d":-1.5e3,"e":null,"f":[],"g":{}}"#;
        let mut members = Members::of(text);
        let values: Vec<&[u8]> = (&mut members).map(|(_, value)| value).collect();
        assert_eq!(values, [&br#""x\"},\\""#[..], br#"{"c":["]}",{}]}"#, b"-1.5e3", b"null", b"[]", b"{}"],);
        assert!(members.is_whole());
        assert_eq!(walked(b"{}"), Some(Vec::new()));
        assert_eq!(super::text(br#""a\nb""#).as_deref(), Some("a\nb"));
        assert_eq!(super::text(b"7"), None);
    }

    #[test]
    fn what_is_not_ours_is_never_taken_for_whole() {
        for text in [
            "",
            "{",
            "[]",
            "null",
            r#"{"a":1"#,
            r#"{"a":1}x"#,
            r#"{"a": 1, "b": 2}"#,
            r#"{ "a":1}"#,
            r#"{"a":"#,
            r#"{"a":"x}"#,
            r#"{"a":{"b":1}"#,
            r#"{"a":1,}"#,
            r#"{"a"}"#,
        ] {
            let mut members = Members::of(text.as_bytes());
            let count = (&mut members).count();
            let read = serde_json::from_str::<serde_json::Map<String, Value>>(text);
            assert!(!members.is_whole() || read.is_ok_and(|read| read.len() == count), "{text}");
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-z\"\\\\]{0,4}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_object_is_walked_as_serde_reads_it(members in prop::collection::btree_map("[a-z]{1,5}", json(), 0..6)) {
            let text = serde_json::to_vec(&members).unwrap();
            prop_assert_eq!(walked(&text), Some(members.into_iter().collect::<Vec<_>>()));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(&b"{}[]\"\\:,a1 "[..]), 0..40)) {
            let mut members = Members::of(&bytes);
            prop_assert!((&mut members).count() <= bytes.len());
        }
    }
}
