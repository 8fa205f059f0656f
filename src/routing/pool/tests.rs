//! That orgs learn from each other, and nothing about each other.

use super::draw::{Sums, scales};
use super::*;
use crate::base::ProviderId;
use proptest::prelude::*;
use std::collections::HashMap;

const POLICY: Policy = Policy { min_orgs: 5, most_per_org: 50, epsilon: 1.0, most_pseudo: 20.0 };

fn cell(model: &str) -> Cell {
    Cell::new(&ModelRef::new(ProviderId::from("openai"), model), TaskKind::Code).unwrap()
}

fn org(number: usize) -> OrgId {
    OrgId::from(format!("org-{number}").as_str())
}

fn tally(count: u32, quality: f64) -> Tally {
    (0..count).fold(Tally::default(), |sum, _| sum.plus(Tally::of(quality)))
}

/// So many orgs with a full contribution of this quality to one cell.
fn pool(orgs: usize, quality: f64) -> Pool {
    let mut pool = Pool::default();
    for number in 0..orgs {
        pool.record(&org(number), cell("m"), tally(50, quality));
    }
    pool
}

fn published(pool: &mut Pool, seed: u64) -> BTreeMap<Cell, Pooled> {
    pool.publish(&POLICY, &mut Chance::new(seed));
    pool.cells().map(|(cell, pooled)| (cell.clone(), pooled)).collect()
}

/// Tallies of up to a dozen orgs on three cells.
fn any_pool() -> impl Strategy<Value = Vec<(usize, usize, u32, f64)>> {
    prop::collection::vec((0_usize..12, 0_usize..3, 0_u32..120, 0.0_f64..=1.0), 0..40)
}

fn filled(entries: &[(usize, usize, u32, f64)]) -> Pool {
    let mut pool = Pool::default();
    for (number, place, count, quality) in entries {
        pool.record(&org(*number), cell(["a", "b", "c"][*place]), tally(*count, *quality));
    }
    pool
}

#[test]
fn many_orgs_make_a_useful_cell_and_few_make_none() {
    for (orgs, seen) in [(0, false), (1, false), (4, false), (40, true)] {
        let cells = published(&mut pool(orgs, 0.8), 7);
        assert_eq!(cells.contains_key(&cell("m")), seen, "{orgs}");
    }
    let pooled = published(&mut pool(200, 0.8), 7)[&cell("m")];
    assert!((pooled.quality - 0.8).abs() < 0.05, "{pooled:?}");
    assert!(pooled.pseudo_samples > 14.0, "{pooled:?}");
}

#[test]
fn the_worked_example_holds() {
    let (count, sum) = scales(&POLICY);
    let error = (2.0 * (sum.powi(2) + (0.3 * count).powi(2))).sqrt() / 1000.0;
    assert!((error - 0.079).abs() < 0.001, "{error}");
    assert!((0.16 / (error.powi(2) + 0.01) - 9.8).abs() < 0.1);
    // Over many seeds the published quality is off by about that much.
    let off: Vec<f64> = (0..2000)
        .filter_map(|seed| published(&mut pool(20, 0.8), seed).remove(&cell("m")))
        .map(|pooled| (pooled.quality - 0.8).powi(2))
        .collect();
    let root = (off.iter().sum::<f64>() / f64::from(u32::try_from(off.len()).unwrap())).sqrt();
    assert!((0.055..0.105).contains(&root), "{root}");
}

#[test]
fn one_org_changes_no_probability_by_more_than_the_policy_allows() {
    let everything = |tallies: &[Tally]| {
        let sums = Sums::of(tallies.iter().copied(), &POLICY);
        let mut chance = Chance::new(11);
        let mut seen: HashMap<Option<i64>, f64> = HashMap::new();
        for _ in 0..200_000 {
            #[expect(clippy::cast_possible_truncation, reason = "tenths")]
            let bin = sums.draw(&POLICY, &mut chance).map(|pooled| (pooled.quality * 10.0).floor() as i64);
            *seen.entry(bin).or_default() += 1.0;
        }
        seen
    };
    let base: Vec<Tally> = (0..6).map(|_| tally(50, 0.7)).collect();
    let without = everything(&base);
    for added in [tally(50, 0.0), tally(50, 1.0), tally(100_000, 1.0)] {
        let with = everything(&[base.clone(), vec![added]].concat());
        let mut compared = 0;
        for (bin, count) in &without {
            let other = with.get(bin).copied().unwrap_or(0.0);
            if count.min(other) >= 500.0 {
                let ratio = (count / other).max(other / count);
                assert!(ratio < POLICY.epsilon.exp() * 1.15, "{bin:?}: {count} and {other}");
                compared += 1;
            }
        }
        assert!(compared >= 4, "{compared}");
    }
}

#[test]
fn reading_and_publishing_again_does_not_average_the_noise_away() {
    let mut pool = pool(20, 0.8);
    let first = published(&mut pool, 1);
    assert!(!first.is_empty());
    for seed in 2..200 {
        assert_eq!(published(&mut pool, seed), first);
    }
    // Not with some news either.
    for number in 0..15 {
        pool.record(&org(100 + number), cell("m"), tally(50, 0.1));
        assert_eq!(published(&mut pool, number as u64), first);
    }
}

#[test]
fn leaving_and_coming_back_draws_a_bounded_number_of_versions() {
    let mut pool = pool(20, 0.8);
    let mut values = Vec::new();
    for seed in 0..100 {
        values.extend(published(&mut pool, seed).remove(&cell("m")));
        pool.leave(&org(0));
        assert_eq!(pool.cell(&cell("m")), None, "withdrawn at once");
        pool.record(&org(0), cell("m"), tally(50, 0.8));
    }
    assert!(values.len() <= MOST_VERSIONS as usize, "{}", values.len());
}

#[test]
fn names_that_tell_whose_a_model_is_make_no_cell() {
    for name in ["ft:gpt-4o-mini:acme:secret:id", "FT:x", "arn:aws:bedrock:us-east-1:123456789012:custom-model/x", ""] {
        assert_eq!(Cell::new(&ModelRef::new(ProviderId::from("p"), name), TaskKind::Code), Err(NotACell), "{name}");
    }
    for text in ["code", "code openai", "cooking openai/m", "code openai/ft:m"] {
        assert_eq!(Cell::try_from(text.to_owned()), Err(NotACell), "{text}");
    }
}

#[test]
fn contributions_and_published_values_have_no_room_for_text() {
    fn numbers_alone<T: Copy + 'static>() {}
    numbers_alone::<Tally>();
    numbers_alone::<Pooled>();
    assert_eq!((size_of::<Tally>(), size_of::<Pooled>()), (16, 16));
    let mut pool = pool(40, 0.8);
    for (cell, pooled) in published(&mut pool, 3) {
        let text = format!("{cell:?} {pooled:?}");
        assert!(!text.contains("org-"), "{text}");
    }
}

#[test]
fn an_absurd_policy_or_quality_publishes_nothing_wrong() {
    for policy in [
        Policy { epsilon: 0.0, ..POLICY },
        Policy { epsilon: f64::NAN, ..POLICY },
        Policy { epsilon: -1.0, ..POLICY },
        Policy { most_per_org: 0, ..POLICY },
    ] {
        let mut pool = pool(40, 0.8);
        pool.publish(&policy, &mut Chance::new(1));
        assert_eq!(pool.cells().count(), 0, "{policy:?}");
    }
    let mut lonely = pool(1, 0.8);
    lonely.publish(&Policy { min_orgs: 0, ..POLICY }, &mut Chance::new(1));
    assert_eq!(lonely.cells().count(), 0);
    assert_eq!(Tally::of(f64::NAN), Tally::default());
    assert_eq!(Tally::of(f64::INFINITY), Tally::of(1.0));
    assert_eq!(Tally::of(-1.0), Tally::of(0.0));
}

proptest! {
    #[test]
    fn leaving_undoes_joining(entries in any_pool(), own in any_pool()) {
        let before = filled(&entries);
        let mut pool = before.clone();
        for (_, place, count, quality) in &own {
            pool.record(&org(99), cell(["a", "b", "c"][*place]), tally(*count, *quality));
        }
        pool.leave(&org(99));
        prop_assert_eq!(&pool, &before);
        prop_assert_eq!(pool.contributed(&org(99)), 0);
    }

    #[test]
    fn after_leaving_nothing_published_holds_what_was_contributed(entries in any_pool(), seed in any::<u64>()) {
        let mut pool = filled(&entries);
        published(&mut pool, seed);
        let touched: Vec<Cell> = pool.contributions.get(&org(0)).into_iter().flat_map(BTreeMap::keys).cloned().collect();
        pool.leave(&org(0));
        for cell in touched {
            prop_assert_eq!(pool.cell(&cell), None);
        }
        let others: Vec<_> = entries.iter().copied().filter(|entry| entry.0 != 0).collect();
        prop_assert_eq!(&pool.contributions, &filled(&others).contributions);
    }

    #[test]
    fn cells_of_few_orgs_are_never_seen(entries in any_pool(), seed in any::<u64>(), leaver in 0_usize..12) {
        let mut pool = filled(&entries);
        for _ in 0..2 {
            published(&mut pool, seed);
            for (cell, _) in pool.cells() {
                let orgs = pool.contributions.values().filter(|own| own.contains_key(cell)).count();
                prop_assert!(orgs >= 5, "{cell:?} has {orgs}");
            }
            pool.leave(&org(leaver));
        }
    }

    #[test]
    fn no_org_moves_the_sums_by_more_than_its_bound(
        entries in any_pool(), count in any::<u32>(), sum in any::<u64>(),
    ) {
        let tallies: Vec<Tally> = entries.iter().map(|entry| tally(entry.2, entry.3)).collect();
        let without = Sums::of(tallies.iter().copied(), &POLICY);
        let with = Sums::of(tallies.iter().copied().chain([Tally { count, sum }]), &POLICY);
        prop_assert!((with.weight - without.weight).abs() <= 50.0);
        prop_assert!((with.centred - without.centred).abs() <= 25.0 + 1e-6);
    }

    #[test]
    fn published_values_are_in_range(entries in any_pool(), seed in any::<u64>()) {
        for pooled in published(&mut filled(&entries), seed).values() {
            prop_assert!((0.0..=1.0).contains(&pooled.quality));
            prop_assert!((1.0..=20.0).contains(&pooled.pseudo_samples));
        }
    }

    #[test]
    fn a_pool_reads_as_it_was_written(entries in any_pool(), seed in any::<u64>()) {
        let mut pool = filled(&entries);
        published(&mut pool, seed);
        let text = serde_json::to_string(&pool).unwrap();
        prop_assert_eq!(serde_json::from_str::<Pool>(&text).unwrap(), pool);
    }
}
