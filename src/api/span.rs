//! `from` and `to` of a query, and what they may span.

use super::input::Query;
use crate::base::{ApiError, Code, Timestamp, limits};
use crate::store::Span;

const TIME: &str = "an RFC 3339 time such as 2026-01-31T08:00:00Z";

/// The span of a query: `to` is now and `from` the longest span before it where they are left out.
pub(super) fn span(query: &Query, now: Timestamp) -> Result<Span, ApiError> {
    let to = query.value("to", TIME)?.unwrap_or(now);
    let from = query.value("from", TIME)?.unwrap_or_else(|| to.minus(limits::MAX_EXPORT_SPAN));
    if from >= to {
        return Err(ApiError::new(Code::InvalidRequest, "from must be before to").param("from"));
    }
    if from.plus(limits::MAX_EXPORT_SPAN) < to {
        let days = limits::MAX_EXPORT_SPAN.as_secs() / 86_400;
        let message = format!("from and to may be {days} days apart: ask for shorter spans one after the other");
        return Err(ApiError::new(Code::InvalidRequest, message).param("from"));
    }
    Ok(Span { from, to })
}

/// Refuses what would read more decisions than the installation allows at once.
pub(super) fn bounded(rows: u64, most: u64) -> Result<(), ApiError> {
    if rows <= most {
        return Ok(());
    }
    let message =
        format!("the span holds up to {rows} decisions, and export.max_rows is {most}: ask for a shorter span");
    Err(ApiError::new(Code::EstimatedPayloadTooLarge, message).param("from"))
}
