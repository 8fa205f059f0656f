//! What lies over a view: help, questions, and orders that want a second look.

use super::app::{App, Effect};
use super::input::Key;
use super::slot::{Ask, Problem};
use super::theme::Tone;
use crate::base::human::visible;
use serde_json::Value;

/// Characters that a prompt to be explained may have here; `floopy explain` takes longer ones.
const LONGEST_PROMPT: usize = 16_000;
/// Characters of any other line that is typed.
const LONGEST_LINE: usize = 200;

/// One thing over the view; keys go to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Overlay {
    /// Keys and words.
    Help,
    /// A line that is being typed.
    Prompt { about: About, text: String },
    /// An order that waits for a yes.
    Confirm { question: String, ask: Ask },
    /// What a prompt would get: `None` = being asked.
    Explained { route: String, answer: Option<Result<Value, Problem>> },
}

/// What is being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    /// The words that a decision must hold.
    Filter,
    /// 0..100 for a decision.
    Rate(String),
    /// 0..10 for a session.
    Feedback(String),
    /// A prompt that a route explains.
    Explain(String),
}

impl About {
    /// What to type.
    pub(super) fn question(&self) -> String {
        match self {
            Self::Filter => "show decisions that hold all these words".into(),
            Self::Rate(id) => format!("how good was {id}? 0 (useless) to 100 (perfect)"),
            Self::Feedback(session) => format!("how well did session {session} go? 0 to 10"),
            Self::Explain(route) => {
                format!("paste a prompt: what would {route} do with it? (nothing is sent to a model)")
            }
        }
    }

    fn takes(&self, sign: char) -> bool {
        match self {
            Self::Rate(_) | Self::Feedback(_) => sign.is_ascii_digit(),
            Self::Explain(_) => !sign.is_control() || sign == '\n',
            Self::Filter => !sign.is_control(),
        }
    }

    fn longest(&self) -> usize {
        match self {
            Self::Explain(_) => LONGEST_PROMPT,
            Self::Rate(_) | Self::Feedback(_) => 3,
            Self::Filter => LONGEST_LINE,
        }
    }
}

impl App {
    /// A key while something lies over the view.
    pub(super) fn overlay_key(&mut self, overlay: Overlay, key: Key) -> Vec<Effect> {
        match (overlay, key) {
            (Overlay::Prompt { about: About::Filter, .. }, Key::Esc) => {
                self.filter(String::new());
                Vec::new()
            }
            (Overlay::Help | Overlay::Explained { .. }, _) | (_, Key::Esc) => Vec::new(),
            (Overlay::Confirm { ask, .. }, Key::Char('y') | Key::Enter) => vec![Effect::Ask(ask)],
            (Overlay::Confirm { .. }, _) => {
                self.say(Tone::Dim, "nothing was changed");
                Vec::new()
            }
            (Overlay::Prompt { about, text }, Key::Enter) => self.typed(about, &text),
            (Overlay::Prompt { about, mut text }, key) => {
                match key {
                    Key::Backspace => drop(text.pop()),
                    Key::Ctrl('u') => text.clear(),
                    Key::Char(sign) if about.takes(sign) && text.chars().count() < about.longest() => text.push(sign),
                    _ => {}
                }
                if about == About::Filter {
                    self.filter(text.clone());
                }
                self.overlay = Some(Overlay::Prompt { about, text });
                Vec::new()
            }
        }
    }

    /// Text that was pasted goes where one types; elsewhere it does nothing.
    pub(super) fn paste(&mut self, pasted: &str) {
        let Some(Overlay::Prompt { about, text }) = &mut self.overlay else { return };
        let room = about.longest().saturating_sub(text.chars().count());
        let taken: String = pasted.chars().filter(|sign| about.takes(*sign)).take(room).collect();
        text.push_str(&taken);
        if *about == About::Filter {
            let text = text.clone();
            self.filter(text);
        }
    }

    fn filter(&mut self, text: String) {
        self.decisions.filter = text.to_lowercase();
        self.decisions.at = 0;
    }

    /// A line was typed to its end.
    fn typed(&mut self, about: About, text: &str) -> Vec<Effect> {
        let ask = match about {
            About::Filter => None,
            About::Rate(id) => match text.parse::<u8>() {
                Ok(score @ 0..=100) => Some(Ask::Rate { id, score }),
                _ => return self.wrong("a rating is a whole number from 0 to 100"),
            },
            About::Feedback(session) => match text.parse::<u8>() {
                Ok(score @ 0..=10) => Some(Ask::Feedback { session, score }),
                _ => return self.wrong("feedback for a session is a whole number from 0 to 10"),
            },
            About::Explain(_) if text.trim().is_empty() => return self.wrong("there is nothing to explain yet"),
            About::Explain(route) => {
                self.overlay = Some(Overlay::Explained { route: route.clone(), answer: None });
                Some(Ask::Explain { route, text: text.to_owned() })
            }
        };
        ask.into_iter().map(Effect::Ask).collect()
    }

    fn wrong(&mut self, text: &str) -> Vec<Effect> {
        self.note = Some((Tone::Bad, visible(text)));
        Vec::new()
    }

    /// The server said what a prompt would get.
    pub(super) fn explained(&mut self, said: Result<Value, Problem>) {
        if let Some(Overlay::Explained { answer, .. }) = &mut self.overlay {
            *answer = Some(said);
        }
    }

    /// Asks before an order is given; a key that may only read is told so instead.
    pub(super) fn confirm(&mut self, question: String, ask: Ask) {
        if self.can_write() {
            self.overlay = Some(Overlay::Confirm { question, ask });
        }
    }

    /// Lets something be typed that changes the record.
    pub(super) fn prompt(&mut self, about: About) {
        let changes = matches!(about, About::Rate(_) | About::Feedback(_));
        if !changes || self.can_write() {
            let text = if about == About::Filter { self.decisions.filter.clone() } else { String::new() };
            self.overlay = Some(Overlay::Prompt { about, text });
        }
    }

    fn can_write(&mut self) -> bool {
        let can = self.may_write != Some(false);
        if !can {
            self.note = Some((Tone::Warn, "this key may only read: open the screen with one that may write".into()));
        }
        can
    }
}
