//! Which known name was probably meant.

/// Longest part of a name that is compared: names come from callers too.
const LONGEST: usize = 64;

/// Edits between two names, without regard to case: letters put in, left out, replaced, or swapped with
/// their neighbour. `None` where more than `most` are needed.
pub(crate) fn distance(left: &str, right: &str, most: usize) -> Option<usize> {
    let left: Vec<char> = left.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let right: Vec<char> = right.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    if left.len().abs_diff(right.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous = None;
    for (row, &a) in left.iter().enumerate() {
        let mut line = Vec::with_capacity(last.len());
        line.push(row + 1);
        let mut left_neighbour = row + 1;
        let mut passed = None;
        for (column, (&b, pair)) in right.iter().zip(last.windows(2)).enumerate() {
            let &[diagonal, above] = pair else { continue };
            let mut cost = (diagonal + usize::from(a != b)).min(above + 1).min(left_neighbour + 1);
            if previous == Some(b) && passed == Some(a) {
                cost = cost.min(column.checked_sub(1).and_then(|at| before.get(at)).map_or(cost, |edits| edits + 1));
            }
            line.push(cost);
            left_neighbour = cost;
            passed = Some(b);
        }
        if line.iter().min().is_some_and(|least| *least > most) {
            return None;
        }
        before = std::mem::replace(&mut last, line);
        previous = Some(a);
    }
    last.last().copied().filter(|edits| *edits <= most)
}

/// The known name that `name` is probably a slip of: at most a third of its letters differ.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (name.chars().count() / 3).clamp(1, 8);
    known
        .into_iter()
        .filter_map(|other| Some((distance(name, other, most)?, other)))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slips_are_counted() {
        for (left, right, edits) in [
            ("listen", "listen", 0),
            ("Listen", "lISTEN", 0),
            ("listn", "listen", 1),
            ("lisetn", "listen", 1),
            ("listenn", "listen", 1),
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("ca", "abc", 3),
        ] {
            assert_eq!(distance(left, right, 9), Some(edits), "{left} {right}");
            assert_eq!(distance(right, left, 9), Some(edits), "{right} {left}");
            if edits > 0 {
                assert_eq!(distance(left, right, edits - 1), None, "{left} {right}");
            }
        }
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
        fn a_cutoff_changes_nothing_below_it(left in "[a-c]{0,9}", right in "[a-c]{0,9}", most in 0_usize..9) {
            let exact = distance(&left, &right, 99).unwrap();
            prop_assert_eq!(distance(&left, &right, most), (exact <= most).then_some(exact));
        }
    }
}
