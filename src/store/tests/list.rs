//! Listings: the narrowest index leads to the records, and a page looks at so many of them only.

use super::*;
use crate::base::limits::MAX_LOOKED_AT;
use crate::resource::decision::JUDGE;
use crate::resource::decision::Strategy;

/// Every decision that a filter finds, page by page, and how many pages that took.
fn all(store: &Store, filter: &DecisionFilter, limit: usize) -> (Vec<RequestId>, usize) {
    let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = store.decisions(&OrgId::from("a"), filter, limit, cursor.as_deref()).unwrap();
        assert!(page.items.len() <= limit);
        assert_eq!(page.has_more, page.next_cursor.is_some());
        pages += 1;
        found.extend(page.items.iter().map(|stored| stored.decision.request_id));
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return (found, pages),
        }
    }
}

fn of_session(id: &str) -> DecisionFilter {
    DecisionFilter { session_id: Some(id.into()), ..DecisionFilter::default() }
}

async fn store_of(folder: &std::path::Path, decisions: &[Decision]) -> Store {
    let store = Store::open(options(folder)).unwrap();
    for decision in decisions {
        store.record(recorded(decision.clone())).unwrap();
    }
    store.flush().await.unwrap();
    store
}

fn ids<'a>(decisions: impl IntoIterator<Item = &'a Decision>) -> Vec<RequestId> {
    decisions.into_iter().map(|decision| decision.request_id).collect()
}

#[tokio::test]
async fn sessions_and_ids_are_found_behind_any_number_of_others_and_nothing_is_looked_for_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut decisions: Vec<Decision> = (0..5).map(|at| decision("a", "old", at)).collect();
    decisions[3].endpoint = JUDGE.into();
    let others = i64::try_from(MAX_LOOKED_AT).unwrap() + 10;
    decisions.extend((0..others).map(|at| decision("a", "new", 10 + at)));
    decisions.push(decision("b", "old", 7));
    let store = store_of(folder.path(), &decisions).await;

    let old: Vec<&Decision> = [4, 2, 1, 0].map(|at| &decisions[at]).to_vec();
    let (first, pages) = all(&store, &of_session("old"), 50);
    assert_eq!((first, pages), (ids(old.clone()), 1), "newest first, without the judge's");
    assert_eq!(all(&store, &of_session("old"), 3), (ids(old), 2));
    assert_eq!(all(&store, &of_session("none"), 3), (vec![], 1));
    let within = DecisionFilter { from: Some(Timestamp(1)), to: Some(Timestamp(4)), ..of_session("old") };
    assert_eq!(all(&store, &within, 50).0, ids([&decisions[2], &decisions[1]]));

    let foreign = decisions.last().unwrap().request_id;
    let mut wanted = ids(&decisions[..5]);
    wanted.extend([foreign, RequestId::draw(Timestamp(0)), wanted[0]]);
    let named = DecisionFilter { request_ids: wanted, ..DecisionFilter::default() };
    let newest_first = ids([4, 3, 2, 1, 0].map(|at| &decisions[at]));
    assert_eq!(all(&store, &named, 50), (newest_first.clone(), 1));
    assert_eq!(all(&store, &named, 2), (newest_first, 3));
    let both = DecisionFilter { session_id: Some("new".into()), ..named };
    assert_eq!(all(&store, &both, 50).0, vec![]);

    let nothing = DecisionFilter { model: Some("no-such-model".into()), ..DecisionFilter::default() };
    let page = store.decisions(&OrgId::from("a"), &nothing, 50, None).unwrap();
    assert!(page.items.is_empty() && page.has_more, "a page that has looked at enough says that there is more");
    assert_eq!(all(&store, &nothing, 50), (vec![], 2));
    let (everything, _) = all(&store, &DecisionFilter::default(), 500);
    assert_eq!(everything.len(), decisions.len() - 1);
}

#[tokio::test]
async fn what_is_looked_for_in_unread_records_is_what_the_records_say() {
    let target = |provider: &str, model: &str| Some(Target { provider: provider.into(), model: model.into() });
    let names = ["m", "m\"", "\\m", "m\",\"model\":\"m", "größe/µ\u{7}", ""];
    let mut decisions = Vec::new();
    for (at, served) in (0..).zip(names) {
        for winner in names {
            let mut one = decision("a", "s", at);
            one.session_name = Some(format!("\"served\":{{\"provider\":\"{served}\",\"model\":\"m\"}}"));
            one.properties = vec![("confidence".into(), "\"confidence\":0.9,".into())];
            (one.winner, one.served) = (target(winner, served), target(served, winner));
            one.assessment.confidence = [None, Some(0.25), Some(1e-7), Some(1.0)][usize::try_from(at % 4).unwrap()];
            one.outcome.status = [Status::Ok, Status::Error, Status::Blocked, Status::Cancelled][winner.len() % 4];
            one.routing_strategy = [Strategy::Weighted, Strategy::SmartCost][served.len() % 2];
            decisions.push(one.clone());
            one.request_id = RequestId::draw(Timestamp(0));
            one.served = None;
            decisions.push(one.clone());
            one.request_id = RequestId::draw(Timestamp(0));
            one.winner = None;
            decisions.push(one);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = store_of(folder.path(), &decisions).await;
    let blank = DecisionFilter::default;
    let mut filters = vec![
        DecisionFilter { min_confidence: Some(0.2), ..blank() },
        DecisionFilter { max_confidence: Some(0.25), ..blank() },
        DecisionFilter { min_confidence: Some(0.0), max_confidence: Some(1.0), ..blank() },
        DecisionFilter { routing_strategy: Some(Strategy::SmartCost), ..blank() },
        DecisionFilter { status: Some(Status::Blocked), provider: Some("m".into()), ..blank() },
    ];
    for name in names {
        filters.push(DecisionFilter { provider: Some(name.into()), ..blank() });
        filters.push(DecisionFilter { model: Some(name.into()), ..blank() });
        filters.push(DecisionFilter { provider: Some("m".into()), model: Some(name.into()), ..blank() });
    }
    for filter in filters {
        let who = |one: &Decision| one.served.clone().or(one.winner.clone());
        let is = |wanted: &Option<String>, name: Option<String>| wanted.is_none() || *wanted == name;
        let sure = |one: &Decision| {
            let (least, most) = (filter.min_confidence, filter.max_confidence);
            let found = one.assessment.confidence;
            least.is_none_or(|least| found.is_some_and(|found| found >= least))
                && most.is_none_or(|most| found.is_some_and(|found| found <= most))
        };
        let expected = decisions.iter().filter(|one| {
            is(&filter.provider, who(one).map(|target| target.provider))
                && is(&filter.model, who(one).map(|target| target.model))
                && filter.status.is_none_or(|status| status == one.outcome.status)
                && filter.routing_strategy.is_none_or(|strategy| strategy == one.routing_strategy)
                && sure(one)
        });
        let (mut expected, mut found) = (ids(expected), all(&store, &filter, 7).0);
        assert!(!expected.is_empty(), "{filter:?} tests nothing");
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{filter:?}");
    }
}
