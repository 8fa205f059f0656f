//! Which session a call belongs to when it does not say, and which model a session has.
//!
//! A conversation is recognised by its beginning: every call leaves a print of its whole history
//! (caller, user, and each message in order). A later call whose history continues one that was left
//! within the window joins its session. When two sessions share the same beginning (everybody says
//! "hello"), the answer tells them apart: the print is also left with our own answer appended.
//!
//! Memory is bounded ([`limits::MAX_INFERRED_SESSIONS`]); what is forgotten only makes a new session.

use super::recent::Recent;
use crate::base::{ModelRef, RouteId, SessionId, Timestamp, limits};
use crate::config::settings;
use crate::wire::conversation::Role;
use crate::wire::{MessagePrint, print_of_text};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

/// The memory of conversations and of the model that each session has.
#[derive(Debug)]
pub(crate) struct Sessions {
    beginnings: Recent<u64, Left>,
    models: Recent<(u64, RouteId), ModelRef>,
}

/// What a call left behind.
#[derive(Debug, Clone)]
struct Left {
    session: SessionId,
    at: Timestamp,
}

/// A call's place: its session, and the print under which its own history will be left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The session.
    pub(crate) session: SessionId,
    /// Whether it was inferred.
    pub(crate) inferred: bool,
    /// Print of the whole history; `None` where nothing is to be left.
    print: Option<u64>,
}

/// Who speaks: sessions of different orgs, keys or users never meet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speaker<'a> {
    pub(crate) org: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) user: Option<&'a str>,
}

impl Place {
    /// The place of a call that belongs to `session`, given or new, and leaves nothing to recognise.
    pub(crate) fn of(session: SessionId, inferred: bool) -> Self {
        Self { session, inferred, print: None }
    }
}

impl Speaker<'_> {
    fn print(&self) -> u64 {
        let mut hasher = Xxh3::new();
        for part in [Some(self.org), self.key, self.user] {
            match part {
                Some(text) => {
                    hasher.update(&(text.len() as u64).to_le_bytes());
                    hasher.update(text.as_bytes());
                }
                None => hasher.update(&u64::MAX.to_le_bytes()),
            }
        }
        hasher.digest()
    }
}

fn extend(print: u64, message: &MessagePrint) -> u64 {
    xxh3_64_with_seed(&[message.role as u8], print ^ message.hash.rotate_left(17)) ^ message.hash
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            beginnings: Recent::new(limits::MAX_INFERRED_SESSIONS),
            models: Recent::new(limits::MAX_INFERRED_SESSIONS),
        }
    }
}

impl Sessions {
    /// The place of a call without a session id. `fresh` names a new session.
    pub(crate) fn infer(
        &self,
        settings: &settings::Sessions,
        speaker: Speaker<'_>,
        messages: &[MessagePrint],
        now: Timestamp,
        fresh: impl FnOnce() -> SessionId,
    ) -> Place {
        place(settings, speaker, messages, now, fresh, |print| self.beginnings.get(&print))
    }

    /// The place that [`Sessions::infer`] would give; no memory is refreshed.
    pub(crate) fn foresee(
        &self,
        settings: &settings::Sessions,
        speaker: Speaker<'_>,
        messages: &[MessagePrint],
        now: Timestamp,
        fresh: impl FnOnce() -> SessionId,
    ) -> Place {
        place(settings, speaker, messages, now, fresh, |print| self.beginnings.peek(&print))
    }

    /// Leaves the call's history, with its answer, for the calls that continue it.
    pub(crate) fn leave(&self, place: &Place, answer: Option<&str>, now: Timestamp) {
        let Some(print) = place.print else { return };
        let left = Left { session: place.session.clone(), at: now };
        if let Some(text) = answer.filter(|text| !text.is_empty()) {
            self.beginnings.put(extend(print, &print_of_text(Role::Assistant, text)), left.clone());
        }
        self.beginnings.put(print, left);
    }

    /// The model that this session has on this route.
    pub(crate) fn model(&self, org: &str, session: &SessionId, route: &RouteId) -> Option<ModelRef> {
        self.models.get(&(session_print(org, session), route.clone()))
    }

    /// The same; no memory is refreshed.
    pub(crate) fn foreseen_model(&self, org: &str, session: &SessionId, route: &RouteId) -> Option<ModelRef> {
        self.models.peek(&(session_print(org, session), route.clone()))
    }

    /// Gives the session its model on this route.
    pub(crate) fn hold(&self, org: &str, session: &SessionId, route: &RouteId, model: ModelRef) {
        self.models.put((session_print(org, session), route.clone()), model);
    }
}

/// The place of a call: the session of the longest earlier history that `recall` knows within the window.
fn place(
    settings: &settings::Sessions,
    speaker: Speaker<'_>,
    messages: &[MessagePrint],
    now: Timestamp,
    fresh: impl FnOnce() -> SessionId,
    recall: impl Fn(u64) -> Option<Left>,
) -> Place {
    if !settings.infer || messages.is_empty() {
        return Place::of(fresh(), true);
    }
    let mut prints = Vec::with_capacity(messages.len());
    let mut print = speaker.print();
    for message in messages {
        print = extend(print, message);
        prints.push(print);
    }
    // A continuation adds at least one message, so the whole history itself is never looked up:
    // the same question asked twice is two sessions. System messages alone are no conversation.
    let first_turn = messages.iter().position(|message| message.role != Role::System).unwrap_or(messages.len());
    let earlier = prints.iter().take(messages.len() - 1).skip(first_turn).rev();
    let found = earlier.filter_map(|print| recall(*print)).find(|left| now <= left.at.plus(settings.infer_window));
    let session = found.map_or_else(fresh, |left| left.session);
    Place { session, inferred: true, print: Some(print) }
}

fn session_print(org: &str, session: &SessionId) -> u64 {
    Speaker { org, key: None, user: Some(session.as_str()) }.print()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ON: settings::Sessions = settings::Sessions { infer: true, infer_window: Duration::from_secs(60) };
    const ALICE: Speaker<'static> = Speaker { org: "default", key: None, user: Some("alice") };

    fn says(role: Role, text: &str) -> MessagePrint {
        print_of_text(role, text)
    }

    struct Talk {
        sessions: Sessions,
        count: std::cell::Cell<u32>,
        now: std::cell::Cell<i64>,
    }

    impl Talk {
        fn new() -> Self {
            Self { sessions: Sessions::default(), count: 0.into(), now: 0.into() }
        }

        fn call(&self, speaker: Speaker<'_>, messages: &[MessagePrint], answer: &str) -> String {
            let now = Timestamp(self.now.get());
            let place = self.sessions.infer(&ON, speaker, messages, now, || {
                self.count.set(self.count.get() + 1);
                SessionId::from(self.count.get().to_string())
            });
            self.sessions.leave(&place, Some(answer), now);
            place.session.to_string()
        }
    }

    #[test]
    fn a_continued_conversation_stays_in_its_session() {
        let talk = Talk::new();
        let (system, hello) = (says(Role::System, "be kind"), says(Role::User, "hello"));
        assert_eq!(talk.call(ALICE, &[system, hello], "hi"), "1");
        let second = [system, hello, says(Role::Assistant, "hi"), says(Role::User, "and now?")];
        assert_eq!(talk.call(ALICE, &second, "well"), "1");
        let third = [&second[..], &[says(Role::Assistant, "well"), says(Role::User, "bye")]].concat();
        assert_eq!(talk.call(ALICE, &third, "bye"), "1");
    }

    #[test]
    fn the_same_opening_is_told_apart_by_our_answer() {
        let talk = Talk::new();
        let hello = says(Role::User, "hello");
        assert_eq!(talk.call(ALICE, &[hello], "first answer"), "1");
        assert_eq!(talk.call(ALICE, &[hello], "second answer"), "2");
        let next = says(Role::User, "next");
        assert_eq!(talk.call(ALICE, &[hello, says(Role::Assistant, "first answer"), next], "x"), "1");
        assert_eq!(talk.call(ALICE, &[hello, says(Role::Assistant, "second answer"), next], "y"), "2");
    }

    #[test]
    fn users_keys_and_orgs_never_meet() {
        let talk = Talk::new();
        let hello = says(Role::User, "hello");
        assert_eq!(talk.call(ALICE, &[hello], "hi"), "1");
        let next = [hello, says(Role::Assistant, "hi"), says(Role::User, "next")];
        for (count, other) in [
            Speaker { user: Some("bob"), ..ALICE },
            Speaker { user: None, ..ALICE },
            Speaker { key: Some("k"), ..ALICE },
            Speaker { org: "other", ..ALICE },
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(talk.call(other, &next, "x"), (count + 2).to_string());
        }
    }

    #[test]
    fn the_window_closes() {
        let talk = Talk::new();
        let hello = says(Role::User, "hello");
        assert_eq!(talk.call(ALICE, &[hello], "hi"), "1");
        talk.now.set(60_000_001);
        assert_eq!(talk.call(ALICE, &[hello, says(Role::Assistant, "hi"), says(Role::User, "x")], "y"), "2");
    }

    #[test]
    fn a_system_prompt_alone_joins_nobody() {
        let talk = Talk::new();
        let system = says(Role::System, "be kind");
        assert_eq!(talk.call(ALICE, &[system], "hi"), "1");
        assert_eq!(talk.call(ALICE, &[system, says(Role::User, "x")], "y"), "2");
    }

    #[test]
    fn a_session_has_its_model_per_route() {
        let sessions = Sessions::default();
        let (session, route) = (SessionId::from("s"), RouteId::from("auto"));
        sessions.hold("default", &session, &route, ModelRef::new("openai", "gpt-4o"));
        assert_eq!(sessions.model("default", &session, &route), Some(ModelRef::new("openai", "gpt-4o")));
        assert_eq!(sessions.model("other", &session, &route), None);
        assert_eq!(sessions.model("default", &session, &RouteId::from("r2")), None);
    }
}
