use super::*;

const HOUR: i64 = 3_600_000_000;

/// Sums of hours and the records of a part of one tell what adding up every record tells, also after the end.
#[tokio::test]
async fn what_was_spent_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    // Not so old that it is forgotten at the next opening.
    let begin = Timestamp::from(std::time::SystemTime::now()).minus(Duration::from_secs(30 * 3_600));
    let begin = Timestamp(begin.0.div_euclid(HOUR) * HOUR);
    let place = |minutes: i64| Timestamp(begin.0 + minutes * 60_000_000);
    let calls: Vec<(&str, Option<&str>, i64)> = (0..60)
        .map(|n| (if n % 3 == 0 { "b" } else { "a" }, (n % 2 == 0).then_some("k"), n * 7))
        .chain([("a", None, 60), ("a", Some("k"), 119)])
        .collect();
    for (org, key, minutes) in &calls {
        let mut decision = decision(org, "s", place(*minutes).0);
        decision.key_id = key.map(KeyId::from);
        store.record(recorded(decision)).unwrap();
    }
    store.close().await;
    drop(store);
    let store = Store::open(options(folder.path())).unwrap();
    let org = OrgId::from("a");
    for from in [-5, 0, 1, 59, 60, 61, 130, 180, 419, 1_000] {
        let expected = calls.iter().filter(|(org, _, minutes)| *org == "a" && *minutes >= from).count() as u64;
        assert_eq!(store.tokens_since(&org, place(from)).unwrap(), 2 * expected, "from minute {from}");
    }
    assert_eq!(store.tokens_since(&OrgId::from("nobody"), begin).unwrap(), 0);
    let spent = store.spent(place(120)).unwrap();
    for (org, key) in [("a", None), ("a", Some("k")), ("b", None), ("b", Some("k"))] {
        let found = spent.iter().filter(|part| part.org.as_str() == org && part.key.as_ref().map(KeyId::as_str) == key);
        let expected = calls.iter().filter(|call| (call.0, call.1) == (org, key) && call.2 >= 120).count() as i64;
        assert_eq!(found.map(|part| part.money).sum::<MicroUsd>(), MicroUsd(500_000 * expected), "{org} {key:?}");
    }
}

#[tokio::test]
async fn what_no_budget_asks_for_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    store.record(recorded(decision("a", "s", 5))).unwrap();
    store.flush().await.unwrap();
    assert_eq!(store.spent(Timestamp(0)).unwrap().len(), 1);
    store.close().await;
    drop(store);
    assert_eq!(Store::open(options(folder.path())).unwrap().spent(Timestamp(0)).unwrap(), []);
}
