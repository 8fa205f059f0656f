//! What outcomes gave to one decision, as it is shown: computed on reading, since an outcome comes late and a
//! session goes on.
//!
//! The vote on a session is shared among its answered calls; a vote, a rating or a judgement of one decision is
//! that decision's alone. Votes of 0 to 10 are anchored with the ends that hold before an org has shown its own.

use super::error::Error;
use super::read::json;
use super::session::Row;
use super::tables;
use crate::resource::assessment::Credit;
use crate::resource::{Decision, Feedback, StoredDecision};
use crate::routing::learn::anchor::Anchor;
use redb::ReadTransaction;

/// Adds what is known to the decision.
pub(super) fn add(txn: &ReadTransaction, org: u32, stored: &mut StoredDecision) -> Result<(), Error> {
    let session = stored.decision.session_id.as_str();
    let place = format!("s:{session}");
    let vote: Option<Feedback> = match txn.open_table(tables::FEEDBACK)?.get((org, place.as_str()))? {
        Some(bytes) => Some(json(bytes.value())?),
        None => None,
    };
    let mut credits = Vec::new();
    if let Some(vote) = vote {
        let row: Option<Row> = match txn.open_table(tables::SESSIONS)?.get((org, session))? {
            Some(bytes) => Some(json(bytes.value())?),
            None => None,
        };
        let parts = row.and_then(|row| row.parts);
        if let Some((parts, tokens)) = parts.zip(part(&stored.decision)) {
            credits.push(credit(
                "session",
                Anchor::default().quality(vote.score),
                parts.share(tokens),
                vote.created_at,
            ));
        }
    }
    if let Some(vote) = &stored.feedback {
        credits.push(credit("request", Anchor::default().quality(vote.score), 1.0, vote.created_at));
    }
    if let Some(rating) = &stored.rating {
        credits.push(credit("manual", rating.score / 100.0, 1.0, rating.created_at));
    }
    if let Some(scores) = stored.scores() {
        let at = stored.judged.as_ref().map_or(stored.decision.created_at, |judged| judged.created_at);
        credits.push(credit("auto", scores.composite / 100.0, 1.0, at));
    }
    stored.credits = credits;
    Ok(())
}

fn credit(source: &str, outcome: f64, share: f64, created_at: crate::base::Timestamp) -> Credit {
    Credit { source: source.to_owned(), outcome, share, credit: outcome * share, created_at }
}

/// Whether a decision has a part in its session's outcome, and the output tokens of that part.
pub(super) fn part(decision: &Decision) -> Option<Option<u64>> {
    decision.served.as_ref().map(|_| decision.outcome.output_tokens)
}
