//! What needs another time than now: batches that are late, files that are old, leftovers of an earlier process.

use super::desk::{Batches, Live};
use super::run::run;
use crate::base::{DatasetId, FileId, OrgId, Timestamp};
use crate::config::{Sources, load};
use crate::gateway::Gateway;
use crate::resource::batch::{BatchStatus, Progress};
use crate::resource::{Batch, BatchStep, Dataset, StoredFile};
use crate::store::{Options, Store};
use crate::upstream::Upstream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn gateway(folder: &Path) -> Arc<Gateway> {
    let file = folder.join("floopy.toml");
    std::fs::write(&file, "[retention]\ndecisions = \"2d\"\n[provider.demo]\nkind = \"replay\"\n").unwrap();
    let config = load(&Sources { file: Some(file), ..Sources::default() }).unwrap().config;
    let store = Store::open(Options {
        folder: folder.join("data"),
        group_window: Duration::from_millis(1),
        bodies: config.retention.bodies,
        decisions: config.retention.decisions,
    })
    .unwrap();
    Arc::new(Gateway::new(config, store, Upstream::new().unwrap(), None).unwrap())
}

async fn file(gateway: &Gateway, content: &str, expires_at: Option<Timestamp>) -> FileId {
    let now = gateway.now();
    let id = FileId::draw(now);
    let mut arriving = gateway.store.blobs().begin(&id).await.unwrap();
    arriving.write(content.as_bytes()).await.unwrap();
    let bytes = arriving.keep().await.unwrap();
    let (filename, purpose) = ("in.jsonl".to_owned(), "batch".to_owned());
    let file = StoredFile { id: id.clone(), bytes, created_at: now, filename, purpose, expires_at };
    gateway.store.add_file(OrgId::default(), file, 1 << 20).await.unwrap();
    id
}

async fn dataset(gateway: &Gateway, expires_at: Timestamp) -> DatasetId {
    let created_at = gateway.now();
    let id = DatasetId::draw(created_at);
    let mut arriving = gateway.store.blobs().begin(&id.content()).await.unwrap();
    arriving.write(b"{}").await.unwrap();
    let bytes = arriving.keep().await.unwrap();
    let dataset = Dataset { id: id.clone(), name: "d".into(), rows: 1, bytes, created_at, expires_at };
    gateway.store.add_dataset(OrgId::default(), dataset).await.unwrap();
    id
}

fn lines() -> String {
    let line = |id: &str| {
        format!(
            r#"{{"custom_id":"{id}","method":"POST","url":"/v1/chat/completions","body":{{"model":"demo/x","messages":[]}}}}"#
        )
    };
    format!("{}\n{}\n", line("a"), line("b"))
}

fn batch(input: FileId, created_at: Timestamp, expires_at: Timestamp) -> Batch {
    Batch::new(OrgId::default(), "/v1/chat/completions".into(), input, "24h".into(), (created_at, expires_at))
}

#[tokio::test]
async fn a_late_batch_says_of_each_line_that_it_was_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(folder.path());
    let desk = Batches::open(Arc::clone(&gateway)).unwrap();
    let (now, input) = (gateway.now(), file(&gateway, &lines(), None).await);
    let begun = gateway.store.begin_batch(batch(input, now, now)).await.unwrap();
    let begun = desk.step(&begun, BatchStep::Checked { total: 2, model: None, home: None }, Vec::new()).await.unwrap();
    run(&desk, begun.clone(), &Live::of(OrgId::default())).await.unwrap();
    let ended = gateway.store.batch(&begun.org, begun.id.as_str()).unwrap().unwrap();
    assert_eq!((ended.status, ended.progress.counts.failed), (BatchStatus::Expired, 2));
    assert!(ended.expired_at.is_some() && ended.output_file_id.is_none());
    let text = std::fs::read_to_string(gateway.store.blobs().path(&ended.error_file_id.unwrap())).unwrap();
    assert_eq!(text.matches("batch_expired").count(), 2);
    assert!(gateway.store.unfinished_batches().unwrap().is_empty());
}

#[tokio::test]
async fn a_batch_that_was_late_or_called_off_before_a_look_has_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(folder.path());
    let desk = Batches::open(Arc::clone(&gateway)).unwrap();
    let (now, input) = (gateway.now(), file(&gateway, "nonsense", None).await);
    for (step, expires_at, status) in
        [(None, now, BatchStatus::Expired), (Some(BatchStep::Cancel(None)), now.plus(DAY), BatchStatus::Cancelled)]
    {
        let mut begun = gateway.store.begin_batch(batch(input.clone(), now, expires_at)).await.unwrap();
        if let Some(step) = step {
            begun = desk.step(&begun, step, Vec::new()).await.unwrap();
        }
        run(&desk, begun.clone(), &Live::of(OrgId::default())).await.unwrap();
        let ended = gateway.store.batch(&begun.org, begun.id.as_str()).unwrap().unwrap();
        assert_eq!((ended.status, &ended.error_file_id), (status, &None));
    }
    assert_eq!(std::fs::read_dir(folder.path().join("data/files")).unwrap().count(), 1, "the input alone");
}

#[tokio::test]
async fn what_is_past_its_time_goes_and_what_nobody_names_too() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = gateway(folder.path());
    let now = gateway.now();
    let old = file(&gateway, "old", Some(now)).await;
    let read = file(&gateway, &lines(), Some(now)).await;
    let young = file(&gateway, "young", Some(now.plus(DAY))).await;
    let waits = gateway.store.begin_batch(batch(read.clone(), now.minus(DAY * 3), now.plus(DAY))).await.unwrap();
    let ended = gateway.store.begin_batch(batch(read.clone(), now.minus(DAY * 3), now)).await.unwrap();
    let contents = folder.path().join("data/files");
    for name in ["file-torn.part", "file-unnamed"] {
        std::fs::write(contents.join(name), "x").unwrap();
    }
    std::fs::write(gateway.store.blobs().path(&waits.id.output()), "").unwrap();
    let (past, coming) = (dataset(&gateway, now).await, dataset(&gateway, now.plus(DAY)).await);
    let desk = Batches::open(Arc::clone(&gateway)).unwrap();
    let left = std::fs::read_dir(&contents).unwrap().count();
    assert_eq!(left, 6, "three files, what a batch is writing, and two datasets");
    let end = BatchStep::End { progress: Progress::default(), output: None, errors: None };
    desk.step(&ended, end, Vec::new()).await.unwrap();
    desk.sweep().await.unwrap();
    let org = OrgId::default();
    let left: Vec<FileId> = gateway.store.files(&org).unwrap().into_iter().map(|file| file.id).collect();
    assert!(left.contains(&read) && left.contains(&young) && left.len() == 2, "a batch still reads the other old one");
    assert!(!gateway.store.blobs().path(&old).exists());
    assert!(!gateway.store.blobs().path(&past.content()).exists());
    assert!(gateway.store.blobs().path(&coming.content()).exists());
    assert!(gateway.store.dataset(&org, past.as_str()).unwrap().is_none());
    assert!(gateway.store.batch(&org, ended.id.as_str()).unwrap().is_none(), "as old as decisions may be");
    assert!(gateway.store.batch(&org, waits.id.as_str()).unwrap().is_some(), "it has not ended");
}
