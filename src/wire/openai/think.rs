//! Reasoning that stands between `<think>` and `</think>` at the beginning of a text. White space beside the marks is
//! part of neither the thoughts nor the words.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// A text as it comes in, cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Split {
    place: Place,
    /// What may be a part of a mark.
    held: String,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    /// Behind the first mark, and nothing has been thought yet.
    Opened,
    Inside,
    Between,
    After,
}

/// What a piece adds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) thought: String,
    pub(super) said: String,
}

impl Split {
    /// Takes a piece.
    pub(super) fn take(&mut self, piece: &str) -> Added {
        let mut added = Added::default();
        if self.place == Place::After {
            added.said.push_str(piece);
            return added;
        }
        self.held.push_str(piece);
        if self.place == Place::Before {
            let text = self.held.trim_start();
            if let Some(rest) = text.strip_prefix(OPEN) {
                self.held = rest.to_owned();
                self.place = Place::Opened;
            } else if OPEN.starts_with(text) {
                return added;
            } else {
                self.place = Place::After;
                added.said = std::mem::take(&mut self.held);
                return added;
            }
        }
        if self.place == Place::Opened {
            self.held = self.held.trim_start().to_owned();
            if !self.held.is_empty() {
                self.place = Place::Inside;
            }
        }
        if self.place == Place::Inside {
            if let Some((thought, rest)) = self.held.split_once(CLOSE) {
                added.thought.push_str(thought.trim_end());
                self.held = rest.to_owned();
                self.place = Place::Between;
            } else {
                let rest = self.held.split_off(begins_the_end(&self.held));
                added.thought = std::mem::replace(&mut self.held, rest);
                return added;
            }
        }
        if self.place == Place::Between {
            let said = self.held.trim_start();
            if !said.is_empty() {
                self.place = Place::After;
                added.said.push_str(said);
            }
            self.held.clear();
        }
        added
    }

    /// What is still held when the text ends.
    pub(super) fn end(&mut self) -> Added {
        let held = std::mem::take(&mut self.held);
        match self.place {
            Place::Inside => Added { thought: held.trim_end().to_owned(), said: String::new() },
            _ => Added { thought: String::new(), said: held },
        }
    }
}

/// Where white space and the beginning of the closing mark stand at the end, which may be no part of the thoughts.
fn begins_the_end(text: &str) -> usize {
    let mark = (1..CLOSE.len()).rev().filter_map(|len| CLOSE.get(..len)).find(|start| text.ends_with(start));
    mark.and_then(|mark| text.strip_suffix(mark)).unwrap_or(text).trim_end().len()
}

/// A whole text; `None` where it holds no thoughts.
pub(super) fn split(text: &str) -> Option<Added> {
    if !text.trim_start().starts_with(OPEN) {
        return None;
    }
    let mut split = Split::default();
    let mut added = split.take(text);
    let rest = split.end();
    added.thought.push_str(&rest.thought);
    added.said.push_str(&rest.said);
    Some(added)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_gives_the_same_thoughts_and_words() {
        for (text, thought, said) in [
            ("<think>Hm <b>é</b> < </thin</think>\n\nOslo </think>", "Hm <b>é</b> < </thin", "Oslo </think>"),
            ("\n<think></think>x", "", "x"),
            ("<think>\n\n  </think>\nx", "", "x"),
            ("<think>\nHm,\n\n ah. \n</think>\n\nOslo", "Hm,\n\n ah.", "Oslo"),
            ("<think> cut off \n", "cut off", ""),
            ("<think>cut off </th", "cut off </th", ""),
            ("<thinker> is a word", "", "<thinker> is a word"),
            ("Oslo <think>no</think>", "", "Oslo <think>no</think>"),
            ("<th", "", "<th"),
        ] {
            for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
                let (head, tail) = text.split_at(cut);
                let mut split = Split::default();
                let pieces = [split.take(head), split.take(tail), split.end()];
                let thoughts: String = pieces.iter().map(|piece| piece.thought.as_str()).collect();
                let words: String = pieces.iter().map(|piece| piece.said.as_str()).collect();
                assert_eq!((thoughts.as_str(), words.as_str()), (thought, said), "{text} cut at {cut}");
            }
        }
        assert_eq!(split("plain"), None);
        assert_eq!(split("<think>a</think>b"), Some(Added { thought: "a".into(), said: "b".into() }));
    }
}
