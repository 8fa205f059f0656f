//! What has been played so far, and how it reads. Pure: the tally is fed with facts and drawn from itself alone.

use super::stage::LEARNS;
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

/// Requests in one stretch of the route that learns, and in what counts as late.
const STRETCH: usize = 400;
const LATE: usize = 400;
/// The floor of the route that learns.
const FLOOR: f64 = 0.95;

/// One stretch of the route that learns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Stretch {
    requests: String,
    quality_ratio: f64,
    floor: f64,
    saved: f64,
}

const BY_STRETCH: &[Field] = &[
    Field::shown("requests", "/requests", Kind::Long),
    Field::shown("quality_of_baseline", "/quality_ratio", Kind::Share),
    Field::shown("floor", "/floor", Kind::Share),
    Field::shown("cost_saved", "/saved", Kind::Share),
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
    /// What was played on the route that learns, in order.
    learned: Vec<Played>,
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
    learning: Vec<Stretch>,
}

impl Board {
    /// Counts one request.
    pub(super) fn request(&mut self, played: &Played) {
        self.all.add(played);
        self.by_route.entry(played.route).or_default().add(played);
        if played.route == LEARNS {
            self.learned.push(played.clone());
        }
    }

    /// Counts one finished session with its feedback.
    pub(super) fn session(&mut self, feedback: u32) {
        self.sessions += 1;
        self.feedback += feedback;
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
            models: self.models(),
            learning: self.stretches(),
        }
    }

    /// Who served on the route that learns, among its last requests.
    fn models(&self) -> Vec<Row> {
        let late = self.learned.get(self.learned.len().saturating_sub(LATE)..).unwrap_or_default();
        let mut models: BTreeMap<&str, Sums> = BTreeMap::new();
        late.iter().for_each(|played| models.entry(&played.served).or_default().add(played));
        let all = u32::try_from(late.len()).unwrap_or(u32::MAX);
        models.iter().map(|(name, sums)| sums.row(name, all)).collect()
    }

    /// The route that learns, stretch by stretch.
    fn stretches(&self) -> Vec<Stretch> {
        let stretch = |(index, part): (usize, &[Played])| {
            let mut sums = Sums::default();
            part.iter().for_each(|played| sums.add(played));
            let row = sums.row("", 1);
            #[expect(clippy::cast_precision_loss, reason = "micro-USD of a few hundred requests")]
            let saved = row.saved_micro_usd as f64 / (row.baseline_cost_micro_usd.max(1)) as f64;
            Stretch {
                requests: format!("{}-{}", index * STRETCH + 1, index * STRETCH + part.len()),
                quality_ratio: row.quality / row.baseline_quality.max(f64::MIN_POSITIVE),
                floor: FLOOR,
                saved,
            }
        };
        self.learned.chunks(STRETCH).enumerate().filter(|(_, part)| part.len() == STRETCH).map(stretch).collect()
    }

    /// The board as people see it.
    pub(super) fn draw(&self, terminal: Terminal) -> String {
        let summary = self.summary();
        let mut text = section("by route", BY_ROUTE, &summary.routes, terminal, None);
        text.push_str(&section(
            "who serves on the route that learns, of late",
            BY_MODEL,
            &summary.models,
            terminal,
            None,
        ));
        text.push_str(&section("how it learns", BY_STRETCH, &summary.learning, terminal, None));
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
    fn sums_add_up_by_route_and_by_model_of_the_route_that_learns() {
        let mut board = Board::default();
        board.request(&played(LEARNS, "x", 1.0, 100));
        board.request(&played(LEARNS, "y", 0.25, 20));
        board.request(&played("other", "y", 0.25, 0));
        board.session(1);
        let summary = board.summary();
        assert_eq!((summary.total.requests, summary.total.saved_micro_usd), (3, 180));
        assert_eq!(summary.routes.iter().map(|row| row.requests).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(summary.learning, [], "no stretch is whole yet");
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
    fn a_whole_stretch_says_what_was_kept_and_what_was_saved() {
        let mut board = Board::default();
        (0..STRETCH + 1).for_each(|_| board.request(&played(LEARNS, "x", 0.97, 40)));
        let [stretch] = board.summary().learning.try_into().unwrap();
        assert_eq!(stretch.requests, format!("1-{STRETCH}"));
        assert!((stretch.quality_ratio - 0.97).abs() < 1e-9 && (stretch.saved - 0.6).abs() < 1e-9);
    }

    #[test]
    fn the_board_fits_a_narrow_terminal() {
        let mut board = Board::default();
        for _ in 0..STRETCH {
            board.request(&played(LEARNS, "a-model-with-a-very-long-name-indeed", 1.0, 100));
        }
        board.request(&played("a-route-with-a-long-name", "a-model-with-a-very-long-name-indeed", 1.0, 100));
        let text = board.draw(Terminal::without_colour(Some(76)));
        let tables = text.lines().filter(|line| !line.contains("sessions"));
        assert!(tables.clone().all(|line| line.chars().count() <= 76), "{text}");
    }
}
