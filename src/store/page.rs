//! Pages of listings that are short enough to be read whole.

use super::cursor;
use super::error::Error;
use super::open::Store;
use super::read::scope;
use crate::base::OrgId;
use crate::resource::Page;

/// What is listed.
pub(super) struct Listing<'a, T> {
    /// Whose it is.
    pub(super) org: &'a OrgId,
    /// Its name; cursors hold for one listing of one org.
    pub(super) what: &'static str,
    /// What tells one item from the others.
    pub(super) id: fn(&T) -> &str,
}

impl Store {
    /// A page of at most `limit` of those items that `wanted` takes, in their order.
    ///
    /// # Errors
    /// [`Error::BadCursor`].
    pub(super) fn paged<T>(
        &self,
        listing: &Listing<'_, T>,
        items: Vec<T>,
        limit: usize,
        cursor: Option<&str>,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Page<T>, Error> {
        let scope = scope(listing.org, listing.what, &());
        let after = cursor.map(|text| cursor::open(&self.cursor_secret, &scope, text)).transpose()?;
        let mut rest = items.into_iter().peekable();
        if let Some(after) = after {
            while rest.next_if(|item| (listing.id)(item).as_bytes() != after).is_some() {}
            rest.next();
        }
        let mut rest = rest.filter(wanted);
        let items: Vec<T> = rest.by_ref().take(limit).collect();
        let has_more = rest.next().is_some();
        let last = items.last().filter(|_| has_more);
        let next_cursor = last.map(|last| cursor::sign(&self.cursor_secret, &scope, (listing.id)(last).as_bytes()));
        Ok(Page { items, next_cursor, has_more })
    }
}
