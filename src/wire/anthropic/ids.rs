//! The alphabets of ids and names. Anthropic takes `[a-zA-Z0-9_-]` only; conversations that come from other
//! providers hold other characters.
//!
//! Ids are rewritten one way: the call and its result get the same new id, the same each time, and nobody needs
//! the old one again. Names must come back as they went, and the answer is read without the request at hand,
//! so a name is escaped into one that spells the original out:
//!
//! ```text
//! weather.get  →  fl__n_weather_2eget  →  weather.get
//! ```

use std::borrow::Cow;
use std::collections::HashSet;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// Longest tool name.
const MAX_NAME: usize = 128;
/// Longest id that goes as it is: Bedrock takes no longer ones.
const MAX_ID: usize = 64;
/// Names with this prefix are ours; a caller's name that begins so is escaped too.
const RESERVED: &str = "fl__";
/// Begins an escaped name.
const ESCAPED: &str = "fl__n_";
/// The tool whose arguments are the answer where JSON is asked of a model that cannot be held to a schema otherwise.
pub(in crate::wire) const JSON_TOOL: &str = "fl__json_response";

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// The ids of a conversation's calls: unique in it, as Anthropic wants them.
#[derive(Debug, Default)]
pub(in crate::wire) struct CallIds {
    used: HashSet<String>,
}

impl CallIds {
    /// The id that this call goes by: its own where that is legal and new, else one made from it.
    pub(in crate::wire) fn introduce(&mut self, id: &str) -> String {
        let legal = (1..=MAX_ID).contains(&id.len()) && id.bytes().all(is_plain);
        let mut fresh = if legal { id.to_owned() } else { made_from(id, 0) };
        let mut round = 0;
        while !self.used.insert(fresh.clone()) {
            round += 1;
            fresh = made_from(id, round);
        }
        fresh
    }
}

fn made_from(id: &str, round: u64) -> String {
    format!("call_{:032x}", xxh3_128_with_seed(id.as_bytes(), round))
}

/// A tool's name in Anthropic's alphabet; `None` where it is too long for that.
pub(in crate::wire) fn to_upstream(name: &str) -> Option<Cow<'_, str>> {
    let plain = !name.is_empty() && name.bytes().all(is_plain) && !name.starts_with(RESERVED);
    let name = if plain { Cow::Borrowed(name) } else { Cow::Owned(escape(name)) };
    (name.len() <= MAX_NAME).then_some(name)
}

fn escape(name: &str) -> String {
    let mut escaped = String::from(ESCAPED);
    for byte in name.bytes() {
        if is_plain(byte) && byte != b'_' {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("_{byte:02x}"));
        }
    }
    escaped
}

/// The caller's own name of a tool.
pub(in crate::wire) fn to_caller(name: &str) -> Cow<'_, str> {
    match name.strip_prefix(ESCAPED).and_then(unescape) {
        Some(original) => Cow::Owned(original),
        None => Cow::Borrowed(name),
    }
}

fn unescape(escaped: &str) -> Option<String> {
    let mut bytes = escaped.bytes();
    let mut original = Vec::with_capacity(escaped.len());
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(byte) = bytes.next() {
        original.push(if byte == b'_' { digit(bytes.next())? << 4 | digit(bytes.next())? } else { byte });
    }
    String::from_utf8(original).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn legal_ids_stay_and_others_are_made_anew_the_same_way() {
        let mut ids = CallIds::default();
        assert_eq!(ids.introduce("toolu_01-A"), "toolu_01-A");
        let made = ids.introduce("functions.f:0");
        assert!(made.starts_with("call_") && made.bytes().all(is_plain), "{made}");
        assert_eq!(CallIds::default().introduce("functions.f:0"), made);
        assert_ne!(ids.introduce("functions.f:0"), made, "an id that comes twice stands for two calls");
        assert_ne!(ids.introduce("toolu_01-A"), "toolu_01-A");
        assert!(!ids.introduce("").is_empty());
        assert_eq!(ids.introduce(&"a".repeat(65)).len(), 37);
    }

    #[test]
    fn plain_names_stay_as_they_are() {
        assert_eq!(to_upstream("get_weather-2").as_deref(), Some("get_weather-2"));
        assert_eq!(to_upstream("weather.get").as_deref(), Some("fl__n_weather_2eget"));
        assert_eq!(to_upstream(&"a".repeat(129)), None);
        assert_eq!(to_caller("fl__n_broken_zz"), "fl__n_broken_zz");
        assert_ne!(to_upstream(JSON_TOOL).as_deref(), Some(JSON_TOOL), "a caller cannot take our tool's name");
    }

    proptest! {
        #[test]
        fn names_come_back_as_they_went(name in prop_oneof![".{0,9}", "fl__[a-z_]{0,9}", "[a-z_.]{0,9}"]) {
            let sent = to_upstream(&name).unwrap();
            prop_assert!(!sent.is_empty() && sent.bytes().all(is_plain));
            prop_assert_eq!(to_caller(&sent).into_owned(), name);
        }
    }
}
