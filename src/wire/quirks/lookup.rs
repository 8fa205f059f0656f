//! Finding a row.

use super::compatible::COMPATIBLE;
use super::own::{OTHERS, OWN};
use super::row::Quirks;
use crate::wire::target::Dialect;
use crate::wire::{bedrock, vertex};

/// The row of a kind; the generic one for a kind that has none.
#[must_use]
pub fn quirks(kind: &str) -> &'static Quirks {
    find(kind).unwrap_or_else(|| OTHERS.first().expect("the generic row stands first"))
}

/// The row of a model of a kind: where models are of several makers, each maker has a row.
#[must_use]
pub fn of_model(kind: &str, model: &str) -> &'static Quirks {
    let row = quirks(kind);
    let of_maker = match row.dialect {
        _ if row.publisher.is_some() => vertex::row(model),
        Dialect::Bedrock => bedrock::row(model),
        _ => None,
    };
    of_maker.unwrap_or(row)
}

/// The row of a kind that exists.
#[must_use]
pub fn find(kind: &str) -> Option<&'static Quirks> {
    providers().chain(OTHERS).find(|row| row.kind == kind)
}

/// The providers, in the order of their rows.
pub fn providers() -> impl Iterator<Item = &'static Quirks> {
    OWN.iter().chain(COMPATIBLE)
}

/// Every kind that a configuration may name.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    providers().chain(OTHERS).map(|row| row.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_handed_over_to_those_that_are_known_to_have_them() {
        let with: Vec<_> = kinds().filter(|kind| quirks(kind).batches.is_some()).collect();
        assert_eq!(with, ["openai", "anthropic", "azure", "groq", "together", "deepinfra", "nebius", "novita"]);
    }

    #[test]
    fn each_provider_has_a_name_of_its_own_and_any_other_name_is_the_generic_one() {
        let mut kinds: Vec<_> = kinds().collect();
        let all = kinds.len();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), all);
        assert_eq!(quirks("something-else").kind, "openai-chat");
    }

    #[test]
    fn the_page_of_providers_names_each_with_its_keys_and_address() {
        let page = include_str!("../../../docs/PROVIDERS.md");
        let table = page.split("<!-- addresses").nth(1).and_then(|rest| rest.split("<!-- end -->").next()).unwrap();
        let lines: Vec<_> = table.lines().filter(|line| line.contains(" | `")).collect();
        for row in providers() {
            let kind = format!("| `{}` |", row.kind);
            let line = lines.iter().find(|line| line.contains(&kind)).unwrap_or_else(|| panic!("no line has {kind}"));
            let keys = row.key_env.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            assert!(line.contains(&format!("| {keys} |")), "{line}: {keys}");
            match row.address_env {
                Some(name) => assert!(line.contains(name), "{line}: {name}"),
                None => assert!(line.ends_with(&format!("| `{}` |", row.base_url)), "{line}: {}", row.base_url),
            }
        }
        assert_eq!(lines.len(), providers().count(), "a line for each provider and no other");
    }
}
