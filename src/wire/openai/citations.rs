//! Sources that stand beside an answer, as annotations of the marks `[n]` in its text.

use serde_json::{Map, Value, json};

/// Where an answer got something from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    url: String,
    title: String,
}

/// The sources that an answer or a chunk names, in the order of their marks; `None` where it names none.
pub(super) fn sources(answer: &Map<String, Value>) -> Option<Vec<Source>> {
    let found = answer.get("search_results").and_then(Value::as_array).filter(|found| !found.is_empty());
    let found = found.or_else(|| answer.get("citations").and_then(Value::as_array))?;
    let sources = found.iter().map(|one| {
        let url = one.as_str().or_else(|| one["url"].as_str()).unwrap_or_default().to_owned();
        Source { title: one["title"].as_str().map_or_else(|| url.clone(), str::to_owned), url }
    });
    let sources: Vec<Source> = sources.collect();
    (!sources.is_empty()).then_some(sources)
}

/// An annotation for each mark, with offsets in characters; `None` where there is no mark.
pub(super) fn annotations(text: &str, sources: &[Source]) -> Option<Value> {
    let mut all = Vec::new();
    let mut open = None;
    for (at, sign) in text.chars().enumerate() {
        match sign {
            '[' => open = Some((at, 0_usize)),
            ']' => {
                if let Some((start, number)) = open.take()
                    && let Some(source) = number.checked_sub(1).and_then(|place| sources.get(place))
                {
                    all.push(
                        json!({"type": "url_citation", "url_citation": {"start_index": start, "end_index": at + 1,
                        "url": source.url, "title": source.title}}),
                    );
                }
            }
            digit => {
                open = open.zip(digit.to_digit(10)).and_then(|((start, number), digit)| {
                    let number = number.checked_mul(10)?.checked_add(usize::try_from(digit).ok()?)?;
                    Some((start, number))
                });
            }
        }
    }
    (!all.is_empty()).then_some(Value::Array(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_annotations_with_offsets_in_characters() {
        let answer = json!({"citations": ["https://a", "https://b"]});
        let sources = sources(answer.as_object().unwrap()).unwrap();
        let found = annotations("Größe [2], [3], [0], [x], [1", &sources).unwrap();
        assert_eq!(
            found,
            json!([{"type": "url_citation", "url_citation": {"start_index": 6, "end_index": 9, "url": "https://b", "title": "https://b"}}])
        );
        assert_eq!(annotations("none", &sources), None);
        let titled = json!({"citations": ["x"], "search_results": [{"url": "https://a", "title": "A"}]});
        let sources = super::sources(titled.as_object().unwrap()).unwrap();
        assert_eq!(sources, [Source { url: "https://a".into(), title: "A".into() }]);
        assert_eq!(super::sources(&Map::new()), None);
    }
}
