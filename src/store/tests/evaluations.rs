//! What an org may keep of datasets and evaluations, and what goes with time.

use super::*;
use crate::base::{DatasetId, EvaluationId, limits};
use crate::resource::evaluation::{Evaluated, Evaluation, EvaluationStatus, Totals};
use crate::resource::{Dataset, EvaluationStep, StoredEvaluation};
use crate::store::Logged;

fn dataset(rows: u32, expires_at: Timestamp) -> Dataset {
    let created_at = Timestamp(0);
    Dataset { id: DatasetId::draw(created_at), name: "d".into(), rows, bytes: 1, created_at, expires_at }
}

fn evaluation(org: &str, dataset_id: &DatasetId) -> StoredEvaluation {
    let shown = Evaluation {
        id: EvaluationId::draw(Timestamp(0)),
        dataset_id: dataset_id.clone(),
        model: "a/m".into(),
        prompt_id: None,
        status: EvaluationStatus::Pending,
        config: None,
        created_at: Timestamp(0),
        started_at: None,
        finished_at: None,
        totals: Totals { rows: 1, ..Totals::default() },
        error: None,
    };
    StoredEvaluation { org: OrgId::from(org), key_id: None, target: None, is_open: true, shown }
}

#[tokio::test]
async fn an_org_keeps_so_many_rows_and_other_orgs_have_their_own_room() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    let (one, two) = (OrgId::from("one"), OrgId::from("two"));
    let most = u32::try_from(limits::MAX_ORG_ROWS).unwrap();
    let large = dataset(most - 1, Timestamp(9));
    store.add_dataset(one.clone(), large.clone()).await.unwrap();
    assert_eq!(store.add_dataset(one.clone(), dataset(2, Timestamp(9))).await, Err(Error::NoRoom));
    store.add_dataset(one.clone(), dataset(1, Timestamp(9))).await.unwrap();
    store.add_dataset(two, dataset(2, Timestamp(9))).await.unwrap();
    store.remove_dataset(one.clone(), large.id.clone()).await.unwrap();
    assert_eq!(store.remove_dataset(one.clone(), large.id).await, Err(Error::NotFound));
    for _ in 1..limits::MAX_DATASETS {
        store.add_dataset(one.clone(), dataset(1, Timestamp(9))).await.unwrap();
    }
    assert_eq!(store.add_dataset(one, dataset(1, Timestamp(9))).await, Err(Error::NoRoom));
}

#[tokio::test]
async fn an_evaluation_holds_its_dataset_until_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(options(folder.path())).unwrap();
    let (org, known) = (OrgId::from("a"), dataset(1, Timestamp(9)));
    assert_eq!(store.begin_evaluation(evaluation("a", &known.id)).await, Err(Error::NotFound));
    store.add_dataset(org.clone(), known.clone()).await.unwrap();
    assert_eq!(store.begin_evaluation(evaluation("b", &known.id)).await, Err(Error::NotFound), "another org's is none");
    let mut begun = Vec::new();
    for _ in 0..limits::MAX_OPEN_EVALUATIONS {
        begun.push(store.begin_evaluation(evaluation("a", &known.id)).await.unwrap().shown.id);
    }
    assert_eq!(store.begin_evaluation(evaluation("a", &known.id)).await, Err(Error::NoRoom));
    assert_eq!(store.remove_dataset(org.clone(), known.id.clone()).await, Err(Error::Conflict));
    let end = || EvaluationStep::End {
        totals: Totals { rows: 1, done: 1, ..Totals::default() },
        error: None,
        compared: Vec::new(),
    };
    for id in begun {
        store.step_evaluation(org.clone(), id, end(), Timestamp(5)).await.unwrap();
    }
    assert!(store.open_evaluations().unwrap().is_empty());
    store.remove_dataset(org.clone(), known.id.clone()).await.unwrap();
    let log = store.log_after(&org, 0, 1_000).unwrap();
    let kept: Vec<&Evaluated> = log
        .iter()
        .filter_map(|entry| match &entry.what {
            Logged::Evaluation(evaluated) => Some(&**evaluated),
            _ => None,
        })
        .collect();
    assert_eq!(kept.len(), limits::MAX_OPEN_EVALUATIONS, "each completed one is an entry of the chain");
    assert!(store.old_evaluations(Timestamp(5)).unwrap().is_empty());
    assert_eq!(store.old_evaluations(Timestamp(6)).unwrap().len(), kept.len());
}
