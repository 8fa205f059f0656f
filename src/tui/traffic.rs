//! Sums over the traffic of the last minutes, second by second: fed with one decision at a time, never recounted.

use super::row::Row;
use std::collections::VecDeque;

/// Seconds that are kept.
pub(super) const WINDOW: i64 = 300;
/// Models that have a line of their own; the rest is told as one.
pub(super) const MODELS: usize = 8;

/// One second.
#[derive(Debug, Clone, Default, PartialEq)]
struct Second {
    at: i64,
    requests: u32,
    failed: u32,
    by_model: [u32; MODELS],
}

/// The traffic of the last [`WINDOW`] seconds, and sums since the screen was opened.
#[derive(Debug, Clone, Default)]
pub(super) struct Traffic {
    seconds: VecDeque<Second>,
    models: Vec<String>,
    /// Decisions since the screen was opened.
    pub(super) requests: u64,
    /// What they cost, in micro-USD.
    pub(super) cost: i64,
    /// What the default models would have cost where that is known, and what was paid for the same.
    pub(super) baseline: i64,
    pub(super) compared: i64,
}

/// One model's part in the traffic.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Share<'a> {
    pub(super) model: &'a str,
    /// Its place in the palette.
    pub(super) colour: usize,
    /// 0..1 of the window.
    pub(super) whole: f64,
    /// 0..1 of each column, oldest first; `None` = nothing was served then.
    pub(super) columns: Vec<Option<f64>>,
}

impl Traffic {
    /// Counts one decision that just happened.
    pub(super) fn count(&mut self, row: &Row) {
        self.requests += 1;
        self.cost = self.cost.saturating_add(row.cost.unwrap_or(0));
        if let (Some(baseline), Some(cost)) = (row.baseline, row.cost) {
            self.baseline = self.baseline.saturating_add(baseline);
            self.compared = self.compared.saturating_add(cost);
        }
        self.place(row);
    }

    /// Puts a decision of the past into its second, without adding it to the sums.
    pub(super) fn place(&mut self, row: &Row) {
        let at = row.at.seconds();
        let model = self.model(row);
        let Some(second) = self.second(at) else { return };
        second.requests += 1;
        second.failed += u32::from(row.is_failed());
        if let Some(count) = model.and_then(|model| second.by_model.get_mut(model)) {
            *count += 1;
        }
    }

    /// The line that a row's model has; the last one is for all that came too late to get their own.
    fn model(&mut self, row: &Row) -> Option<usize> {
        if row.model.is_empty() {
            return None;
        }
        if let Some(known) = self.models.iter().position(|model| *model == row.model) {
            return Some(known);
        }
        if self.models.len() < MODELS - 1 {
            self.models.push(row.model.clone());
            return Some(self.models.len() - 1);
        }
        if self.models.len() < MODELS {
            self.models.push("others".into());
        }
        Some(MODELS - 1)
    }

    /// The bucket of this second; `None` where it is too old.
    fn second(&mut self, at: i64) -> Option<&mut Second> {
        let newest = self.seconds.back().map_or(at, |last| last.at.max(at));
        while self.seconds.front().is_some_and(|first| first.at <= newest.saturating_sub(WINDOW)) {
            self.seconds.pop_front();
        }
        if at <= newest.saturating_sub(WINDOW) {
            return None;
        }
        let place = self.seconds.partition_point(|second| second.at < at);
        if self.seconds.get(place).is_none_or(|second| second.at != at) {
            self.seconds.insert(place, Second { at, ..Second::default() });
        }
        self.seconds.get_mut(place)
    }

    /// Sums over columns that end with the second before `now`, oldest first.
    fn columns<T: Default + Clone>(
        &self,
        now: i64,
        count: usize,
        mut add: impl FnMut(&mut T, &Second),
    ) -> (Vec<T>, i64) {
        let count_of = i64::try_from(count.max(1)).unwrap_or(i64::MAX);
        let step = WINDOW.div_euclid(count_of) + i64::from(WINDOW.rem_euclid(count_of) > 0);
        let mut columns = vec![T::default(); count];
        for second in &self.seconds {
            let back = now.saturating_sub(1).saturating_sub(second.at).div_euclid(step.max(1));
            let place = usize::try_from(back).ok().and_then(|back| count.checked_sub(back + 1));
            if let Some(column) = place.and_then(|place| columns.get_mut(place)) {
                add(column, second);
            }
        }
        (columns, step.max(1))
    }

    /// Requests a second, column by column, oldest first.
    pub(super) fn rates(&self, now: i64, count: usize) -> Vec<f64> {
        let (columns, step) = self.columns(now, count, |sum: &mut u32, second| *sum += second.requests);
        columns.into_iter().map(|requests| f64::from(requests) / f64::from(i32::try_from(step).unwrap_or(1))).collect()
    }

    /// Requests a second and the share of failed ones over the last `span` seconds.
    pub(super) fn recent(&self, now: i64, span: u16) -> (f64, Option<f64>) {
        let from = now.saturating_sub(i64::from(span));
        let recent = self.seconds.iter().filter(|second| second.at >= from && second.at < now);
        let (requests, failed) =
            recent.fold((0_u32, 0_u32), |sum, second| (sum.0 + second.requests, sum.1 + second.failed));
        let share = (requests > 0).then(|| f64::from(failed) / f64::from(requests));
        (f64::from(requests) / f64::from(span.max(1)), share)
    }

    /// What each model served, the largest share first.
    pub(super) fn shares(&self, now: i64, count: usize) -> Vec<Share<'_>> {
        let (columns, _) = self.columns(now, count, |sum: &mut [u32; MODELS], second| {
            sum.iter_mut().zip(second.by_model).for_each(|(sum, requests)| *sum += requests);
        });
        let total = |column: &[u32; MODELS]| column.iter().sum::<u32>();
        let all: u32 = columns.iter().map(total).sum();
        let of = |column: &[u32; MODELS], model: usize| column.get(model).copied().unwrap_or(0);
        let mut shares: Vec<Share<'_>> = self
            .models
            .iter()
            .enumerate()
            .map(|(colour, model)| Share {
                model,
                colour,
                whole: f64::from(columns.iter().map(|column| of(column, colour)).sum::<u32>()) / f64::from(all.max(1)),
                columns: columns
                    .iter()
                    .map(|column| (total(column) > 0).then(|| f64::from(of(column, colour)) / f64::from(total(column))))
                    .collect(),
            })
            .filter(|share| share.whole > 0.0)
            .collect();
        shares.sort_by(|a, b| b.whole.total_cmp(&a.whole));
        shares
    }

    /// A model's place in the palette.
    pub(super) fn colour(&self, model: &str) -> usize {
        self.models.iter().position(|known| known == model).unwrap_or(MODELS - 1)
    }
}
