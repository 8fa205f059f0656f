//! The runs of one policy, spread over the machine's cores.

use crate::cli::exit::{Exit, Failure};
use crate::replay::{Plan, Problem, Score, Setting, policy, run, score};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

/// What the runs gave, in the order of their seeds.
pub(super) struct Runs {
    pub(super) scores: Vec<Score>,
    pub(super) decide_ns: Vec<u64>,
}

/// Runs one policy once for each seed.
pub(super) fn runs(
    problem: &Problem,
    name: &str,
    setting: &Setting,
    plan: Plan,
    first: u64,
    seeds: u32,
) -> Result<Runs, Failure> {
    let start = Instant::now();
    let clock = || u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let one = |seed: u64| {
        // The policy's own chance is not that of the items' order.
        let mut policy = policy(name, problem, setting, !seed.wrapping_mul(0x2545_f491_4f6c_dd1d))?;
        let record = run(problem, policy.as_mut(), &Plan { seed, ..plan }, &clock);
        Some((score(problem, &record, policy.saving()), record.decide_ns))
    };
    let mut all = spread(seeds, |number| one(first + u64::from(number)))
        .ok_or_else(|| Failure::new(Exit::Bug, format!("no policy `{name}`")))?;
    Ok(Runs {
        decide_ns: all.iter_mut().flat_map(|run| std::mem::take(&mut run.1)).collect(),
        scores: all.into_iter().map(|run| run.0).collect(),
    })
}

/// Does `count` pieces of work on all cores; the results come in order. `None` where a piece gave none.
pub(super) fn spread<T: Send>(count: u32, work: impl Fn(u32) -> Option<T> + Sync) -> Option<Vec<T>> {
    let workers = thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    let next = AtomicU32::new(0);
    let mut done: Vec<(u32, Option<T>)> = thread::scope(|scope| {
        let loops: Vec<_> = (0..workers.min(count))
            .map(|_| {
                scope.spawn(|| {
                    let mut own = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return own;
                        }
                        own.push((number, work(number)));
                    }
                })
            })
            .collect();
        loops.into_iter().flat_map(|worker| worker.join().expect("a run does not panic")).collect()
    });
    done.sort_by_key(|piece| piece.0);
    done.into_iter().map(|piece| piece.1).collect()
}
