//! What outcomes gave to one decision, as it is shown: computed on reading, since an outcome comes late and a
//! session goes on.
//!
//! The vote on a session is shared among its answered calls; a vote, a rating or a judgement of one decision is
//! that decision's alone. Votes of 0 to 10 are anchored with the ends that hold before an org has shown its own.

use crate::base::{RequestId, Timestamp};
use crate::resource::assessment::{Credit, Scores};
use crate::resource::{Decision, Feedback, Judged, Rating};
use crate::routing::Parts;
use crate::routing::learn::anchor::Anchor;

/// What credits depend on in a decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) request_id: RequestId,
    pub(super) session_id: &'a str,
    pub(super) created_at: Timestamp,
    /// Whether anybody answered.
    pub(super) answered: bool,
    pub(super) output_tokens: Option<u64>,
    pub(super) heuristics: Option<Scores>,
}

impl<'a> From<&'a Decision> for Known<'a> {
    fn from(decision: &'a Decision) -> Self {
        Self {
            request_id: decision.request_id,
            session_id: decision.session_id.as_str(),
            created_at: decision.created_at,
            answered: decision.served.is_some(),
            output_tokens: decision.outcome.output_tokens,
            heuristics: decision.heuristics,
        }
    }
}

impl Known<'_> {
    /// Whether it has a part in its session's outcome, and the output tokens of that part.
    pub(super) fn part(&self) -> Option<Option<u64>> {
        self.answered.then_some(self.output_tokens)
    }
}

/// The credits of a decision, from the vote on its session with the session's parts, and from what is its own.
pub(super) fn of(
    known: &Known<'_>,
    session: Option<(&Feedback, Parts)>,
    feedback: Option<&Feedback>,
    rating: Option<&Rating>,
    judged: Option<&Judged>,
) -> Vec<Credit> {
    let mut credits = Vec::new();
    if let Some(((vote, parts), tokens)) = session.zip(known.part()) {
        credits.push(credit("session", Anchor::default().quality(vote.score), parts.share(tokens), vote.created_at));
    }
    if let Some(vote) = feedback {
        credits.push(credit("request", Anchor::default().quality(vote.score), 1.0, vote.created_at));
    }
    if let Some(rating) = rating {
        credits.push(credit("manual", rating.score / 100.0, 1.0, rating.created_at));
    }
    if let Some(scores) = Scores::known(known.heuristics, judged.map(|judged| judged.scores)) {
        let at = judged.map_or(known.created_at, |judged| judged.created_at);
        credits.push(credit("auto", scores.composite / 100.0, 1.0, at));
    }
    credits
}

fn credit(source: &str, outcome: f64, share: f64, created_at: Timestamp) -> Credit {
    Credit { source: source.to_owned(), outcome, share, credit: outcome * share, created_at }
}
