//! What keys and clicks do while nothing lies over the view.

use super::app::{App, Effect, Opened, View};
use super::input::{Key, Target, at};
use super::overlay::{About, Overlay};
use super::row::Row;
use super::slot::Ask;
use super::theme::Tone;
use super::view::detail;
use crate::base::human::visible;
use serde_json::Value;

/// Lines that a page key moves by.
const PAGE: isize = 10;

impl App {
    pub(super) fn key(&mut self, key: Key) -> Vec<Effect> {
        self.note = None;
        if key == Key::Ctrl('c') {
            return vec![Effect::Quit];
        }
        if key == Key::Ctrl('l') {
            return vec![Effect::Redraw];
        }
        if let Some(overlay) = self.overlay.take() {
            return self.overlay_key(overlay, key);
        }
        match key {
            Key::Char('q') => return vec![Effect::Quit],
            Key::Char('?') => self.overlay = Some(Overlay::Help),
            Key::Char('t') => {
                self.look = self.look.next();
                self.note = Some((Tone::Accent, format!("colours: {}", self.look.name())));
            }
            Key::Char(digit @ '1'..='7') => {
                let place = usize::from(u8::try_from(digit).unwrap_or(b'1').saturating_sub(b'1'));
                return self.show(View::ALL.get(place).copied().unwrap_or(View::Overview));
            }
            Key::Esc | Key::Backspace => self.back(),
            Key::Left | Key::Char('h') if self.is_open() => self.back(),
            Key::Tab | Key::Right | Key::Char('l') => return self.turn(1),
            Key::BackTab | Key::Left | Key::Char('h') => return self.turn(View::ALL.len() - 1),
            Key::Down | Key::Char('j') => self.step(1),
            Key::Up | Key::Char('k') => self.step(-1),
            Key::PageDown | Key::Ctrl('d' | 'f') => self.step(PAGE),
            Key::PageUp | Key::Ctrl('u' | 'b') => self.step(-PAGE),
            Key::Home | Key::Char('g') => self.step(isize::MIN),
            Key::End | Key::Char('G') => self.step(isize::MAX),
            Key::Enter => return self.enter(),
            Key::Char(sign) => return self.letter(sign),
            Key::Ctrl(_) => {}
        }
        Vec::new()
    }

    pub(super) fn click(&mut self, x: u16, y: u16) -> Vec<Effect> {
        if self.overlay.is_some() {
            return Vec::new();
        }
        match at(&self.hits, x, y) {
            Some(Target::Tab(view)) => self.show(view),
            Some(Target::Row(row)) if row == self.cursor() => self.enter(),
            Some(Target::Row(row)) => {
                self.step(isize::MIN);
                self.step(isize::try_from(row).unwrap_or(isize::MAX));
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// Brings a view to the front; what it shows is asked for at once.
    fn show(&mut self, view: View) -> Vec<Effect> {
        self.view = view;
        self.on(super::app::Event::Tick(self.now))
    }

    fn turn(&mut self, by: usize) -> Vec<Effect> {
        let place = (self.view.place() + by) % View::ALL.len();
        self.show(View::ALL.get(place).copied().unwrap_or(View::Overview))
    }

    fn is_open(&self) -> bool {
        match self.view {
            View::Decisions => self.decisions.open.is_some(),
            View::Sessions => self.session.is_some(),
            _ => false,
        }
    }

    fn back(&mut self) {
        match self.view {
            View::Decisions if self.decisions.open.is_some() => self.decisions.open = None,
            View::Decisions => self.decisions.filter.clear(),
            View::Sessions => self.session = None,
            _ => {}
        }
    }

    /// Lines of what is in front, and the chosen one.
    fn lines(&self) -> usize {
        match self.view {
            View::Overview => 0,
            View::Decisions => match &self.decisions.open {
                Some(open) => open.slot.value().map_or(0, |value| detail::lines(value, self.now, self.size.0).len()),
                None => self.shown().count(),
            },
            View::Sessions => self.session.as_ref().map_or(self.sessions.items().len(), |open| open.slot.items().len()),
            View::Routes => self.routes.items().len(),
            View::Experiments => self.experiments.items().len(),
            View::Providers => 0,
            View::Log => self.log.len(),
        }
    }

    /// The chosen line of what is in front.
    pub(super) fn cursor(&self) -> usize {
        match self.view {
            View::Decisions => self.decisions.open.as_ref().map_or(self.decisions.at, |open| open.at),
            View::Sessions if self.session.is_some() => self.session.as_ref().map_or(0, |open| open.at),
            view => self.chosen.get(view.place()).copied().unwrap_or(0),
        }
    }

    /// Moves the chosen line; it stays among the lines that there are.
    pub(super) fn step(&mut self, by: isize) {
        let last = self.lines().saturating_sub(1);
        let to = self.cursor().saturating_add_signed(by).min(last);
        match (self.view, &mut self.decisions.open, &mut self.session) {
            (View::Decisions, Some(open), _) | (View::Sessions, _, Some(open)) => open.at = to,
            (View::Decisions, None, _) => self.decisions.at = to,
            (view, ..) => {
                if let Some(chosen) = self.chosen.get_mut(view.place()) {
                    *chosen = to;
                }
            }
        }
        if self.view == View::Experiments {
            self.follow_results();
        }
    }

    /// The decisions that pass the filter and had come before the list was paused, newest first.
    pub(super) fn shown(&self) -> impl Iterator<Item = &Row> {
        let before = self.decisions.paused.unwrap_or(u64::MAX);
        self.rows.iter().filter(move |row| row.number < before && row.matches(&self.decisions.filter))
    }

    /// The chosen one of them.
    fn row(&self) -> Option<&Row> {
        self.shown().nth(self.decisions.at)
    }

    /// The item that is chosen in the list of the view in front.
    pub(super) fn item(&self) -> Option<&Value> {
        let items = match self.view {
            View::Sessions => self.session.as_ref().map_or(self.sessions.items(), |open| open.slot.items()),
            View::Routes => self.routes.items(),
            View::Experiments => self.experiments.items(),
            _ => &[],
        };
        items.get(self.cursor().min(items.len().saturating_sub(1)))
    }

    fn text_of(&self, key: &str) -> Option<String> {
        self.item()?.get(key)?.as_str().map(visible)
    }

    fn enter(&mut self) -> Vec<Effect> {
        match self.view {
            View::Decisions if self.decisions.open.is_none() => {
                let Some(id) = self.row().map(|row| row.id.clone()) else { return Vec::new() };
                self.decisions.open = Some(Opened { id, ..Opened::default() });
            }
            View::Sessions if self.session.is_none() => match self.text_of("session_id") {
                Some(id) => self.session = Some(Opened { id, ..Opened::default() }),
                None => return Vec::new(),
            },
            View::Sessions => match self.text_of("request_id") {
                Some(id) => {
                    self.decisions.open = Some(Opened { id, ..Opened::default() });
                    self.view = View::Decisions;
                }
                None => return Vec::new(),
            },
            View::Experiments => self.follow_results(),
            _ => return Vec::new(),
        }
        self.show(self.view)
    }

    /// The results follow the chosen experiment.
    fn follow_results(&mut self) {
        let Some(id) = self.text_of("id").or_else(|| self.text_of("experiment_id")) else { return };
        if self.results.as_ref().is_none_or(|open| open.id != id) {
            self.results = Some(Opened { id, ..Opened::default() });
            self.evidence.clear();
        }
    }

    fn letter(&mut self, sign: char) -> Vec<Effect> {
        match (self.view, sign) {
            (View::Decisions, '/') => {
                self.decisions.open = None;
                self.prompt(About::Filter);
            }
            (View::Decisions, ' ' | 'p') => {
                let now = self.rows.next_number();
                self.decisions.paused = if self.decisions.paused.is_some() { None } else { Some(now) };
                self.decisions.at = 0;
            }
            (View::Decisions, 'r') => {
                let open = self.decisions.open.as_ref().map(|open| open.id.clone());
                if let Some(id) = open.or_else(|| self.row().map(|row| row.id.clone())) {
                    self.prompt(About::Rate(id));
                }
            }
            (View::Decisions, 's') => return self.open_session_of(),
            (View::Decisions, '[' | ']') if self.decisions.open.is_some() => {
                let by = if sign == ']' { 1 } else { -1 };
                self.decisions.open = None;
                self.step(by);
                return self.enter();
            }
            (View::Sessions, 'r') if self.session.is_some() => {
                if let Some(id) = self.text_of("request_id") {
                    self.prompt(About::Rate(id));
                }
            }
            (View::Sessions, 'r' | 'f') => {
                let open = self.session.as_ref().map(|open| open.id.clone());
                if let Some(session) = open.or_else(|| self.text_of("session_id")) {
                    self.prompt(About::Feedback(session));
                }
            }
            (View::Routes, 'p') => self.pin(),
            (View::Routes, 'e') => {
                if let Some(route) = self.text_of("name") {
                    self.prompt(About::Explain(route));
                }
            }
            (View::Experiments, 'b') => {
                if let Some(id) = self.text_of("id").or_else(|| self.text_of("experiment_id")) {
                    let question =
                        format!("Roll experiment {id} back? All its traffic returns to the baseline at once.");
                    self.confirm(question, Ask::Rollback(id));
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn open_session_of(&mut self) -> Vec<Effect> {
        let open = self.decisions.open.as_ref().and_then(|open| open.slot.value()?.get("session_id")?.as_str());
        let chosen = open.map(visible).or_else(|| self.row().map(|row| row.session.clone()));
        let Some(id) = chosen else { return Vec::new() };
        self.session = Some(Opened { id, ..Opened::default() });
        self.show(View::Sessions)
    }

    fn pin(&mut self) {
        let Some(route) = self.text_of("name") else { return };
        let pinned = self.item().is_some_and(|route| route["pinned"] == true);
        if pinned {
            self.confirm(format!("Let {route} choose among its models again?"), Ask::Unpin(route));
        } else {
            let model = self.text_of("default_model").unwrap_or_default();
            self.confirm(
                format!("Pin {route}? Everything on it goes to {model} until it is unpinned."),
                Ask::Pin(route),
            );
        }
    }
}
