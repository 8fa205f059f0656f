//! A decision from the state as it is published: nothing is changed by it.

use super::chance::distribution;
use super::decide::{Settled, VERSION, account, settle};
use super::eprocess::Stage;
use super::features::Features;
use super::guard::{Account, Gap, GapPrior, Standing};
use super::scope::{Basis, Scope};
use crate::base::Timestamp;
use crate::resource::trace::{FloorTrace, Part, Trace, Why};

/// What is to be decided.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The request.
    pub features: &'a Features,
    /// Which arms passed the other gates, by place.
    pub eligible: &'a [bool],
    /// Which of them may be tried and not relied on: an org's constraints ask for more first. They get a canary's share.
    pub confined: &'a [bool],
    /// Expected cost of each relative to the baseline's mean; `None` = unknown, and then only the baseline may serve.
    pub costs: &'a [Option<f64>],
    /// The decision's chance.
    pub seed: u64,
    /// What for.
    pub mode: Mode,
    /// Calls that each arm served since this state was published: what a burst has already spent.
    pub pending: &'a [f64],
    /// When.
    pub now: Timestamp,
}

/// What a decision is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A call is served by it.
    Live,
    /// A dry run: what the next request gets in exploitation. The propensities are those of a live call.
    Exploit,
}

/// The decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Who serves, by place.
    pub winner: usize,
    /// Why.
    pub why: Why,
    /// The probability that the call goes elsewhere than exploitation would send it.
    pub exploration_rate: f64,
    /// Each arm as it was seen.
    pub arms: Vec<ArmView>,
    /// The floor account.
    pub floor: FloorView,
    /// What a unit of quality is worth in baseline calls.
    pub nu: f64,
    /// The winner's share of the draws, or the probability that it holds the floor, whichever is less.
    pub confidence: f64,
    /// Score by which the best arm leads the second; `None` where there is no second.
    pub top2_gap: Option<f64>,
    /// Variance of single outcomes of the winner.
    pub variance: f64,
    /// Ratings of the winner.
    pub samples: f64,
    /// Whether what other orgs learned took part.
    pub pooled: bool,
    /// All that is needed to decide the same again.
    pub trace: Trace,
}

/// One arm in a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ArmView {
    /// Whether it took part.
    pub part: Part,
    /// Expected quality on this request.
    pub mean: f64,
    /// That less `z` standard errors of its gap.
    pub lower: f64,
    /// Ratings behind it.
    pub samples: f64,
    /// Expected cost relative to the baseline.
    pub cost: Option<f64>,
    /// nu x quality - cost.
    pub score: Option<f64>,
    /// Probability of being served.
    pub propensity: f64,
    /// Probability that it holds the floor on the calls that it gets.
    pub holds_floor: f64,
}

/// The floor account in a decision.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FloorView {
    /// The floor.
    pub floor: f64,
    /// The baseline's quality that it is relative to.
    pub reference: f64,
    /// Surplus of the window by `z` standard errors, in calls times quality.
    pub before: f64,
    /// The same if the proposed arm served.
    pub after: f64,
    /// The standard errors.
    pub z: f64,
    /// The probability that the window holds the floor.
    pub holds: f64,
    /// Whose word it is.
    pub basis: Basis,
}

impl FloorView {
    /// Whether the floor is not at risk.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.before >= 0.0
    }
}

impl Scope {
    /// Chooses who serves.
    #[must_use]
    pub fn decide(&self, ask: &Ask<'_>) -> Verdict {
        let mut trace = self.trace(ask);
        let settled = settle(&trace, ask.seed);
        let (winner, why) = match ask.mode {
            Mode::Live => (settled.winner, settled.why),
            Mode::Exploit => (
                settled.best,
                if settled.best == settled.fallback && settled.proposed < 0.0 { Why::Guard } else { Why::Exploit },
            ),
        };
        trace.winner = winner;
        trace.why = why;
        trace.propensity.clone_from(&settled.propensity);
        self.verdict(trace, &settled)
    }

    /// The inputs of the choice, rounded to what the record holds.
    fn trace(&self, ask: &Ask<'_>) -> Trace {
        let phi: Vec<f64> = self.fit(ask.features);
        let params = &*self.params;
        let part: Vec<Part> = (0..self.arms.len()).map(|arm| self.part(arm, ask)).collect();
        let predictions: Vec<_> = self.arms.iter().map(|arm| arm.linear.predict(&phi)).collect();
        let pending: f64 = ask.pending.iter().filter(|calls| calls.is_finite()).sum();
        let fade = (1.0 - 1.0 / params.window).powf(1.0 + pending.max(0.0));
        let on_the_way = |arm: usize| ask.pending.get(arm).copied().filter(|calls| calls.is_finite()).unwrap_or(0.0);
        // Of an arm in doubt only the calls since the doubt are judged by what was rated since.
        let window = |arm: usize| if self.in_doubt(arm) { self.since.get(arm) } else { self.served.get(arm) };
        let served: Vec<f32> = (0..self.arms.len())
            .map(|arm| single(window(arm).copied().unwrap_or(0.0) * fade + on_the_way(arm)))
            .collect();
        let (standings, before) = self.standings();
        let settled = self.settled(&before, fade);
        let doubt = |arm: usize| match (standings.get(arm), before.get(arm)) {
            (Some(now), Some(before)) => (now.gap - before.gap).min(0.0),
            _ => 0.0,
        };
        Trace {
            version: VERSION,
            policy: self.policy.clone(),
            seed: format!("{:016x}", ask.seed),
            arms: self.arms.iter().map(|arm| arm.name.clone()).collect(),
            features: ask.features.version,
            phi: ask.features.values.clone(),
            draws: params.draws,
            holdout: single(self.holdout()),
            z: single(self.z()),
            correlation: single(params.correlation),
            nu: single(self.multiplier.nu()),
            stage: self.arms.iter().enumerate().map(|(at, arm)| single(share(ask, at, arm.stage))).collect(),
            part,
            mean: predictions.iter().enumerate().map(|(arm, own)| single(own.mean + doubt(arm))).collect(),
            spread: predictions.iter().map(|prediction| single(params.spread * prediction.variance.sqrt())).collect(),
            cost: ask
                .costs
                .iter()
                .take(self.arms.len())
                .map(|cost| cost.filter(|cost| cost.is_finite()).map(single))
                .collect(),
            served,
            floors: self.floors(&standings, settled),
            winner: 0,
            why: Why::Default,
            propensity: Vec::new(),
        }
    }

    /// A row of features as this scope's regressions take it: cut, or filled up with zeros.
    pub(super) fn fit(&self, features: &Features) -> Vec<f64> {
        let mut phi: Vec<f64> = features.values.iter().take(self.dimension).map(|value| f64::from(*value)).collect();
        phi.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = 0.0);
        phi.resize(self.dimension, 0.0);
        phi
    }

    fn part(&self, arm: usize, ask: &Ask<'_>) -> Part {
        let Some(own) = self.arms.get(arm) else { return Part::Gated };
        if !ask.eligible.get(arm).copied().unwrap_or(false) {
            return Part::Gated;
        }
        if arm == 0 {
            return Part::Open;
        }
        if ask.costs.get(arm).copied().flatten().is_none_or(|cost| !cost.is_finite()) {
            return Part::Unpriced;
        }
        match own.stage {
            Stage::Open if is_confined(ask, arm) => Part::Canary,
            Stage::Open => Part::Open,
            Stage::Canary(_) => Part::Canary,
            // What was rolled back gets another look after its time.
            Stage::Off(Some(until)) if ask.now >= until => Part::Canary,
            Stage::Off(_) => Part::Off,
        }
    }

    /// Every floor's view of the arms.
    fn floors(&self, standings: &[Standing], settled: Account) -> Vec<FloorTrace> {
        let trace = |standings: &[Standing], settled: Account| FloorTrace {
            gap: standings.iter().map(|standing| single(standing.gap)).collect(),
            variance: standings.iter().map(|standing| single(standing.variance)).collect(),
            common: single(settled.common),
            settled: single(settled.surplus),
            settled_variance: single(settled.variance),
            settled_spread: single(settled.spread),
            settled_calls: single(settled.others),
        };
        let dimensions = self.dimension_floors.iter().enumerate();
        std::iter::once(trace(standings, settled))
            .chain(dimensions.map(|(at, (_, floor))| trace(&self.dimension_standings(at, *floor), Account::default())))
            .collect()
    }

    /// The calls of arms in doubt from before the doubt, at what was known then; and the doubt about the baseline.
    fn settled(&self, before: &[Standing], fade: f64) -> Account {
        let start = Account { common: self.baseline_doubt(), ..Account::default() };
        before.iter().enumerate().filter(|(arm, _)| self.in_doubt(*arm)).fold(start, |sum, (arm, standing)| {
            let at = |list: &[f64]| list.get(arm).copied().unwrap_or(0.0);
            sum.with((at(&self.served) - at(&self.since)).max(0.0) * fade, standing, true)
        })
    }

    /// The gap of every arm to the floor of quality: as it is judged now, and leaving doubts aside.
    pub(super) fn standings(&self) -> (Vec<Standing>, Vec<Standing>) {
        let (basis, bias, yard) = (self.basis(), self.params.judge_bias, self.yardstick());
        let standing = |(at, arm): (usize, &std::sync::Arc<super::Arm>)| {
            if at == 0 {
                let own = arm.own_quality(yard.noise).scaled(1.0 - self.floor);
                return Standing { gap: own.gap - self.floor * yard.lift, ..own };
            }
            let rated = arm.standing(&yard);
            match (basis, arm.judge(bias)) {
                (Basis::Judged, Some(judged)) => rated.fused(judged),
                _ => rated,
            }
        };
        let before: Vec<Standing> = self.arms.iter().enumerate().map(standing).collect();
        let now = |(at, (arm, before)): (usize, (&std::sync::Arc<super::Arm>, &Standing))| {
            if self.in_doubt(at) { arm.doubted(&yard, before, self.params.doubt_held) } else { *before }
        };
        (self.arms.iter().zip(&before).enumerate().map(now).collect(), before)
    }

    /// The gap of every arm to the floor of one dimension. Without a score an arm is taken to be as good as the baseline
    /// is believed to be, for little: the first scores decide.
    fn dimension_standings(&self, dimension: usize, floor: f64) -> Vec<Standing> {
        const LEVEL: f64 = 0.8;
        let own = |arm: &super::Arm| arm.dimensions.get(dimension).copied().unwrap_or_default();
        let prior = GapPrior { gap: (1.0 - floor) * LEVEL, count: 4.0 };
        let standing = |(at, arm): (usize, &std::sync::Arc<super::Arm>)| {
            let gap: Gap = own(arm);
            if at == 0 {
                return gap.standing(GapPrior { gap: LEVEL, count: 4.0 }).scaled(1.0 - floor);
            }
            gap.standing(prior)
        };
        self.arms.iter().enumerate().map(standing).collect()
    }

    fn verdict(&self, trace: Trace, settled: &Settled) -> Verdict {
        let (standings, _) = self.standings();
        let (z, nu) = (f64::from(trace.z), f64::from(trace.nu));
        let at = |list: &[f32], arm: usize| list.get(arm).map_or(0.0, |value| f64::from(*value));
        let arms: Vec<ArmView> = self
            .arms
            .iter()
            .enumerate()
            .map(|(arm, own)| {
                let standing = standings.get(arm).copied().unwrap_or_default();
                let cost = trace.cost.get(arm).copied().flatten().map(f64::from);
                let mean = at(&trace.mean, arm);
                let error = if arm == 0 {
                    own.own_quality(self.noise_scale()).variance.sqrt()
                } else {
                    standing.variance.sqrt()
                };
                ArmView {
                    part: trace.part.get(arm).copied().unwrap_or(Part::Gated),
                    mean,
                    lower: mean - z * error,
                    samples: own.levels.session.count + own.levels.manual.count,
                    cost,
                    score: cost.map(|cost| nu * mean - cost),
                    propensity: settled.propensity.get(arm).copied().unwrap_or(0.0),
                    holds_floor: if arm == 0 {
                        1.0
                    } else {
                        distribution(standing.gap / standing.variance.max(1e-12).sqrt())
                    },
                }
            })
            .collect();
        let account = trace.floors.first().map(|floor| account(floor, &trace, &standings)).unwrap_or_default();
        let floor = FloorView {
            floor: self.floor,
            reference: self.arms.first().map_or(0.0, |arm| arm.own_quality(self.noise_scale()).gap)
                + self.reference.lift(),
            before: account.lower(z),
            after: settled.proposed,
            z,
            holds: account.holds(),
            basis: self.basis(),
        };
        let mut scores: Vec<f64> =
            arms.iter().filter(|arm| arm.part == Part::Open).filter_map(|arm| arm.score).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let winner = arms.get(trace.winner);
        Verdict {
            winner: trace.winner,
            why: trace.why,
            exploration_rate: (1.0 - settled.propensity.get(settled.best).copied().unwrap_or(1.0)).max(0.0),
            confidence: settled
                .share
                .get(trace.winner)
                .copied()
                .unwrap_or(0.0)
                .min(winner.map_or(0.0, |winner| winner.holds_floor)),
            top2_gap: match scores.as_slice() {
                [first, second, ..] => Some(first - second),
                _ => None,
            },
            variance: self.arms.get(trace.winner).map_or(0.0, |arm| arm.rated.gap.spread(0.0, 1.0, 0.25)),
            samples: winner.map_or(0.0, |winner| winner.samples),
            pooled: self.arms.iter().any(|arm| arm.from_pool),
            floor,
            nu,
            arms,
            trace,
        }
    }
}

fn is_confined(ask: &Ask<'_>, arm: usize) -> bool {
    ask.confined.get(arm).copied().unwrap_or(false)
}

/// An arm's canary share: that of its stage, and of an open arm that is confined the middle one.
fn share(ask: &Ask<'_>, arm: usize, stage: Stage) -> f64 {
    let most = Stage::Canary(1).share();
    match stage {
        Stage::Open if is_confined(ask, arm) => most,
        Stage::Canary(_) if is_confined(ask, arm) => stage.share().min(most),
        _ => stage.share(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the record holds single precision, and the choice is made from it"
)]
fn single(value: f64) -> f32 {
    value as f32
}
