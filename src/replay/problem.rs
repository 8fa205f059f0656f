//! A recording made ready: items that every arm has an outcome for, their features, and what could have been known.

use super::data::{Kind, Recording};
use super::scenario::Scenario;
use crate::routing::learn::Features;
use crate::routing::learn::features::Seen;
use crate::routing::learn::linear::Linear;
use std::collections::BTreeMap;

/// Benchmark scores by recording and model.
pub type Priors = BTreeMap<String, BTreeMap<String, f64>>;

/// What is replayed.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The recording's name.
    pub name: String,
    /// What a unit is.
    pub kind: Kind,
    /// The arms; the first is the baseline.
    pub arms: Vec<String>,
    /// One prior for each arm, where there is one.
    pub priors: Vec<Option<f64>>,
    /// The items.
    pub items: Vec<Row>,
    /// Units to serve.
    pub horizon: usize,
    /// The floor.
    pub floor: f64,
    /// The arm that silently becomes another model half-way.
    pub swap: Option<usize>,
    /// Mean quality of each arm.
    pub quality: Vec<f64>,
    /// Mean cost of each arm, in units of the baseline's.
    pub cost: Vec<f64>,
    /// Whether some qualities lie between failure and success, and are drawn as chances.
    pub graded: bool,
    /// What full information could save at the floor.
    pub reference: Reference,
}

/// One item.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its features.
    pub features: Features,
    /// The quality of each arm.
    pub quality: Vec<f64>,
    /// The cost of each, in units of the baseline's mean.
    pub cost: Vec<f64>,
    /// Calls that each needs.
    pub calls: Vec<f64>,
    /// Tokens in.
    pub input: f64,
    /// Quality and cost of the model that an arm silently becomes.
    pub swapped: Option<(f64, f64)>,
}

/// Savings that full information would allow, as shares of the baseline's cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Reference {
    /// The cheapest single arm above the floor.
    pub single: f64,
    /// The best mix of two arms that ignores context.
    pub mix: f64,
    /// A ridge regression that saw every arm's outcome on the other four fifths, at the floor.
    pub ridge: Option<f64>,
}

/// What a recording cannot give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// A model is not in it.
    #[error("the recording has no model `{0}`; it has {1}")]
    NoModel(String, String),
    /// No baseline is named.
    #[error("the recording names no baseline: say which model is used today with --baseline")]
    NoBaseline,
    /// Fewer than two arms.
    #[error("a replay needs at least two arms, the baseline among them")]
    TooFew,
    /// No item has an outcome for all arms.
    #[error("no item has an outcome for each of the {0} arms: name fewer with --arms")]
    NoItems(usize),
    /// The baseline costs nothing.
    #[error("the baseline costs nothing, so nothing can be saved")]
    FreeBaseline,
}

/// How a request becomes features: an embedding where the caller has one.
pub type Embed<'a> = &'a (dyn Fn(&str) -> Option<Vec<f32>> + Sync);

impl Problem {
    /// Makes a recording ready.
    ///
    /// # Errors
    /// Where the scenario asks for what the recording does not hold.
    pub fn new(
        recording: &Recording,
        scenario: &Scenario,
        priors: &Priors,
        floor: f64,
        embed: Embed<'_>,
    ) -> Result<Self, Unfit> {
        let baseline = scenario.baseline.as_ref().or(recording.baseline.as_ref()).ok_or(Unfit::NoBaseline)?;
        let place = |model: &String| {
            let place = recording.models.iter().position(|known| known == model);
            place.ok_or_else(|| Unfit::NoModel(model.clone(), recording.models.join(", ")))
        };
        let base = place(baseline)?;
        let mut places = vec![base];
        match &scenario.arms {
            Some(arms) => {
                for arm in arms {
                    let place = place(arm)?;
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
            None => places.extend((0..recording.models.len()).filter(|place| *place != base)),
        }
        if places.len() < 2 {
            return Err(Unfit::TooFew);
        }
        let name = |place: &usize| recording.models.get(*place).cloned().unwrap_or_default();
        let arms: Vec<String> = places.iter().map(name).collect();
        let swap = match &scenario.swap {
            Some((from, to)) => {
                let arm = arms.iter().position(|arm| arm == from);
                Some((arm.ok_or_else(|| Unfit::NoModel(from.clone(), arms.join(", ")))?, place(to)?))
            }
            None => None,
        };
        let mut items = rows(recording, &places, swap.map(|swap| swap.1), embed);
        let count = real(items.len());
        if items.is_empty() {
            return Err(Unfit::NoItems(arms.len()));
        }
        let unit = items.iter().filter_map(|row| row.cost.first()).sum::<f64>() / count;
        if unit <= 0.0 {
            return Err(Unfit::FreeBaseline);
        }
        for row in &mut items {
            row.cost.iter_mut().for_each(|cost| *cost /= unit);
            row.swapped = row.swapped.map(|(quality, cost)| (quality, cost / unit));
        }
        let mean = |value: &dyn Fn(&Row, usize) -> f64| -> Vec<f64> {
            (0..arms.len()).map(|arm| items.iter().map(|row| value(row, arm)).sum::<f64>() / count).collect()
        };
        let (quality, cost) = (mean(&|row, arm| at(&row.quality, arm)), mean(&|row, arm| at(&row.cost, arm)));
        let own = priors.get(&recording.name);
        let mut problem = Self {
            name: recording.name.clone(),
            kind: recording.kind,
            priors: arms.iter().map(|arm| own.and_then(|own| own.get(arm)).copied()).collect(),
            graded: items.iter().any(|row| row.quality.iter().any(|quality| *quality > 0.0 && *quality < 1.0)),
            horizon: scenario.horizon.unwrap_or(3_000).max(1),
            swap: swap.map(|swap| swap.0),
            reference: Reference::default(),
            arms,
            items,
            floor,
            quality,
            cost,
        };
        problem.reference = problem.full_information();
        Ok(problem)
    }

    /// What is known of prices before the first call: the ratio to the baseline's, to one digit.
    #[must_use]
    pub fn list_prices(&self) -> Vec<f64> {
        self.cost.iter().map(|cost| one_digit(*cost)).collect()
    }

    /// The arm of the best quality.
    #[must_use]
    pub fn best(&self) -> usize {
        best_of(&self.quality, |quality| quality)
    }

    /// The cheapest arm whose mean quality is above the floor.
    #[must_use]
    pub fn cheapest_above_floor(&self) -> usize {
        let target = self.floor * at(&self.quality, 0);
        let good = (0..self.arms.len()).filter(|arm| at(&self.quality, *arm) >= target);
        good.min_by(|a, b| at(&self.cost, *a).total_cmp(&at(&self.cost, *b))).unwrap_or(0)
    }

    fn full_information(&self) -> Reference {
        let target = self.floor * at(&self.quality, 0);
        let single = 1.0 - at(&self.cost, self.cheapest_above_floor());
        let mut cheapest: f64 = 1.0 - single;
        for (good, good_cost) in self.quality.iter().zip(&self.cost) {
            for (bad, bad_cost) in self.quality.iter().zip(&self.cost) {
                if *good > target && target > *bad {
                    let share = (target - bad) / (good - bad);
                    cheapest = cheapest.min(share * good_cost + (1.0 - share) * bad_cost);
                }
            }
        }
        Reference { single, mix: 1.0 - cheapest, ridge: self.ridge(target) }
    }

    /// The saving at the floor of a router that knows the outcome of every arm on the other four fifths.
    fn ridge(&self, target: f64) -> Option<f64> {
        const FOLDS: usize = 5;
        let wide = self.items.first().map_or(1, |row| row.features.values.len());
        let phi = |row: &Row| -> Vec<f64> { row.features.values.iter().map(|value| f64::from(*value)).collect() };
        let mut predicted: Vec<Vec<f64>> = vec![Vec::new(); self.items.len()];
        for fold in 0..FOLDS {
            for arm in 0..self.arms.len() {
                // A constant that is hardly held back, the others with a ridge of 20.
                let mut linear = Linear::new(wide, 20.0, at(&self.quality, arm), 0.0);
                for row in self.items.iter().enumerate().filter(|(place, _)| place % FOLDS != fold).map(|item| item.1) {
                    linear.observe(&phi(row), at(&row.quality, arm), 1.0, 1.0);
                }
                for (place, row) in self.items.iter().enumerate().filter(|(place, _)| place % FOLDS == fold) {
                    if let Some(list) = predicted.get_mut(place) {
                        list.push(linear.mean(&phi(row)));
                    }
                }
            }
        }
        let (mut low, mut high, mut best): (f64, f64, Option<f64>) = (0.0, 1e4, None);
        for _ in 0..60 {
            let nu = (low.max(1e-4) * high).sqrt();
            let (mut quality, mut cost) = (0.0, 0.0);
            for (row, predicted) in self.items.iter().zip(&predicted) {
                let arm = (0..self.arms.len())
                    .map(|arm| (arm, nu * at(predicted, arm) - at(&row.cost, arm)))
                    .max_by(|a, b| a.1.total_cmp(&b.1))
                    .map_or(0, |best| best.0);
                quality += at(&row.quality, arm);
                cost += at(&row.cost, arm);
            }
            let count = real(self.items.len());
            if quality / count >= target {
                best = Some(best.map_or(cost / count, |best| best.min(cost / count)));
                high = nu;
            } else {
                low = nu;
            }
            if high / low.max(1e-4) < 1.001 {
                break;
            }
        }
        best.map(|cost| 1.0 - cost)
    }
}

fn rows(recording: &Recording, places: &[usize], swap: Option<usize>, embed: Embed<'_>) -> Vec<Row> {
    let is_session = recording.kind == Kind::Session;
    let row = |item: &super::data::Item| {
        let outcome = |place: &usize| item.outcomes.get(*place).copied().flatten();
        let outcomes: Vec<_> = places.iter().map(outcome).collect::<Option<_>>()?;
        let swapped = match &swap {
            Some(place) => Some(outcome(place).map(|other| (other.quality, other.cost))?),
            None => None,
        };
        let embedding = embed(&item.prompt);
        let features = Features::of(&Seen {
            text: &item.prompt,
            characters: item.characters,
            tag: if is_session { &item.domain } else { "" },
            embedding: embedding.as_deref(),
            session: None,
        });
        let input = outcomes.first().map_or(0.0, |first| first.input);
        Some(Row {
            features,
            quality: outcomes.iter().map(|outcome| outcome.quality).collect(),
            cost: outcomes.iter().map(|outcome| outcome.cost).collect(),
            calls: outcomes.iter().map(|outcome| outcome.calls).collect(),
            // What a session's calls read in the end is not known when it begins.
            input: if input > 0.0 && !is_session { input } else { real(item.characters) / 4.0 },
            swapped,
        })
    };
    recording.items.iter().filter_map(row).collect()
}

/// A number of a list; 0 where there is none.
pub(super) fn at(list: &[f64], place: usize) -> f64 {
    list.get(place).copied().unwrap_or(0.0)
}

/// The place with the highest value; the first among equals.
pub(super) fn best_of<T: Copy>(list: &[T], value: impl Fn(T) -> f64) -> usize {
    let mut best = (f64::NEG_INFINITY, 0);
    for (place, item) in list.iter().enumerate() {
        let value = value(*item);
        if value > best.0 {
            best = (value, place);
        }
    }
    best.1
}

#[expect(clippy::cast_precision_loss, reason = "counts of items and steps")]
pub(super) fn real(count: usize) -> f64 {
    count as f64
}

fn one_digit(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = 10.0_f64.powf(value.log10().floor());
    (value / scale).round() * scale
}
