//! The state of the screen, what can happen to it, and what it wants done.

use super::input::{Hit, Key};
use super::overlay::Overlay;
use super::row::Rows;
use super::slot::{Ask, Problem, Slot};
use super::theme::{Look, Tone};
use super::traffic::Traffic;
use crate::base::Timestamp;
use crate::base::human::visible;
use serde_json::Value;
use std::collections::VecDeque;

/// One screenful of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum View {
    /// How everything stands.
    Overview,
    /// Request by request.
    Decisions,
    /// Session by session.
    Sessions,
    /// Routes and their models.
    Routes,
    /// Canaries, shadows, splits.
    Experiments,
    /// How the providers do.
    Providers,
    /// What this screen noticed.
    Log,
}

impl View {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Decisions, Self::Sessions, Self::Routes, Self::Experiments, Self::Providers, Self::Log];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Decisions => "Decisions",
            Self::Sessions => "Sessions",
            Self::Routes => "Routes",
            Self::Experiments => "Experiments",
            Self::Providers => "Providers",
            Self::Log => "Log",
        }
    }

    /// Its place among the others.
    pub(super) fn place(self) -> usize {
        Self::ALL.iter().position(|view| *view == self).unwrap_or(0)
    }
}

/// How the live stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Being opened for the first time.
    Opening,
    /// Open.
    Live,
    /// Gone, for this reason; it is being opened again.
    Lost(String),
}

/// Something that happened at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Live {
    /// A decision, as JSON.
    Decision(String),
    /// Feedback or a rating, as JSON.
    Vote(String),
    /// So many events went by unseen: this reader was too slow.
    Missed(u64),
}

/// What happens to the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A key.
    Key(Key),
    /// A click of the mouse at a column and a line.
    Click(u16, u16),
    /// The wheel: `true` = downwards.
    Wheel(bool),
    /// Text that was pasted.
    Paste(String),
    /// Columns and lines of the terminal.
    Resize(u16, u16),
    /// Time goes on.
    Tick(Timestamp),
    /// The live stream says something.
    Live(Live),
    /// The live stream itself.
    Link(Link),
    /// The server answered a question, or did not.
    Answer(Ask, Result<Value, Problem>),
}

/// What the screen wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the server; answer with [`Event::Answer`].
    Ask(Ask),
    /// Draw every cell anew: the terminal's content is not to be trusted.
    Redraw,
    /// End.
    Quit,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) tone: Tone,
    pub(super) text: String,
}

/// Lines of the log that are kept.
pub(super) const LOG_KEPT: usize = 500;

/// Something that was opened from a list: its id and what the server said of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Opened {
    pub(super) id: String,
    pub(super) slot: Slot,
    /// The chosen line in it, or the first one shown.
    pub(super) at: usize,
}

/// The decisions' list.
#[derive(Debug, Clone, Default)]
pub(super) struct DecisionList {
    /// In small letters.
    pub(super) filter: String,
    pub(super) at: usize,
    /// While it is paused: the number that the next decision had when it was.
    pub(super) paused: Option<u64>,
    pub(super) open: Option<Opened>,
}

/// Everything that the screen knows.
#[derive(Debug)]
pub struct App {
    pub(super) url: String,
    pub(super) now: Timestamp,
    pub(super) link: Link,
    pub(super) view: View,
    pub(super) look: Look,
    pub(super) overlay: Option<Overlay>,
    /// Whether the key may write, once that is known.
    pub(super) may_write: Option<bool>,
    pub(super) rows: Rows,
    pub(super) traffic: Traffic,
    pub(super) decisions: DecisionList,
    pub(super) routes: Slot,
    pub(super) spent: Slot,
    pub(super) constraints: Slot,
    pub(super) sessions: Slot,
    pub(super) experiments: Slot,
    pub(super) recent: Slot,
    /// The chosen line of the views with one list, by the view's place.
    pub(super) chosen: [usize; View::ALL.len()],
    pub(super) session: Option<Opened>,
    /// The results of the chosen experiment, and its evidence over time.
    pub(super) results: Option<Opened>,
    pub(super) evidence: VecDeque<f64>,
    pub(super) log: VecDeque<Entry>,
    /// What the last order came to, until the next key.
    pub(super) note: Option<(Tone, String)>,
    pub(super) missed: u64,
    pub(super) hits: Vec<Hit>,
    pub(super) size: (u16, u16),
}

impl App {
    /// A screen for the server at `url` that has heard nothing yet.
    #[must_use]
    pub fn new(url: &str, look: Look, view: View, now: Timestamp) -> Self {
        Self {
            url: visible(url),
            now,
            link: Link::Opening,
            view,
            look,
            overlay: None,
            may_write: None,
            rows: Rows::default(),
            traffic: Traffic::default(),
            decisions: DecisionList::default(),
            routes: Slot::default(),
            spent: Slot::default(),
            constraints: Slot::default(),
            sessions: Slot::default(),
            experiments: Slot::default(),
            recent: Slot::default(),
            chosen: [0; View::ALL.len()],
            session: None,
            results: None,
            evidence: VecDeque::new(),
            log: VecDeque::new(),
            note: None,
            missed: 0,
            hits: Vec::new(),
            size: (80, 24),
        }
    }

    /// The colours that it has now.
    #[must_use]
    pub fn look(&self) -> Look {
        self.look
    }

    /// Takes what happened and says what is to be done about it.
    pub fn on(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) => return self.key(key),
            Event::Click(x, y) => return self.click(x, y),
            Event::Wheel(downwards) => self.step(if downwards { 3 } else { -3 }),
            Event::Paste(text) => self.paste(&text),
            Event::Resize(width, height) => self.size = (width, height),
            Event::Tick(now) => {
                self.now = now;
                return self.due();
            }
            Event::Live(live) => self.live(live),
            Event::Link(link) => return self.linked(link),
            Event::Answer(ask, answer) => return self.answered(ask, answer),
        }
        Vec::new()
    }

    /// What was drawn last, for clicks on it.
    pub fn drawn(&mut self, hits: Vec<Hit>) {
        self.hits = hits;
    }

    /// Questions whose time has come: what the view in front shows, and nothing else.
    pub(super) fn due(&mut self) -> Vec<Effect> {
        let now = self.now;
        let mut asks = Vec::new();
        if self.may_write.is_none() {
            self.may_write = Some(true);
            asks.push(Ask::MayWrite);
        }
        let mut ask = |slot: &mut Slot, what: &Ask| {
            if slot.ask(now) {
                asks.push(what.clone());
            }
        };
        match self.view {
            View::Overview => {
                ask(&mut self.routes, &Ask::Routes);
                ask(&mut self.constraints, &Ask::Constraints);
                // Summing a month up takes the server some time: not where there is nothing to compare it with.
                if budget(&self.constraints).is_some() {
                    ask(&mut self.spent, &Ask::Spent(now.month_begin()));
                }
            }
            View::Routes | View::Providers => ask(&mut self.routes, &Ask::Routes),
            View::Sessions => {
                ask(&mut self.sessions, &Ask::Sessions);
                if let Some(session) = &mut self.session {
                    ask(&mut session.slot, &Ask::Session(session.id.clone()));
                }
            }
            View::Experiments => {
                ask(&mut self.experiments, &Ask::Experiments);
                if let Some(results) = &mut self.results {
                    ask(&mut results.slot, &Ask::Results(results.id.clone()));
                }
            }
            View::Decisions => {
                if let Some(open) = &mut self.decisions.open {
                    ask(&mut open.slot, &Ask::Decision(open.id.clone()));
                }
            }
            View::Log => {}
        }
        asks.into_iter().map(Effect::Ask).collect()
    }

    /// Says something at the bottom of the screen, and in the log.
    pub(super) fn say(&mut self, tone: Tone, text: &str) {
        self.note = Some((tone, visible(text)));
        self.log(tone, text.to_owned());
    }

    pub(super) fn log(&mut self, tone: Tone, text: String) {
        self.log.push_front(Entry { at: self.now, tone, text: visible(&text) });
        self.log.truncate(LOG_KEPT);
    }
}

/// What the org may spend in a calendar month, in dollars.
pub(super) fn budget(constraints: &Slot) -> Option<f64> {
    constraints.value()?.get("cost_limit_monthly_usd")?.as_f64()
}
