//! Replays that ask something else than which policy is best: canaries, false alarms, credit in mixed sessions.

use super::{Channel, ReplayArgs, work};
use crate::cli::exit::{Exit, Failure};
use crate::replay::{
    CanaryPlan, CanaryReport, Ending, MixedPlan, MixedReport, Problem, RULES, canary, mixed as run_mixed, mixed_report,
    null as run_null,
};
use clap::ValueEnum;

/// How mixed sessions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Ends {
    /// With success by each model's share of the progress
    Share,
    /// With success only if every model with a notable share would have succeeded
    Weakest,
}

/// Runs of a canary where `--seeds` says nothing of them.
const MOST_CALLS: u32 = 2_000;
/// Sessions of a run where `--horizon` says nothing.
const SESSIONS: usize = 600;

impl ReplayArgs {
    fn canary_plan(&self, runs: u32) -> CanaryPlan {
        let noisy = matches!(self.feedback, Some(Channel::Nps | Channel::Fused));
        let most = self.inputs.horizon().and_then(|most| u32::try_from(most).ok()).unwrap_or(MOST_CALLS);
        CanaryPlan { runs, most, noisy, seed: self.first_seed }
    }
}

/// The named models of every recording as canaries.
pub(super) fn canaries(args: &ReplayArgs) -> Result<Vec<CanaryReport>, Failure> {
    let plan = args.canary_plan(args.seeds);
    let all = args.canary.iter().any(|name| name == "all");
    let mut reports = Vec::new();
    for problem in args.inputs.problems()? {
        let wanted = |arm: &usize| all || problem.arms.get(*arm).is_some_and(|name| args.canary.contains(name));
        let arms: Vec<usize> = (1..problem.arms.len()).filter(wanted).collect();
        let count = u32::try_from(arms.len()).unwrap_or(u32::MAX);
        let one = |number: u32| {
            let arm = usize::try_from(number).ok().and_then(|number| arms.get(number))?;
            Some(canary(&problem, *arm, &plan))
        };
        reports.extend(work::spread(count, one).unwrap_or_default());
    }
    if reports.is_empty() {
        let failure = Failure::new(Exit::Usage, "no recording has a model of this name beside its baseline");
        return Err(failure.hint("name its models with --arms, or say --canary all"));
    }
    Ok(reports)
}

/// Canaries at the floor, for baselines of several qualities.
pub(super) fn null(args: &ReplayArgs, runs: u32) -> Result<Vec<CanaryReport>, Failure> {
    const BASELINES: [f64; 4] = [0.5, 0.7, 0.8, 0.95];
    let plan = args.canary_plan(runs);
    let one = |number: u32| {
        let baseline = usize::try_from(number).ok().and_then(|number| BASELINES.get(number))?;
        Some(run_null(args.inputs.floor(), *baseline, &plan))
    };
    work::spread(4, one).ok_or_else(|| Failure::new(Exit::Bug, "a null run gave nothing"))
}

/// The rules of credit on mixed sessions.
pub(super) fn mixed(args: &ReplayArgs, ends: Ends) -> Result<Vec<MixedReport>, Failure> {
    let ending = match ends {
        Ends::Share => Ending::Share,
        Ends::Weakest => Ending::Weakest,
    };
    let mut reports = Vec::new();
    for problem in args.inputs.problems()? {
        let channel = args.channel(&problem);
        let plan = MixedPlan {
            ending,
            feedback: channel.into(),
            response: channel.response(args.response_rate),
            sessions: args.inputs.horizon().unwrap_or(SESSIONS),
            switches: args.switches,
            seed: args.first_seed,
        };
        reports.extend(rules(args, &problem, &plan));
    }
    Ok(reports)
}

fn rules(args: &ReplayArgs, problem: &Problem, plan: &MixedPlan) -> Vec<MixedReport> {
    RULES
        .iter()
        .map(|rule| {
            let one = |seed: u32| {
                Some(run_mixed(problem, *rule, &MixedPlan { seed: args.first_seed + u64::from(seed), ..*plan }))
            };
            mixed_report(problem, *rule, plan, &work::spread(args.seeds, one).unwrap_or_default())
        })
        .collect()
}
