//! The learning router, through its public face.

mod bounds;
mod choosing;
mod parts;
mod scopes;

use super::*;
use crate::base::Timestamp;
use chance::Chance;

/// A scope of arms with these priors; the first is the baseline and costs 1.
fn spec(arms: &[(f64, f64)]) -> ScopeSpec {
    let arm = |(at, (prior, cost)): (usize, &(f64, f64))| ArmSpec {
        name: format!("p/m{at}"),
        prior: Some(Prior { mean: *prior, pseudo: 20.0 }),
        cost_hint: Some(*cost),
        from_pool: false,
    };
    ScopeSpec {
        arms: arms.iter().enumerate().map(arm).collect(),
        floor: 0.95,
        dimension_floors: Vec::new(),
        dimension: 24,
        params: Params::default(),
    }
}

fn text(number: usize) -> Features {
    let words = ["sum of primes", "translate this poem", "fix the failing test", "what is 17 * 23?"];
    Features::of(&features::Seen { text: &format!("{} {number}", words[number % 4]), ..Default::default() })
}

/// A small world with no features in it: every arm succeeds at its own rate.
struct World {
    success: Vec<f64>,
    cost: Vec<f64>,
    chance: Chance,
    step: u64,
}

#[derive(Debug, Default)]
struct Tally {
    quality: f64,
    cost: f64,
    calls: Vec<u64>,
    changes: Vec<Change>,
}

impl World {
    fn new(arms: &[(f64, f64)], seed: u64) -> Self {
        Self {
            success: arms.iter().map(|arm| arm.0).collect(),
            cost: arms.iter().map(|arm| arm.1).collect(),
            chance: Chance::new(seed),
            step: 0,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(i64::try_from(self.step).unwrap() * 1_000_000)
    }

    /// Serves `calls` requests and rates every one of them.
    fn run(&mut self, scope: &mut Scope, calls: u64) -> Tally {
        self.run_with(scope, calls, &[])
    }

    /// The same, with arms that may be tried only.
    fn run_with(&mut self, scope: &mut Scope, calls: u64, confined: &[bool]) -> Tally {
        let mut tally = Tally { calls: vec![0; self.success.len()], ..Tally::default() };
        for _ in 0..calls {
            self.step += 1;
            let features = text(usize::try_from(self.step).unwrap() % 40);
            let (costs, eligible) = (scope.paid(), vec![true; self.success.len()]);
            let verdict = scope.decide(&Ask {
                features: &features,
                eligible: &eligible,
                confined,
                costs: &costs,
                seed: self.chance.bits(),
                mode: Mode::Live,
                pending: &[],
                now: self.now(),
            });
            let arm = verdict.winner;
            let quality = f64::from(u8::from(self.chance.uniform() < self.success[arm]));
            tally.calls[arm] += 1;
            tally.quality += quality;
            tally.cost += self.cost[arm];
            tally.changes.extend(scope.served(&Served {
                arm,
                features: &features,
                costs: &[],
                spent: Spent { cost: Some(self.cost[arm] * 1_000.0), input: 100.0, cached: 0.0, output: 50.0 },
                proposed: Some(verdict.floor.after),
                holdout: verdict.why == crate::resource::trace::Why::Holdout,
                failed: false,
                at: self.now(),
            }));
            let shares = [Share::whole(arm)];
            tally.changes.extend(scope.observe(&rating(&features, &shares, Value::Quality(quality), self.step)));
        }
        tally.quality /= calls as f64;
        tally.cost /= calls as f64;
        tally
    }
}

fn rating<'a>(features: &'a Features, shares: &'a [Share], value: Value, origin: u64) -> Observation<'a> {
    let at = Timestamp(i64::try_from(origin).unwrap() * 1_000_000);
    Observation {
        source: Source::Session,
        shares,
        features,
        value,
        weight: 1.0,
        served_at: at,
        at,
        origin,
        key: None,
        judge: None,
    }
}
