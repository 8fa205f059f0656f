//! Printing one page of a list, or all of them.

use super::args::Paging;
use super::exit::Failure;
use super::output::Listing;
use crate::client::{Error, Part};
use crate::resource::Page;
use serde::Serialize;

/// A list that is printed page by page.
pub(crate) struct Pages<'a> {
    /// Where it goes.
    pub(crate) listing: Listing<'a>,
    /// Which part of it.
    pub(crate) paging: &'a Paging,
    /// What to tell people when nothing is in it.
    pub(crate) empty: &'a str,
}

impl Pages<'_> {
    /// Asks for the pages one after the other and prints each as it comes.
    pub(crate) async fn print<T: Serialize>(
        mut self,
        ask: impl AsyncFn(Part) -> Result<Page<T>, Error>,
    ) -> Result<(), Failure> {
        let mut part = Part { limit: self.paging.limit, cursor: self.paging.cursor.clone() };
        let mut count = 0;
        loop {
            let page = ask(part.clone()).await?;
            count += page.items.len();
            self.listing.page(&page.items)?;
            match page.next_cursor {
                // One page looks at so many records: where it found none of them, the next one is asked for.
                Some(cursor) if self.paging.all || page.items.is_empty() => part.cursor = Some(cursor),
                next => {
                    let hint = match &next {
                        Some(cursor) => Some(format!("more with --cursor {cursor}, or everything with --all")),
                        None => (count == 0).then(|| self.empty.to_owned()),
                    };
                    self.listing.end(next.as_deref(), hint.as_deref())?;
                    return Ok(());
                }
            }
        }
    }
}
