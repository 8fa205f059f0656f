//! What changes a scope: a unit was served, an outcome was heard.

use super::anchor::Anchor;
use super::arm::Yardstick;
use super::credit::{Share, lessons};
use super::drift::Failures;
use super::eprocess::{Bets, Stage, Yard};
use super::hierarchy::{common_shift, common_slopes};
use super::judge::bias;
use super::lesson::{Change, Observation, Served, Source, Value};
use super::linear::Start;
use super::multiplier::Outlook;
use super::scope::{Basis, Context, Scope};
use crate::base::Timestamp;
use std::sync::Arc;

/// How long a rolled-back canary waits for another look.
const SECOND_LOOK: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);
/// What a call leaves of the counts of ratings and judgements.
const KEEP_COUNTS: f64 = 0.999;

impl Scope {
    /// A unit was served.
    pub fn served(&mut self, unit: &Served<'_>) -> Vec<Change> {
        if unit.arm >= self.arms.len() {
            return vec![Change::Refused];
        }
        let params = Arc::clone(&self.params);
        let fade = 1.0 - 1.0 / params.window;
        self.served.iter_mut().chain(&mut self.since).for_each(|calls| *calls *= fade);
        let is_drifting = self.arms.get(unit.arm).is_some_and(|arm| arm.drift.level() > 0.0);
        if let Some(calls) = self.served.get_mut(unit.arm) {
            *calls += 1.0;
        }
        if let Some(calls) = self.since.get_mut(unit.arm).filter(|_| is_drifting) {
            *calls += 1.0;
        }
        self.calls += 1;
        self.ratings *= KEEP_COUNTS;
        self.judgements *= KEEP_COUNTS;
        let phi = self.fit(unit.features);
        self.meet(&phi);
        Arc::make_mut(&mut self.costs).observe(unit.arm, &phi, &unit.spent, params.keep_cost);
        if let Some(cost) = unit.spent.cost {
            let savings = Arc::make_mut(&mut self.savings);
            if unit.holdout {
                savings.held(unit.spent.input, cost);
            } else {
                savings.routed(unit.spent.input, cost);
            }
        }
        if let Some(surplus) = unit.proposed.filter(|surplus| surplus.is_finite()) {
            self.multiplier.correct(surplus, params.step, params.correction);
        }
        let costs =
            if unit.costs.is_empty() { self.costs.paid_for(&phi, unit.spent.input) } else { unit.costs.to_vec() };
        self.contexts.push_back(Arc::new(Context { phi, costs }));
        if self.contexts.len() > params.contexts {
            self.contexts.pop_front();
        }
        if self.calls % params.solve_every.max(1) == 1 || self.calls <= 5 {
            self.solve();
        }
        self.test_failures(unit)
    }

    /// An outcome was heard. Repeats, impossible numbers and floods change nothing.
    pub fn observe(&mut self, heard: &Observation<'_>) -> Vec<Change> {
        let known = |share: &Share| share.arm < self.arms.len();
        let usable = heard.weight > 0.0 && heard.weight.is_finite() && heard.shares.iter().all(known);
        let Some(quality) = self.quality(heard).filter(|quality| quality.is_finite() && usable) else {
            return vec![Change::Refused];
        };
        let phi = self.fit(heard.features);
        let mean = |arm: usize| self.arms.get(arm).map_or(0.0, |arm| arm.linear.mean(&phi));
        let lessons = lessons(quality, heard.shares, mean);
        let stale = |arm: usize| {
            self.arms.get(arm).and_then(|arm| arm.drift.last_alarm()).is_some_and(|alarm| heard.served_at < alarm)
        };
        let lessons: Vec<_> = lessons.into_iter().filter(|lesson| !stale(lesson.arm)).collect();
        let origin = origin_of(heard);
        if !Arc::make_mut(&mut self.heard).note(origin) {
            // What was served before the arm broke says nothing of it any more.
            let corrected = if lessons.is_empty() { None } else { self.correct(heard, origin, &phi, quality) };
            return vec![corrected.unwrap_or(Change::Repeat)];
        }
        if lessons.is_empty() {
            return vec![Change::Refused];
        }
        let most = lessons.iter().max_by(|one, other| one.weight.total_cmp(&other.weight));
        if let (Some(key), Some(most)) = (heard.key, most)
            && !Arc::make_mut(&mut self.keys).admits(key, most.arm, quality, heard.at)
        {
            return vec![Change::Held];
        }
        match heard.source {
            Source::Session => self.ratings += 1.0,
            Source::Judge => self.judgements += 1.0,
            Source::Manual | Source::Dimension(_) => {}
        }
        let response = self.pair_with_judge(heard, quality);
        lessons
            .iter()
            .flat_map(|lesson| {
                let weight = heard.weight * lesson.weight;
                match heard.source {
                    Source::Session => self.rated(lesson.arm, &phi, lesson.target, weight, response, heard),
                    Source::Manual => self.by_hand(lesson.arm, &phi, lesson.target, weight, heard),
                    Source::Judge => self.judged(lesson.arm, &phi, lesson.target, weight),
                    Source::Dimension(at) => self.dimension(lesson.arm, at, lesson.target, weight),
                }
            })
            .collect()
    }

    /// What the value stands for; `None` where it is none.
    fn quality(&self, heard: &Observation<'_>) -> Option<f64> {
        let finite = |value: f64| value.is_finite().then_some(value);
        match heard.value {
            Value::Rating(rating) => finite(rating).map(|rating| self.anchor.quality(rating.clamp(0.0, 10.0))),
            Value::Quality(quality) => finite(quality).map(|quality| quality.clamp(-0.5, 1.3)),
            Value::Scores(scores) => self.judge.quality(&scores),
        }
    }

    /// Calibrates the judge on what both said; the weight of the rating by who answers, and the judge's own guess.
    fn pair_with_judge(&mut self, heard: &Observation<'_>, quality: f64) -> (f64, Option<f64>) {
        if let (Source::Judge, Value::Scores(scores)) = (heard.source, heard.value) {
            Arc::make_mut(&mut self.judge).judged(&scores);
        }
        let Some(scores) = heard.judge.filter(|_| heard.source == Source::Session) else { return (1.0, None) };
        let (weight, guess) = (self.judge.response_weight(&scores), self.judge.quality(&scores));
        Arc::make_mut(&mut self.judge).rated(&scores, quality);
        (weight, guess)
    }

    /// The usual context moves towards what came.
    fn meet(&mut self, phi: &[f64]) {
        if self.centre.len() != phi.len() {
            self.centre = phi.to_vec();
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
        let step = (1.0 / (self.calls as f64 + 5.0)).max(1.0 / 500.0);
        self.centre.iter_mut().zip(phi).skip(1).for_each(|(usual, now)| *usual += step * (now - *usual));
    }

    /// F times what the baseline would have scored.
    fn need(&self, phi: &[f64]) -> f64 {
        let baseline = self.arms.first().map_or(0.0, |arm| arm.linear.mean(phi).clamp(0.0, 1.1));
        self.floor * (baseline + self.reference.lift())
    }

    fn rated(
        &mut self,
        arm: usize,
        phi: &[f64],
        target: f64,
        weight: f64,
        (response, guess): (f64, Option<f64>),
        heard: &Observation<'_>,
    ) -> Vec<Change> {
        let (need, params) = (self.need(phi), Arc::clone(&self.params));
        let noise = self.noise_scale();
        let theta = self.arms.first().map(|arm| arm.linear.theta().to_vec()).unwrap_or_default();
        let yard = Yardstick { theta: &theta, noise, ..self.yardstick() };
        let (floor, prior, lift) = (yard.floor, yard.prior, yard.lift);
        let yard = Yardstick { floor, prior, theta: &theta, lift, noise };
        let Some(own) = self.arms.get_mut(arm) else { return Vec::new() };
        let own = Arc::make_mut(own);
        let mut changes = Vec::new();
        let expected = own.linear.mean(phi);
        let is_known = own.levels.session.count > 15.0;
        own.drift.observe(phi, target, expected, weight, params.drift_stake, heard.at);
        let is_calm = own.drift.level() <= 0.0;
        if arm != 0 && own.drift.is_alarm(params.drift_alarm) && own.rated.gap.count > 20.0 {
            let (ratings, gap) = (own.levels.session.count, own.standing(&yard).gap);
            own.break_off(&yard, &params);
            let off = own.drift.alarmed(heard.at);
            own.stage = if off { Stage::Off(None) } else { own.stage };
            changes.push(Change::Alarm { arm, ratings, gap, off });
        }
        let gap = if arm == 0 { target } else { target - need };
        own.rated.observe(phi, target, gap, weight * response, params.keep_guard);
        let outcome = guess.map_or(target, |guess| (guess + response * (target - guess)).clamp(-0.5, 1.3));
        own.linear.observe(phi, outcome, weight, params.keep_regression);
        own.levels.session.observe(target, weight, 1.0);
        own.recent.rated(heard.at, target, weight);
        let bet = match heard.value {
            Value::Rating(_) => Yard { floor, reach: Anchor::REACH, doubt: self.anchor.doubt() },
            Value::Quality(_) | Value::Scores(_) => Yard::outcomes(floor),
        };
        if arm != 0 && matches!(own.stage, Stage::Canary(_)) && own.bets.arm(target, &bet) {
            changes.extend(advance(own, arm, heard.at));
        }
        if is_known {
            self.noise.observe(target - expected);
        }
        let alarmed = changes.iter().any(|change| matches!(change, Change::Alarm { .. }));
        if let Some(since) = self.since.get_mut(arm).filter(|_| is_calm || alarmed) {
            *since = 0.0;
        }
        if let Some(served) = self.served.get_mut(arm).filter(|_| alarmed) {
            // The calls before the break were good: they are not judged again at the new level.
            *served = served.min(30.0);
        }
        if arm == 0 {
            let others = self.arms.iter_mut().enumerate().skip(1);
            for (place, other) in others.filter(|(_, other)| matches!(other.stage, Stage::Canary(_))) {
                let other = Arc::make_mut(other);
                if other.bets.baseline(target, &bet) {
                    changes.extend(advance(other, place, heard.at));
                }
            }
            changes.extend(self.refer(target));
        }
        self.lessons += 1;
        let every = if self.lessons < 20 {
            5
        } else if self.lessons < 400 {
            20
        } else {
            50
        };
        if alarmed || self.lessons.is_multiple_of(every) {
            self.share();
        }
        changes
    }

    /// Takes a quality of the baseline into the floor's reference.
    fn refer(&mut self, quality: f64) -> Option<Change> {
        let fell = self.reference.lift() > 0.0;
        let levels = self.arms.first().map(|arm| arm.levels.session).unwrap_or_default();
        self.reference.observe(quality, &levels);
        let lift = self.reference.lift();
        (!fell && lift > 0.0).then_some(Change::BaselineFell { lift })
    }

    /// Lets the arms share what they have in common: slopes, and by how much their priors are off.
    fn share(&mut self) {
        let (params, noise) = (Arc::clone(&self.params), self.noise_scale());
        if params.common_ridge <= 0.0 || self.centre.len() != self.dimension {
            return;
        }
        let lines = || self.arms.iter().map(|arm| &arm.linear);
        let slopes = common_slopes(lines(), self.dimension, params.ridge * noise, params.common_ridge * noise);
        let priors = self.arms.iter().map(|arm| (&arm.linear, arm.prior.mean));
        let shift = common_shift(priors, &slopes, &self.centre, noise, params.common_shift);
        for arm in &mut self.arms {
            let arm = Arc::make_mut(arm);
            // After an alarm the level is what was seen, not what a benchmark said.
            let shift = if arm.after_alarm.is_some() { 0.0 } else { shift };
            arm.linear.restart(Start {
                ridge: params.ridge,
                level: arm.prior.mean + shift,
                pseudo: arm.prior.pseudo.max(2.0 / noise),
                scale: noise,
                slopes: slopes.clone(),
                centre: self.centre.clone(),
            });
        }
    }

    fn judged(&mut self, arm: usize, phi: &[f64], target: f64, weight: f64) -> Vec<Change> {
        let (need, params) = (self.need(phi), Arc::clone(&self.params));
        let Some(own) = self.arms.get_mut(arm) else { return Vec::new() };
        let own = Arc::make_mut(own);
        own.levels.auto.observe(target, weight, 1.0);
        own.judged.observe(if arm == 0 { target } else { target - need }, weight, params.keep_guard);
        let off = if arm == 0 { 0.0 } else { bias(&own.judged, &own.rated.gap, params.judge_bias) };
        own.linear.observe(phi, target - off, weight * params.judge_weight, params.keep_regression);
        Vec::new()
    }

    fn dimension(&mut self, arm: usize, at: usize, target: f64, weight: f64) -> Vec<Change> {
        let Some(floor) = self.dimension_floors.get(at).map(|floor| floor.1) else { return vec![Change::Refused] };
        let keep = self.params.keep_guard;
        let level = self.arms.first().and_then(|arm| arm.dimensions.get(at)).copied().unwrap_or_default();
        let baseline = level.standing(super::guard::GapPrior { gap: 0.8, count: 4.0 }).gap;
        if let Some(own) = self.arms.get_mut(arm)
            && let Some(gap) = Arc::make_mut(own).dimensions.get_mut(at)
        {
            gap.observe(if arm == 0 { target } else { target - floor * baseline }, weight, keep);
        }
        Vec::new()
    }

    /// Solves for the multiplier over the contexts of late.
    fn solve(&mut self) {
        let Some(baseline) = self.arms.first() else { return };
        let (now, before) = self.standings();
        let is_open = |at: usize| at == 0 || self.arms.get(at).is_some_and(|arm| arm.stage == Stage::Open);
        let open: Vec<usize> = (0..self.arms.len()).filter(|at| is_open(*at)).collect();
        let doubt = |at: usize| match (now.get(at), before.get(at)) {
            (Some(now), Some(before)) => (now.gap - before.gap).min(0.0),
            _ => 0.0,
        };
        let lift = self.reference.lift();
        let context = |context: &Arc<Context>| -> Vec<(f64, f64)> {
            let need = self.floor * (baseline.linear.mean(&context.phi) + lift);
            let own = |at: &usize| {
                let quality = self.arms.get(*at).map_or(0.0, |arm| arm.linear.mean(&context.phi)) + doubt(*at);
                // Who has no price is not picked to save money.
                let cost = context.costs.get(*at).copied().flatten().unwrap_or(if *at == 0 { 1.0 } else { f64::MAX });
                (quality - need, cost)
            };
            open.iter().map(own).collect()
        };
        let contexts: Vec<Vec<(f64, f64)>> = self.contexts.iter().map(context).collect();
        #[expect(clippy::cast_precision_loss, reason = "at most a few hundred contexts")]
        let weight = self.params.window / contexts.len().max(1) as f64;
        let outlook = Outlook {
            contexts,
            variance: open.iter().map(|at| before.get(*at).map_or(0.0, |standing| standing.variance)).collect(),
            common: self.baseline_doubt(),
            correlation: self.params.correlation,
            weight,
            z: self.params.solve_z * self.z(),
        };
        self.multiplier.solve(&outlook);
    }

    fn test_failures(&mut self, unit: &Served<'_>) -> Vec<Change> {
        let rate = self.arms.first().map_or(0.01, |arm| arm.failures.rate());
        let Some(own) = self.arms.get_mut(unit.arm) else { return Vec::new() };
        let own = Arc::make_mut(own);
        own.calls += 1;
        own.last_call = Some(unit.at);
        if let Some(cost) = unit.spent.cost {
            own.recent.paid(unit.at, cost);
        }
        // A rolled-back arm that is served again had its second look granted.
        if matches!(own.stage, Stage::Off(Some(until)) if unit.at >= until) {
            own.stage = Stage::Canary(0);
            own.bets = Bets::default();
        }
        let broken = own.failures.observe(unit.failed, rate);
        if !broken || unit.arm == 0 {
            return Vec::new();
        }
        own.failures = Failures::default();
        own.bets = Bets::default();
        let off = own.drift.alarmed(unit.at);
        own.stage = if off { Stage::Off(None) } else { Stage::Off(Some(unit.at.plus(SECOND_LOOK))) };
        vec![Change::Broken { arm: unit.arm }]
    }

    /// Whether the guard has ratings to listen to.
    #[must_use]
    pub fn is_rated(&self) -> bool {
        self.basis() == Basis::Rated
    }
}

/// Moves a canary on, or rolls it back, by what its bets show.
fn advance(arm: &mut super::Arm, place: usize, at: Timestamp) -> Option<Change> {
    let next = arm.stage.next(&arm.bets)?;
    let next = if matches!(next, Stage::Off(_)) { Stage::Off(Some(at.plus(SECOND_LOOK))) } else { next };
    let change = Change::Staged {
        arm: place,
        stage: next,
        harm: arm.bets.harm(),
        fine: arm.bets.fine(),
        ratings: arm.bets.observations(),
    };
    arm.stage = next;
    arm.bets = Bets::default();
    Some(change)
}

pub(super) fn origin_of(heard: &Observation<'_>) -> u64 {
    let tag = match heard.source {
        Source::Session => 1,
        Source::Manual => 2,
        Source::Judge => 3,
        Source::Dimension(at) => 16_u64.saturating_add(at as u64),
    };
    let mut mixed = heard.origin ^ (tag << 56_u32).rotate_left(7);
    super::chance::splitmix(&mut mixed)
}
