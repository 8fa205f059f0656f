//! Values that expire, with a clock that jumps.

use super::renewing::{Cells, Fetched, Held, Renewing};
use crate::base::task::Tasks;
use crate::upstream::CallError;
use futures_util::future::join_all;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, advance};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Whether a future has begun to wait.
fn waits<F: Future>(future: Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// One value whose fetches are counted: each brings its number.
#[derive(Default)]
struct Source {
    cell: Arc<Renewing<u32>>,
    tasks: Mutex<Tasks>,
    fetches: Arc<AtomicU32>,
}

impl Source {
    async fn get(&self, end: Result<Duration, CallError>) -> Result<Arc<Held<u32>>, CallError> {
        self.get_after(async {}, end).await
    }

    /// The value; a fetch ends so, after `before`.
    async fn get_after(
        &self,
        before: impl Future<Output = ()> + Send + 'static,
        end: Result<Duration, CallError>,
    ) -> Result<Arc<Held<u32>>, CallError> {
        let fetches = Arc::clone(&self.fetches);
        let fetch = async move {
            let value = fetches.fetch_add(1, Ordering::SeqCst);
            before.await;
            end.map(|lives| Fetched { value, lives })
        };
        self.cell.get(&self.tasks, fetch, Instant::now() + 60 * SECOND).await
    }

    fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }

    /// Lets fetches that are under way go on.
    async fn settle(&self) {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_there_is_one_fetch() {
    let source = Source::default();
    let asked = (0..20).map(|_| source.get_after(tokio::time::sleep(SECOND), Ok(HOUR)));
    let values: Vec<u32> = join_all(asked).await.into_iter().map(|held| held.unwrap().value).collect();
    assert_eq!((values, source.fetches()), (vec![0; 20], 1));
    assert_eq!(source.cell.fresh(Instant::now()).unwrap().value, 0);
}

#[tokio::test(start_paused = true)]
async fn near_its_end_the_old_value_serves_while_the_new_one_comes() {
    let source = Source::default();
    source.get(Ok(HOUR)).await.unwrap();
    advance(HOUR - 301 * SECOND).await;
    assert!(source.cell.fresh(Instant::now()).is_some());
    advance(2 * SECOND).await;
    assert!(source.cell.fresh(Instant::now()).is_none(), "five minutes before its end it is fetched anew");
    let slow = || tokio::time::sleep(SECOND);
    assert_eq!(source.get_after(slow(), Ok(HOUR)).await.unwrap().value, 0);
    assert_eq!(source.get_after(slow(), Ok(HOUR)).await.unwrap().value, 0);
    source.settle().await;
    advance(2 * SECOND).await;
    source.settle().await;
    assert_eq!(source.get(Ok(HOUR)).await.unwrap().value, 1);
    assert_eq!(source.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_lives_shortly_is_fetched_anew_at_half_its_life() {
    let source = Source::default();
    source.get(Ok(60 * SECOND)).await.unwrap();
    advance(29 * SECOND).await;
    assert!(source.cell.fresh(Instant::now()).is_some());
    advance(2 * SECOND).await;
    assert!(source.cell.fresh(Instant::now()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_and_not_repeated_at_once() {
    let source = Source::default();
    for _ in 0..5 {
        assert_eq!(source.get(Err(CallError::NoCredential)).await.unwrap_err(), CallError::NoCredential);
    }
    assert_eq!(source.fetches(), 1);
    advance(SECOND).await;
    assert!(source.get(Err(CallError::IssuerUnreachable)).await.is_err());
    advance(SECOND).await;
    let again = source.get(Ok(HOUR)).await.unwrap_err();
    assert_eq!((again, source.fetches()), (CallError::IssuerUnreachable, 2), "the pause doubles");
    advance(SECOND).await;
    assert_eq!(source.get(Ok(HOUR)).await.unwrap().value, 2);
}

#[tokio::test(start_paused = true)]
async fn while_the_old_value_lives_no_failure_shows() {
    let source = Source::default();
    source.get(Ok(HOUR)).await.unwrap();
    advance(HOUR - 10 * SECOND).await;
    for _ in 0..3 {
        assert_eq!(source.get(Err(CallError::IssuerUnreachable)).await.unwrap().value, 0);
        source.settle().await;
    }
    assert_eq!(source.fetches(), 2);
    advance(11 * SECOND).await;
    assert_eq!(source.get(Err(CallError::IssuerUnreachable)).await.unwrap_err(), CallError::IssuerUnreachable);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_takes_nothing_from_the_others() {
    let source = Source::default();
    let gate = Arc::new(Notify::new());
    let opened = Arc::clone(&gate);
    let mut first = Box::pin(source.get_after(async move { opened.notified().await }, Ok(HOUR)));
    assert!(waits(first.as_mut()));
    drop(first);
    let mut second = Box::pin(source.get(Ok(HOUR)));
    assert!(waits(second.as_mut()));
    source.settle().await;
    gate.notify_one();
    assert_eq!((second.await.unwrap().value, source.fetches()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let source = Source::default();
    let hang = std::future::pending::<()>;
    assert_eq!(source.get_after(hang(), Ok(HOUR)).await.unwrap_err(), CallError::Deadline);
    let mut waiting = Box::pin(source.get(Ok(HOUR)));
    assert!(waits(waiting.as_mut()));
    let mut tasks = std::mem::take(&mut *source.tasks.lock().unwrap());
    tasks.cancel().await;
    assert_eq!(waiting.await.unwrap_err(), CallError::NoCredential, "the fetch is gone, and will not end");
}

#[tokio::test(start_paused = true)]
async fn a_refused_value_is_replaced_once() {
    let source = Source::default();
    let first = source.get(Ok(HOUR)).await.unwrap();
    assert!(source.cell.give_up(&first, Instant::now()));
    let second = source.get(Ok(HOUR)).await.unwrap();
    assert_eq!(second.value, 1);
    assert!(source.cell.give_up(&first, Instant::now()), "who was refused before takes the one that is there");
    assert_eq!(source.get(Ok(HOUR)).await.unwrap().value, 1);
    assert!(!source.cell.give_up(&second, Instant::now()), "fetching did not help");
    advance(31 * SECOND).await;
    assert!(source.cell.give_up(&second, Instant::now()), "it was good for a while");
    assert_eq!(source.get(Ok(HOUR)).await.unwrap().value, 2);
}

#[tokio::test]
async fn a_source_that_is_named_again_keeps_its_value() {
    let cells: Cells<String, u32> = Cells::default();
    let source = Arc::new(String::from("a"));
    let cell = cells.of(&source);
    assert!(Arc::ptr_eq(&cell, &cells.of(&Arc::new(String::from("a")))));
    assert!(!Arc::ptr_eq(&cell, &cells.of(&Arc::new(String::from("b")))));
    assert!(Arc::ptr_eq(&cell, &cells.of(&source)), "another one takes nothing from it");
}
