//! Where a table holds nothing. Most decisions have no vote, no rating and no judge, and are read in nearly the order
//! of these tables' keys: one look at what stands beside a missing key answers for all keys up to there.

use super::error::Error;
use std::borrow::Borrow;

/// A stretch between two keys of a table that holds no key, in one snapshot.
#[derive(Debug)]
pub(super) struct Absent<K>(Option<Stretch<K>>);

/// `None` is an end of the table.
#[derive(Debug)]
struct Stretch<K> {
    before: Option<K>,
    behind: Option<K>,
}

impl<K> Default for Absent<K> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K> Absent<K> {
    /// What `get` finds, which is not asked where the key is known to be absent; `beside` finds the keys before and
    /// behind one that is.
    pub(super) fn or_get<Q: Ord + ?Sized, V>(
        &mut self,
        key: &Q,
        get: impl FnOnce() -> Result<Option<V>, Error>,
        beside: impl FnOnce() -> Result<(Option<K>, Option<K>), Error>,
    ) -> Result<Option<V>, Error>
    where
        K: Borrow<Q>,
    {
        if let Some(Stretch { before, behind }) = &self.0
            && before.as_ref().is_none_or(|before| before.borrow() < key)
            && behind.as_ref().is_none_or(|behind| key < behind.borrow())
        {
            return Ok(None);
        }
        let found = get()?;
        if found.is_none() {
            let (before, behind) = beside()?;
            self.0 = Some(Stretch { before, behind });
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::ops::Bound::{Excluded, Unbounded};

    #[test]
    fn a_stretch_is_asked_for_once_and_what_is_there_is_always_found() {
        let table: BTreeSet<u32> = (0..100).filter(|key| key % 17 == 3).collect();
        let mut absent = Absent::default();
        let mut asked = 0;
        for key in (0..100).chain((0..100).rev()) {
            let found = absent
                .or_get(
                    &key,
                    || {
                        asked += 1;
                        Ok(table.get(&key).copied())
                    },
                    || {
                        let before = table.range(..key).next_back().copied();
                        Ok((before, table.range((Excluded(key), Unbounded)).next().copied()))
                    },
                )
                .unwrap();
            assert_eq!(found, table.get(&key).copied());
        }
        assert_eq!(asked, 2 * table.len() + 13, "each key that is there, and once for each stretch that is come to");
    }
}
