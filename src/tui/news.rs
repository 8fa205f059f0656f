//! What the screen hears: the live stream, and the server's answers.

use super::app::{App, Effect, LOG_KEPT, Link, Live, Opened};
use super::row::Row;
use super::slot::{Ask, Problem};
use super::theme::Tone;
use crate::base::Timestamp;
use crate::base::human::visible;
use serde_json::Value;
use std::time::Duration;

/// How long the sum of a month is good enough.
const SPENT_AGAIN: Duration = Duration::from_secs(60);

impl App {
    pub(super) fn live(&mut self, live: Live) {
        match live {
            Live::Decision(json) => {
                let Some(row) = Row::read(&json) else {
                    return self.say(Tone::Warn, "a decision on the live stream could not be read");
                };
                self.arrived(row);
            }
            Live::Vote(json) => {
                let vote: Value = serde_json::from_str(&json).unwrap_or_default();
                let text = |name: &str| vote.get(name).and_then(Value::as_str).map(visible);
                let of = text("session_id").or_else(|| text("request_id")).unwrap_or_else(|| "a request".into());
                let score = vote.get("score").map(ToString::to_string).unwrap_or_default();
                self.log(Tone::Good, format!("{of} was rated {score}"));
            }
            Live::Missed(count) => {
                self.missed = self.missed.saturating_add(count);
                self.log(Tone::Warn, format!("{count} events went by unseen: this screen could not keep up"));
            }
        }
    }

    fn arrived(&mut self, row: Row) {
        // A stream that is gone on with may tell what the list of earlier decisions has told.
        if !self.rows.push(row.clone()) {
            return;
        }
        if row.is_failed() {
            self.log(Tone::Bad, format!("{} failed: {}", row.id, row.reason));
        } else if row.fell_back {
            self.log(Tone::Warn, format!("{} was served by {} in place of another", row.id, row.model));
        }
        // The chosen line stays on its decision while others come in above it.
        if self.decisions.at > 0 && self.decisions.paused.is_none() && row.matches(&self.decisions.filter) {
            self.decisions.at += 1;
        }
        self.traffic.count(&row);
    }

    pub(super) fn linked(&mut self, link: Link) -> Vec<Effect> {
        let mut effects = Vec::new();
        match &link {
            Link::Live if self.link != Link::Live => {
                self.log(Tone::Good, format!("connected to {}", self.url));
                // What was decided before, or while the line was down.
                effects.push(Effect::Ask(Ask::Recent));
            }
            Link::Lost(why) if self.link != link => self.log(Tone::Bad, format!("the live stream is gone: {why}")),
            _ => {}
        }
        self.link = link;
        effects
    }

    pub(super) fn answered(&mut self, ask: Ask, answer: Result<Value, Problem>) -> Vec<Effect> {
        let now = self.now;
        match ask {
            Ask::Recent => self.recent(answer),
            Ask::Routes => self.routes.take(answer, now),
            Ask::Spent(_) => {
                self.spent.take(answer, now);
                self.spent.pause(now, SPENT_AGAIN);
            }
            Ask::Constraints => self.constraints.take(answer, now),
            Ask::Sessions => self.sessions.take(answer, now),
            Ask::Experiments => self.experiments.take(answer, now),
            Ask::MayWrite => {
                let refused = answer == Ok(Value::Bool(false));
                self.may_write = Some(!refused);
                if refused {
                    self.log(Tone::Warn, "this key may only read: ratings, pins and rollbacks are switched off".into());
                }
            }
            Ask::Decision(id) => take_opened(&mut self.decisions.open, &id, answer, now),
            Ask::Session(id) => take_opened(&mut self.session, &id, answer, now),
            Ask::Results(id) => self.results_of(&id, answer),
            Ask::Explain { .. } => self.explained(answer),
            Ask::Rate { .. } | Ask::Feedback { .. } | Ask::Pin(_) | Ask::Unpin(_) | Ask::Rollback(_) => {
                return self.ordered(&ask, answer);
            }
        }
        Vec::new()
    }

    /// The latest decisions, newest first: those that are not here yet are put in, oldest first.
    fn recent(&mut self, answer: Result<Value, Problem>) {
        match &answer {
            Ok(page) => {
                let items = page.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                for row in items.iter().rev().filter_map(Row::of) {
                    let counted = row.clone();
                    if self.rows.push(row) {
                        self.traffic.place(&counted);
                    }
                }
            }
            Err(problem) => self.log(Tone::Bad, format!("earlier decisions: {}", problem.words())),
        }
        self.recent.take(answer.map(|_| Value::Null), self.now);
    }

    fn results_of(&mut self, id: &str, answer: Result<Value, Problem>) {
        if let Ok(value) = &answer
            && let Some(evidence) = value.get("e_value").and_then(Value::as_f64)
            && self.results.as_ref().is_some_and(|open| open.id == id)
        {
            self.evidence.push_back(evidence);
            if self.evidence.len() > LOG_KEPT {
                self.evidence.pop_front();
            }
        }
        take_opened(&mut self.results, id, answer, self.now);
    }

    /// What an order came to; what it changed is asked for at once.
    fn ordered(&mut self, ask: &Ask, answer: Result<Value, Problem>) -> Vec<Effect> {
        let done = match ask {
            Ask::Rate { id, score } => format!("{id} is rated {score} of 100"),
            Ask::Feedback { session, score } => {
                let duplicate = answer.as_ref().is_ok_and(|receipt| receipt["duplicate"] == true);
                let stands = if duplicate { " had a rating already, which stands" } else { " is rated " };
                format!("session {session}{stands}{}", if duplicate { String::new() } else { format!("{score} of 10") })
            }
            Ask::Pin(route) => format!("{route} is pinned to its default model"),
            Ask::Unpin(route) => format!("{route} chooses again"),
            Ask::Rollback(id) => format!("experiment {id} is rolled back"),
            _ => String::new(),
        };
        match answer {
            Ok(_) => {
                self.say(Tone::Good, &done);
                for slot in [&mut self.routes, &mut self.sessions, &mut self.experiments] {
                    slot.hurry();
                }
                for open in [&mut self.decisions.open, &mut self.session, &mut self.results].into_iter().flatten() {
                    open.slot.hurry();
                }
            }
            Err(problem) => {
                if problem.status == Some(403) {
                    self.may_write = Some(false);
                }
                self.say(Tone::Bad, &problem.message);
            }
        }
        self.due()
    }
}

fn take_opened(open: &mut Option<Opened>, id: &str, answer: Result<Value, Problem>, now: Timestamp) {
    if let Some(open) = open.as_mut().filter(|open| open.id == id) {
        open.slot.take(answer, now);
    }
}
