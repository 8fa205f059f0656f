//! What a learned decision and a lesson cost: 10 and 50 arms.

use criterion::{Criterion, criterion_group, criterion_main};
use floopy::base::Timestamp;
use floopy::routing::learn::features::Seen;
use floopy::routing::learn::{
    ArmSpec, Ask, Features, Mode, Observation, Params, Prior, Scope, ScopeSpec, Served, Share, Source, Spent, Value,
};
use std::hint::black_box;

fn scope(arms: usize) -> Scope {
    let arm = |at: usize| ArmSpec {
        name: format!("p/m{at}"),
        prior: Some(Prior { mean: 0.8, pseudo: 25.0 }),
        cost_hint: Some(1.0 / (1 + at) as f64),
        from_pool: false,
    };
    Scope::new(&ScopeSpec {
        arms: (0..arms).map(arm).collect(),
        floor: 0.95,
        dimension_floors: Vec::new(),
        dimension: 24,
        params: Params::default(),
    })
}

fn learn(scope: &mut Scope, features: &Features, step: u64, arms: usize) {
    let arm = usize::try_from(step).unwrap_or(0) % arms;
    let at = Timestamp(i64::try_from(step).unwrap_or(0) * 1_000_000);
    scope.served(&Served {
        arm,
        features,
        costs: &[],
        spent: Spent { cost: Some(100.0), input: 100.0, cached: 0.0, output: 50.0 },
        proposed: Some(1.0),
        holdout: false,
        failed: false,
        at,
    });
    scope.observe(&Observation {
        source: Source::Session,
        shares: &[Share::whole(arm)],
        features,
        value: Value::Quality(if step.is_multiple_of(5) { 0.0 } else { 1.0 }),
        weight: 1.0,
        served_at: at,
        at,
        origin: step,
        key: None,
        judge: None,
    });
}

fn bench(criterion: &mut Criterion) {
    let text = "Fix the failing test in the parser: it expects 17 tokens and gets 16, see the trace below. ".repeat(20);
    for arms in [10, 50] {
        let mut grown = scope(arms);
        let features = Features::of(&Seen { text: &text, ..Seen::default() });
        (0..500).for_each(|step| learn(&mut grown, &features, step, arms));
        let (eligible, costs) = (vec![true; arms], grown.paid());
        criterion.bench_function(&format!("decide, features included, {arms} arms"), |bencher| {
            let mut seed = 0;
            bencher.iter(|| {
                seed += 1;
                let features = Features::of(&Seen { text: black_box(&text), ..Seen::default() });
                grown.decide(&Ask {
                    features: &features,
                    eligible: &eligible,
                    costs: &costs,
                    seed,
                    mode: Mode::Live,
                    pending: &[],
                    confined: &[],
                    now: Timestamp(0),
                })
            });
        });
        criterion.bench_function(&format!("served and observe, then publish, {arms} arms"), |bencher| {
            let mut step = 1_000;
            let mut own = grown.clone();
            bencher.iter(|| {
                step += 1;
                learn(&mut own, &features, step, arms);
                black_box(own.clone())
            });
        });
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
