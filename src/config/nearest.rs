//! Which known name was probably meant.
//!
//! Distance is the number of edits: letters put in, left out, replaced, or swapped with their neighbour
//! (optimal string alignment), without regard to case. It is computed for all letters of the pattern at once,
//! one bit each (Hyyrö, "A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances", 2003),
//! because callers can ask for names that do not exist as often as they like.

/// Longest part of a name that is compared: one bit of a word for each letter.
const LONGEST: usize = 64;

/// A name that others are compared with.
#[derive(Debug)]
pub(crate) struct Pattern {
    length: usize,
    /// At which places of the name each ASCII letter stands.
    ascii: [u64; 128],
    others: Vec<(char, u64)>,
}

impl Pattern {
    pub(crate) fn new(name: &str) -> Self {
        let mut pattern = Self { length: 0, ascii: [0; 128], others: Vec::new() };
        for (place, letter) in letters(name).enumerate() {
            pattern.length = place + 1;
            let bit = 1 << place;
            match pattern.ascii.get_mut(letter as usize) {
                Some(places) => *places |= bit,
                None => match pattern.others.iter_mut().find(|(other, _)| *other == letter) {
                    Some((_, places)) => *places |= bit,
                    None => pattern.others.push((letter, bit)),
                },
            }
        }
        pattern
    }

    fn places(&self, letter: char) -> u64 {
        self.ascii
            .get(letter as usize)
            .copied()
            .unwrap_or_else(|| self.others.iter().find(|(other, _)| *other == letter).map_or(0, |(_, places)| *places))
    }

    /// Edits between the name and another one.
    pub(crate) fn distance(&self, other: &str) -> usize {
        if self.length == 0 {
            return letters(other).count();
        }
        let last = 1_u64 << (self.length - 1);
        let (mut up, mut down, mut diagonal, mut before) = (u64::MAX, 0_u64, 0_u64, 0_u64);
        let mut edits = self.length;
        for letter in letters(other) {
            let here = self.places(letter);
            let swapped = ((!diagonal & here) << 1) & before;
            diagonal = ((here & up).wrapping_add(up) ^ up) | here | down | swapped;
            let right = down | !(diagonal | up);
            let left = diagonal & up;
            edits += usize::from(right & last != 0);
            edits -= usize::from(left & last != 0);
            let right = (right << 1) | 1;
            up = (left << 1) | !(diagonal | right);
            down = right & diagonal;
            before = here;
        }
        edits
    }
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(char::to_lowercase).take(LONGEST)
}

/// The known name that `name` is probably a slip of: at most a third of its letters differ.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).clamp(1, 8);
    let pattern = Pattern::new(name);
    let near = known.into_iter().map(|other| (pattern.distance(other), other)).filter(|(edits, _)| *edits <= most);
    near.min_by_key(|(edits, _)| *edits).map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, cell by cell.
    fn by_hand(left: &str, right: &str) -> usize {
        let left: Vec<char> = letters(left).collect();
        let right: Vec<char> = letters(right).collect();
        let mut table = vec![vec![0; right.len() + 1]; left.len() + 1];
        for i in 0..=left.len() {
            for j in 0..=right.len() {
                table[i][j] = if i == 0 || j == 0 {
                    i + j
                } else {
                    let differs = usize::from(left[i - 1] != right[j - 1]);
                    let plain = (table[i - 1][j - 1] + differs).min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                    let swapped = i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
                    if swapped { plain.min(table[i - 2][j - 2] + 1) } else { plain }
                };
            }
        }
        table[left.len()][right.len()]
    }

    #[test]
    fn slips_are_counted() {
        for (left, right, edits) in [
            ("listen", "listen", 0),
            ("Listen", "lISTEN", 0),
            ("listn", "listen", 1),
            ("lisetn", "listen", 1),
            ("listenn", "listen", 1),
            ("kitten", "sitting", 3),
            ("ключ", "клуч", 1),
            ("", "abc", 3),
            ("ca", "abc", 3),
        ] {
            assert_eq!(Pattern::new(left).distance(right), edits, "{left} {right}");
            assert_eq!(Pattern::new(right).distance(left), edits, "{right} {left}");
        }
        assert_eq!(Pattern::new(&"a".repeat(64)).distance(&"b".repeat(500)), 64);
    }

    #[test]
    fn only_what_is_near_is_named() {
        let known = ["thompson", "epsilon_greedy", "ucb1"];
        assert_eq!(nearest("thomson", known), Some("thompson"));
        assert_eq!(nearest("UCB-1", known), Some("ucb1"));
        assert_eq!(nearest("quantum", known), None);
    }

    proptest! {
        #[test]
        fn bits_count_as_the_definition_does(left in "[a-cé]{0,70}", right in "[a-cé]{0,70}") {
            prop_assert_eq!(Pattern::new(&left).distance(&right), by_hand(&left, &right));
        }

        #[test]
        fn short_names_too(left in "[ab]{0,6}", right in "[ab]{0,6}") {
            prop_assert_eq!(Pattern::new(&left).distance(&right), by_hand(&left, &right));
        }
    }
}
