//! Reading JSON without copying its text, and naming the member at fault when it is not what it should be.
//!
//! The happy path deserialises straight into borrowed structs. Only when that fails is the text taken
//! apart again, member by member, to say which one was wrong: callers see `messages[3].content[0].type`.

use crate::base::{ApiError, Code};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A string that stays in the request's bytes unless it holds escapes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

/// The members of an object in order, their values unread.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(Text(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

impl<'a> Members<'a> {
    /// The members of the object that `raw` is, `None` where it is something else.
    pub(crate) fn of(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// The last member of this name: where a name repeats, JSON readers take the last.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(own, _)| own == name).map(|(_, value)| *value)
    }
}

/// One value, or several of them.
#[derive(Debug)]
pub(crate) enum TextOr<T> {
    /// A string.
    Text(T),
    /// A list.
    List(Vec<T>),
}

/// Strings: one, or a list.
#[derive(Debug)]
pub(crate) struct Texts<'a>(pub(crate) TextOr<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Texts<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Texts<'de>, E> {
                Ok(Texts(TextOr::Text(Cow::Borrowed(text))))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Texts<'de>, E> {
                Ok(Texts(TextOr::Text(Cow::Owned(text.to_owned()))))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts<'de>, A::Error> {
                let mut list = Vec::new();
                while let Some(Text(text)) = seq.next_element()? {
                    list.push(text);
                }
                Ok(Texts(TextOr::List(list)))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// Whether a raw value is JSON `null`, which means the same as an absent member.
pub(crate) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// Reads one member.
///
/// # Errors
/// [`Code::InvalidRequest`] naming `param`.
pub(crate) fn member<'a, T: Deserialize<'a>>(raw: &'a RawValue, param: &str) -> Result<T, ApiError> {
    serde_json::from_str(raw.get()).map_err(|error| wrong(param, &error))
}

/// The error for a member that serde could not read.
pub(crate) fn wrong(param: &str, error: &serde_json::Error) -> ApiError {
    // serde_json ends its messages with a position, which means nothing inside a member.
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    invalid(param, format!("{param}: {reason}"))
}

/// An error about one parameter.
pub(crate) fn invalid(param: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidRequest, message).param(param)
}

/// Finds the member of `object` that `check` refuses when it stands alone: its path and the reason.
/// `check` must accept an object that lacks members. `None` where no single member is at fault.
pub(crate) fn culprit(
    object: &RawValue,
    check: impl Fn(&str) -> Result<(), serde_json::Error>,
) -> Option<(String, &RawValue, serde_json::Error)> {
    let Members(members) = Members::of(object)?;
    members.into_iter().find_map(|(name, value)| {
        let key = serde_json::to_string(&name).ok()?;
        let error = check(&format!("{{{key}:{}}}", value.get())).err()?;
        Some((name.into_owned(), value, error))
    })
}
