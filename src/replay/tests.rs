use super::*;
use crate::routing::learn::Params;
use proptest::prelude::*;

/// A recording made by hand: a good dear model, a cheap one that is as good on short prompts only, and a bad one.
fn recording(items: usize) -> String {
    let mut text = String::from(
        "{\"name\":\"made\",\"kind\":\"request\",\"models\":[\"big\",\"small\",\"bad\"],\"baseline\":\"big\",\
         \"columns\":[\"quality\",\"cost_usd\",\"input_tokens\",\"output_tokens\",\"llm_calls\"]}\n",
    );
    for item in 0..items {
        let long = item % 2 == 0;
        let prompt =
            if long { "solve this long and difficult riddle step by step ".repeat(20) } else { format!("hi {item}") };
        let (big, small, bad) = (item % 10 != 9, item % 10 != 9 && !(long && item % 3 != 0), item % 7 == 0);
        let q = |good: bool| if good { "1.0" } else { "0.0" };
        text += &format!(
            "{{\"id\":\"{item}\",\"domain\":\"d\",\"prompt\":\"{prompt}\",\"out\":[[{},0.01,100,10,4],[{},0.001,100,10,6],[{},0.002,100,10,6]]}}\n",
            q(big),
            q(small),
            q(bad)
        );
    }
    text
}

fn problem(items: usize, horizon: usize) -> Problem {
    let recording = Recording::parse(&recording(items)).unwrap();
    let scenario = Scenario { horizon: Some(horizon), ..Scenario::default() };
    Problem::new(&recording, &scenario, &Priors::new(), 0.95, &|_| None).unwrap()
}

fn play(problem: &Problem, name: &str, seed: u64) -> (Record, Report) {
    let setting = Setting { priors: false, params: Params::default() };
    let mut policy = policy(name, problem, &setting, seed).unwrap();
    let plan = Plan { feedback: Feedback::Full, response: 1.0, drift: None, seed };
    let record = run(problem, policy.as_mut(), &plan, &|| 0);
    let score = score(problem, &record, policy.saving());
    let about = About { policy: name, feedback: "full", drift: None, setting: &setting };
    let report = report(problem, &about, &[score], record.decide_ns.clone());
    (record, report)
}

#[test]
fn faults_name_their_line() {
    let good = recording(3);
    let cases = [
        ("", 1, "empty"),
        ("not json", 1, "header"),
        ("{\"models\":[\"a\"]}", 1, "fewer than two"),
        ("{\"models\":[\"a\",\"b\"],\"columns\":[\"quality\"]}", 1, "cost_usd"),
        ("{\"models\":[\"a\",\"b\"]}", 1, "no item"),
        (&good.replacen("\"out\":[[1.0", "\"out\":[[7.0", 1), 2, "0..1"),
        (&good.replacen("],[0.0", "]],[[0.0", 1), 3, "not an item"),
    ];
    for (text, line, what) in cases {
        let fault = Recording::parse(text).unwrap_err();
        assert!(fault.line == line && fault.what.contains(what), "{fault} for {what}");
    }
    let short = "{\"models\":[\"a\",\"b\"]}\n{\"out\":[null]}";
    assert!(Recording::parse(short).unwrap_err().what.contains("1 outcomes, the header 2"));
}

#[test]
fn what_a_recording_does_not_hold_is_said() {
    let recording = Recording::parse(&recording(5)).unwrap();
    let unfit = |scenario: Scenario| Problem::new(&recording, &scenario, &Priors::new(), 0.95, &|_| None).unwrap_err();
    let named = |name: &str| Scenario { arms: Some(vec![name.to_owned()]), ..Scenario::default() };
    assert!(matches!(unfit(named("huge")), Unfit::NoModel(name, _) if name == "huge"));
    assert_eq!(unfit(named("big")), Unfit::TooFew);
    let swap = Some(("small".to_owned(), "huge".to_owned()));
    assert!(matches!(unfit(Scenario { swap, ..Scenario::default() }), Unfit::NoModel(..)));
    let mut bare = recording.clone();
    bare.baseline = None;
    let none = Problem::new(&bare, &Scenario::default(), &Priors::new(), 0.95, &|_| None);
    assert_eq!(none.unwrap_err(), Unfit::NoBaseline);
}

#[test]
fn the_accounts_are_right_for_policies_that_are_known_in_advance() {
    let problem = problem(60, 600);
    let (record, baseline) = play(&problem, "always-baseline", 1);
    assert!(record.arms.iter().all(|arm| *arm == 0));
    assert!((baseline.quality_ratio - 1.0).abs() < 1e-12 && baseline.saved_pct.abs() < 1e-9);
    assert_eq!((baseline.windows_broken_sure_pct, baseline.converge_steps_median), (0.0, 600.0));
    let (_, best) = play(&problem, "best-fixed", 1);
    assert_eq!(best, Report { policy: "best-fixed".to_owned(), ..baseline.clone() }, "the baseline is the best here");
    // The cheap one is right on 20 of 60 fewer items, at a tenth of the cost.
    assert!((problem.quality[1] - (54.0 - 20.0) / 60.0).abs() < 1e-12, "{:?}", problem.quality);
    assert!((problem.cost[1] - 0.1).abs() < 1e-12);
    assert_eq!(problem.cheapest_above_floor(), 0);
    // A mix at the floor without context, by hand: 0.855 = w 0.9 + (1 - w) 0.5667, saving 0.9 (1 - w).
    let share = (0.95 * 0.9 - problem.quality[1]) / (0.9 - problem.quality[1]);
    assert!((problem.reference.mix - 0.9 * (1.0 - share)).abs() < 1e-9);
    assert!(problem.reference.ridge.unwrap() > problem.reference.mix, "features tell short from long");
}

#[test]
fn the_product_saves_and_holds_the_floor() {
    // One run may be unlucky by two points; eight together are not.
    let problem = problem(120, 1_500);
    let runs: Vec<Report> = (0..8).map(|seed| play(&problem, "floopy", seed).1).collect();
    let mean = |value: &dyn Fn(&Report) -> f64| runs.iter().map(value).sum::<f64>() / 8.0;
    let (ratio, saved, broken) =
        (mean(&|run| run.quality_ratio), mean(&|run| run.saved_pct), mean(&|run| run.windows_broken_sure_pct));
    assert!(ratio > 0.95 && saved > 25.0 && broken < 5.0, "{ratio} {saved} {broken}");
    let (_, random) = play(&problem, "random", 3);
    assert!(random.quality_ratio < 0.8);
}

#[test]
fn every_policy_runs_on_the_same_items_and_twice_the_same() {
    let problem = problem(40, 200);
    let (first, _) = play(&problem, "random", 5);
    for (name, _) in POLICIES {
        let (one, other) = (play(&problem, name, 5).0, play(&problem, name, 5).0);
        assert_eq!((one.items == first.items, one.arms == other.arms), (true, true), "{name}");
    }
    assert_ne!(play(&problem, "random", 6).0.items, first.items);
}

#[test]
fn a_disaster_is_rolled_back_and_the_floor_itself_is_not() {
    let problem = problem(70, 100);
    let plan = CanaryPlan { runs: 60, most: 1_000, noisy: false, seed: 1 };
    let bad = canary(&problem, 2, &plan);
    assert!((bad.rolled_back_pct - 100.0).abs() < 1e-9 && bad.rated_calls_median <= 20.0, "{bad:?}");
    let at_floor = null(0.95, 0.8, &CanaryPlan { runs: 300, most: 400, ..plan });
    assert!(at_floor.rolled_back_pct <= 5.0 && at_floor.promoted_pct <= 5.0, "{at_floor:?}");
}

#[test]
fn joint_credit_sees_through_mixed_sessions() {
    let problem = problem(60, 100);
    let plan = MixedPlan {
        ending: Ending::Share,
        feedback: Feedback::Full,
        response: 1.0,
        sessions: 400,
        switches: 0.5,
        seed: 2,
    };
    let run = |name: &str| {
        let rule = *RULES.iter().find(|rule| rule.name == name).unwrap();
        let runs: Vec<_> = (0..6).map(|seed| mixed(&problem, rule, &MixedPlan { seed, ..plan })).collect();
        mixed_report(&problem, rule, &plan, &runs)
    };
    let (joint, full) = (run("joint credit, per call"), run("full credit to all, per call"));
    assert!(joint.gap_error < full.gap_error, "{joint:?} {full:?}");
    assert!(joint.mixed_pct > 20.0);
}

#[test]
fn logged_decisions_recompute_and_can_be_judged() {
    let problem = problem(60, 400);
    let setting = Setting::default();
    let plan = Plan { feedback: Feedback::Full, response: 1.0, drift: None, seed: 4 };
    let lines = logged(&problem, &setting, &plan);
    assert_eq!(lines.len(), 400);
    for (trace, ..) in &lines {
        let (winner, propensity) = crate::routing::learn::recompute(trace).unwrap();
        assert_eq!((winner, &propensity), (trace.winner, &trace.propensity));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}", cut in 0_usize..2_000) {
        let whole = recording(4);
        let cut: String = whole.chars().take(cut).collect();
        prop_assert!(Recording::parse(&text).is_err());
        // A file that was cut is an error, or a shorter file.
        if let Ok(read) = Recording::parse(&cut) {
            prop_assert!(read.items.len() <= 4);
        }
    }
}
