//! What has been played so far, and how it reads. Pure: the tally is fed with facts and drawn from itself alone.

use crate::cli::output::{Field, Kind, Terminal, dollars, section};
use serde::Serialize;
use std::collections::BTreeMap;

/// One request that was played.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Played {
    /// The route that was asked.
    pub(super) route: &'static str,
    /// The model that served.
    pub(super) served: String,
    /// Its recorded quality on this item, 0..1.
    pub(super) quality: f64,
    /// The baseline's recorded quality on the same item.
    pub(super) baseline_quality: f64,
    /// What it cost, in micro-USD.
    pub(super) cost: i64,
    /// What the baseline would have cost.
    pub(super) baseline_cost: i64,
}

/// Sums over requests.
#[derive(Debug, Clone, Default, PartialEq)]
struct Sums {
    requests: u32,
    quality: f64,
    baseline_quality: f64,
    cost: i64,
    baseline_cost: i64,
}

impl Sums {
    fn add(&mut self, played: &Played) {
        self.requests += 1;
        self.quality += played.quality;
        self.baseline_quality += played.baseline_quality;
        self.cost = self.cost.saturating_add(played.cost);
        self.baseline_cost = self.baseline_cost.saturating_add(played.baseline_cost);
    }

    fn row(&self, name: &str, all: u32) -> Row {
        let requests = f64::from(self.requests.max(1));
        Row {
            name: name.to_owned(),
            requests: self.requests,
            share: f64::from(self.requests) / f64::from(all.max(1)),
            quality: self.quality / requests,
            baseline_quality: self.baseline_quality / requests,
            cost_micro_usd: self.cost,
            baseline_cost_micro_usd: self.baseline_cost,
            saved_micro_usd: self.baseline_cost.saturating_sub(self.cost),
        }
    }
}

/// One line of the board.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row {
    name: String,
    requests: u32,
    share: f64,
    quality: f64,
    baseline_quality: f64,
    cost_micro_usd: i64,
    baseline_cost_micro_usd: i64,
    saved_micro_usd: i64,
}

const BY_MODEL: &[Field] = &[
    Field::shown("model", "/name", Kind::Long),
    Field::shown("requests", "/requests", Kind::Count),
    Field::shown("share", "/share", Kind::Share),
    Field::shown("quality", "/quality", Kind::Quality),
    Field::shown("cost_micro_usd", "/cost_micro_usd", Kind::Money),
];

const BY_ROUTE: &[Field] = &[
    Field::shown("route", "/name", Kind::Long),
    Field::shown("requests", "/requests", Kind::Count),
    Field::shown("quality", "/quality", Kind::Quality),
    Field::shown("baseline_quality", "/baseline_quality", Kind::Quality),
    Field::shown("cost_micro_usd", "/cost_micro_usd", Kind::Money),
    Field::wide("baseline_cost_micro_usd", "/baseline_cost_micro_usd", Kind::Money),
    Field::shown("saved_micro_usd", "/saved_micro_usd", Kind::Money),
];

/// The tally of a demo.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Board {
    all: Sums,
    by_model: BTreeMap<String, Sums>,
    by_route: BTreeMap<&'static str, Sums>,
    sessions: u32,
    feedback: u32,
    ratings: u32,
}

/// The board as data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Summary {
    sessions: u32,
    feedback: u32,
    ratings: u32,
    total: Row,
    routes: Vec<Row>,
    models: Vec<Row>,
}

impl Board {
    /// Counts one request.
    pub(super) fn request(&mut self, played: &Played) {
        self.all.add(played);
        self.by_model.entry(played.served.clone()).or_default().add(played);
        self.by_route.entry(played.route).or_default().add(played);
    }

    /// Counts one finished session with its feedback.
    pub(super) fn session(&mut self) {
        self.sessions += 1;
        self.feedback += 1;
    }

    /// Counts one rating.
    pub(super) fn rating(&mut self) {
        self.ratings += 1;
    }

    /// The board as data.
    pub(super) fn summary(&self) -> Summary {
        let all = self.all.requests;
        Summary {
            sessions: self.sessions,
            feedback: self.feedback,
            ratings: self.ratings,
            total: self.all.row("all", all),
            routes: self.by_route.iter().map(|(name, sums)| sums.row(name, all)).collect(),
            models: self.by_model.iter().map(|(name, sums)| sums.row(name, all)).collect(),
        }
    }

    /// The board as people see it.
    pub(super) fn draw(&self, terminal: Terminal) -> String {
        let summary = self.summary();
        let mut text = section("by route", BY_ROUTE, &summary.routes, terminal, None);
        text.push_str(&section("by model", BY_MODEL, &summary.models, terminal, None));
        text.push_str(&format!("\n{}\n", self.line()));
        text
    }

    /// The board in one line.
    pub(super) fn line(&self) -> String {
        let total = self.all.row("all", self.all.requests);
        format!(
            "{} sessions, {} requests, {} feedback, {} ratings; quality {:.1} against the baseline's {:.1}; \
             cost {} against {}, saved {}",
            self.sessions,
            self.all.requests,
            self.feedback,
            self.ratings,
            total.quality * 100.0,
            total.baseline_quality * 100.0,
            dollars(total.cost_micro_usd),
            dollars(total.baseline_cost_micro_usd),
            dollars(total.saved_micro_usd),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(route: &'static str, served: &str, quality: f64, cost: i64) -> Played {
        Played { route, served: served.into(), quality, baseline_quality: 1.0, cost, baseline_cost: 100 }
    }

    #[test]
    fn sums_add_up_by_route_and_by_model() {
        let mut board = Board::default();
        board.request(&played("a", "x", 1.0, 100));
        board.request(&played("a", "y", 0.0, 10));
        board.request(&played("b", "y", 0.5, 10));
        board.session();
        let summary = board.summary();
        assert_eq!((summary.total.requests, summary.total.saved_micro_usd), (3, 180));
        assert_eq!(summary.routes.iter().map(|row| row.requests).collect::<Vec<_>>(), [2, 1]);
        let [x, y] = summary.models.as_slice() else { panic!("two models") };
        assert_eq!((x.quality, y.quality, y.cost_micro_usd), (1.0, 0.25, 20));
        assert!((x.share + y.share - 1.0).abs() < 1e-9);
        assert_eq!(
            board.line(),
            "1 sessions, 3 requests, 1 feedback, 0 ratings; quality 50.0 against the baseline's 100.0; \
             cost $0.000120 against $0.000300, saved $0.000180"
        );
    }

    #[test]
    fn the_board_fits_a_narrow_terminal() {
        let mut board = Board::default();
        board.request(&played("a-route-with-a-long-name", "a-model-with-a-very-long-name-indeed", 1.0, 100));
        let text = board.draw(Terminal::without_colour(Some(76)));
        let tables = text.lines().filter(|line| !line.contains("sessions"));
        assert!(tables.clone().all(|line| line.chars().count() <= 76), "{text}");
    }
}
