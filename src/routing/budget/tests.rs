use super::*;
use proptest::prelude::*;

/// 2023-11-14T22:13:20Z.
const NOON: Timestamp = Timestamp(1_700_000_000_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn money(micros: i64) -> Charge {
    Charge { money: MicroUsd(micros), tokens: 0 }
}

fn org(limit: i64) -> Bounds {
    Bounds { org: Some(MicroUsd(limit)), ..Bounds::default() }
}

#[test]
fn what_is_put_aside_counts_until_it_is_settled() {
    let (mut account, bounds) = (Account::default(), org(100));
    account.hold(&bounds, None, money(60), NOON).unwrap();
    let full = Sum { spent: MicroUsd(0), held: MicroUsd(60) };
    assert_eq!(account.hold(&bounds, None, money(41), NOON), Err(Refusal::Org(MicroUsd(100), full)));
    account.hold(&bounds, None, money(40), NOON).unwrap();
    account.settle(None, money(60), money(5), NOON);
    account.hold(&bounds, None, money(55), NOON).unwrap();
    assert_eq!(account.of_org(NOON), Sum { spent: MicroUsd(5), held: MicroUsd(95) });
    account.put_aside(None, money(55), money(10));
    assert_eq!(account.of_org(NOON).held, MicroUsd(50));
    account.settle(None, money(10), money(12), NOON);
    account.settle(None, money(40), money(83), NOON);
    assert!(matches!(account.hold(&bounds, None, money(0), NOON), Err(Refusal::Org(..))), "100 of 100 are spent");
    assert!(account.hold(&org(0), None, money(0), NOON).is_err(), "a budget of nothing lets nothing through");
}

#[test]
fn a_key_has_a_budget_of_its_own_beside_its_orgs() {
    let (mut account, key) = (Account::default(), KeyId::from("k"));
    let bounds = Bounds { org: Some(MicroUsd(100)), key: Some((key.clone(), MicroUsd(10))), tokens: None };
    account.settle(Some(&key), Charge::default(), money(8), NOON);
    assert!(matches!(account.check(&bounds, money(3), NOON), Err(Refusal::Key(MicroUsd(10), _))));
    account.check(&bounds, money(2), NOON).unwrap();
    account.settle(None, Charge::default(), money(91), NOON);
    assert!(matches!(account.check(&bounds, money(2), NOON), Err(Refusal::Org(MicroUsd(100), _))));
    assert_eq!(account.of_key(&key, NOON).spent, MicroUsd(8));
}

#[test]
fn the_month_turns_over_by_the_instant_that_is_given() {
    let (mut account, key, bounds) = (Account::default(), KeyId::from("k"), org(100));
    let next = Timestamp(1_701_388_800_000_000);
    assert_eq!(next.to_string(), "2023-12-01T00:00:00.000000Z");
    account.settle(Some(&key), Charge::default(), money(100), NOON);
    account.hold(&org(150), Some(&key), money(30), NOON).unwrap();
    let last = Timestamp(next.0 - 1);
    assert!(account.check(&bounds, money(1), last).is_err(), "the last instant of November");
    account.check(&bounds, money(70), next).unwrap();
    assert!(account.check(&bounds, money(71), next).is_err(), "what is under way is still put aside");
    // A call of November ends in December: what it cost is November's.
    account.settle(Some(&key), money(30), money(25), last);
    assert_eq!(account.of_org(next), Sum::default());
    assert_eq!(account.of_key(&key, next), Sum::default());
}

#[test]
fn a_window_of_tokens_says_exactly_when_the_next_begins() {
    let mut account = Account::default();
    let bounds = Bounds { tokens: Some(100), ..Bounds::default() };
    let tokens = |tokens| Charge { money: MicroUsd(0), tokens };
    let minute = Duration::from_secs(60);
    account.set_window(Some(minute), NOON, |begin| {
        assert_eq!(begin, Timestamp(NOON.0 - 20_000_000), "20 s of this minute are over");
        30
    });
    account.hold(&bounds, None, tokens(60), NOON).unwrap();
    let refused = account.check(&bounds, tokens(11), NOON);
    assert_eq!(refused, Err(Refusal::Tokens(100, Duration::from_secs(40))));
    account.set_window(Some(minute), NOON, |_| panic!("a window that is known goes on"));
    account.settle(None, tokens(60), tokens(70), NOON);
    assert!(account.check(&bounds, tokens(0), NOON).is_err(), "100 of 100 are used");
    let next = NOON.plus(Duration::from_secs(40));
    account.check(&bounds, tokens(100), next).unwrap();
    account.hold(&bounds, None, tokens(1_000), next).unwrap();
    assert!(account.check(&bounds, tokens(1), next).is_err());
    account.set_window(None, next, |_| 0);
    account.check(&bounds, tokens(1), next).unwrap();
}

proptest! {
    /// Calls that begin and end in any order never overdraw a budget by more than they came to beyond their estimates.
    #[test]
    fn budgets_are_never_overdrawn_beyond_what_was_put_aside(
        limits in (0_i64..2_000, 0_i64..2_000),
        steps in prop::collection::vec((any::<bool>(), 0_i64..200, 0_i64..250, 0_usize..8, 0_u32..40), 1..120),
    ) {
        let (mut account, key) = (Account::default(), KeyId::from("k"));
        let bounds = Bounds { org: Some(MicroUsd(limits.0)), key: Some((key.clone(), MicroUsd(limits.1))), tokens: None };
        let (mut under_way, mut now) = (Vec::new(), NOON);
        let (mut month, mut spent, mut beyond) = (now.month_begin(), 0_i64, 0_i64);
        for (begins, estimate, came_to, which, hours) in steps {
            now = now.plus(DAY / 24 * hours);
            if now.month_begin() != month {
                (month, spent, beyond) = (now.month_begin(), 0, 0);
            }
            if begins {
                if account.hold(&bounds, Some(&key), money(estimate), now).is_ok() {
                    under_way.push((estimate, came_to, now));
                }
            } else if !under_way.is_empty() {
                let (estimate, came_to, began) = under_way.remove(which % under_way.len());
                account.settle(Some(&key), money(estimate), money(came_to), began);
                if began >= month {
                    spent += came_to;
                    beyond += (came_to - estimate).max(0);
                }
            }
            let held: i64 = under_way.iter().map(|(estimate, ..)| estimate).sum();
            let expected = Sum { spent: MicroUsd(spent), held: MicroUsd(held) };
            prop_assert_eq!(account.of_org(now), expected);
            prop_assert_eq!(account.of_key(&key, now), expected);
            prop_assert!(spent <= limits.0.min(limits.1) + beyond, "{} of {:?}, {} beyond", spent, limits, beyond);
        }
    }
}
