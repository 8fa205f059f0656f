//! Values that expire: held, fetched anew in time, by one fetch whoever asks.
//!
//! While a value is good it is read without a lock. Near its end the first who asks starts a fetch and everybody goes on
//! with the old value. Once it is dead, everybody waits for that one fetch. A fetch that fails is not repeated at once:
//! until then the old value serves, or the failure is told.

use crate::base::task::Tasks;
use crate::upstream::CallError;
use arc_swap::{ArcSwap, ArcSwapOption};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// How long before its end a value is fetched anew; half of its life where that is shorter.
const AHEAD: Duration = Duration::from_secs(300);
/// The pause after a first failure; doubles with each one after it.
const BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// A value that was fetched because the one before it was refused, and is refused itself within this time, shows that
/// fetching does not help.
const RELAPSE: Duration = Duration::from_secs(30);

/// What a fetch brings.
#[derive(Debug)]
pub(in crate::upstream) struct Fetched<T> {
    pub(in crate::upstream) value: T,
    /// For how long it is good, counted from when it was asked for.
    pub(in crate::upstream) lives: Duration,
}

/// A value, and until when it is good.
#[derive(Debug)]
pub(in crate::upstream) struct Held<T> {
    pub(in crate::upstream) value: T,
    asked: Instant,
    renew: Instant,
    end: Instant,
    /// Whether the one before it was refused.
    after_refusal: bool,
}

/// One value that expires.
#[derive(Debug)]
pub(in crate::upstream) struct Renewing<T> {
    held: ArcSwapOption<Held<T>>,
    state: watch::Sender<State>,
}

#[derive(Debug, Default)]
struct State {
    fetching: bool,
    /// The last fetch failed.
    failed: Option<Failed>,
    /// The last value was refused.
    refused: bool,
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    error: CallError,
    /// When it may be tried again.
    again: Instant,
    times: u32,
}

impl<T> Default for Renewing<T> {
    fn default() -> Self {
        Self { held: ArcSwapOption::empty(), state: watch::Sender::new(State::default()) }
    }
}

impl<T: Send + Sync + 'static> Renewing<T> {
    /// The value, where it is good and need not be fetched anew.
    pub(in crate::upstream) fn fresh(&self, now: Instant) -> Option<Arc<Held<T>>> {
        self.held.load().as_ref().filter(|held| now < held.renew).map(Arc::clone)
    }

    /// The value: the one that is held while it is good, else the one that `fetch` brings, to whoever began it.
    ///
    /// # Errors
    /// The fetch failed, now or a moment ago; or it did not end before `deadline`.
    pub(in crate::upstream) async fn get(
        self: &Arc<Self>,
        tasks: &Mutex<Tasks>,
        fetch: impl Future<Output = Result<Fetched<T>, CallError>> + Send + 'static,
        deadline: Instant,
    ) -> Result<Arc<Held<T>>, CallError> {
        let now = Instant::now();
        let mut watched = self.state.subscribe();
        self.begin(tasks, fetch, now);
        if let Some(held) = self.held.load_full().filter(|held| now < held.end) {
            return Ok(held);
        }
        let state = timeout_at(deadline, watched.wait_for(|state| !state.fetching));
        let failed = match state.await {
            Err(_) => return Err(CallError::Deadline),
            Ok(Err(_)) => None,
            Ok(Ok(state)) => state.failed,
        };
        match failed {
            Some(failed) => Err(failed.error),
            None => self.held.load_full().ok_or(CallError::NoCredential),
        }
    }

    /// Starts a fetch, unless one runs or one has just failed.
    fn begin(
        self: &Arc<Self>,
        tasks: &Mutex<Tasks>,
        fetch: impl Future<Output = Result<Fetched<T>, CallError>> + Send + 'static,
        now: Instant,
    ) {
        let begins = self.state.send_if_modified(|state| {
            let waits = state.failed.is_some_and(|failed| now < failed.again);
            let begins = !state.fetching && !waits && self.fresh(now).is_none();
            state.fetching |= begins;
            begins
        });
        if begins {
            let mut fetching = Fetching { cell: Some(Arc::clone(self)), asked: now };
            tasks.lock().unwrap_or_else(PoisonError::into_inner).start(async move {
                let fetched = fetch.await;
                fetching.end(fetched);
            });
        }
    }

    /// Lets go of a value that a provider has refused. False where another one would be refused too.
    pub(in crate::upstream) fn give_up(&self, refused: &Arc<Held<T>>, now: Instant) -> bool {
        if refused.after_refusal && now < refused.asked + RELAPSE {
            return false;
        }
        self.state.send_if_modified(|state| {
            let is_held = self.held.load().as_ref().is_some_and(|held| Arc::ptr_eq(held, refused));
            if is_held {
                self.held.store(None);
                state.refused = true;
            }
            false
        });
        true
    }

    fn end(&self, asked: Instant, fetched: Result<Fetched<T>, CallError>) {
        self.state.send_modify(|state| {
            state.fetching = false;
            match fetched {
                Ok(Fetched { value, lives }) => {
                    let renew = asked + lives.saturating_sub(AHEAD.min(lives / 2));
                    let after_refusal = std::mem::take(&mut state.refused);
                    self.held.store(Some(Arc::new(Held { value, asked, renew, end: asked + lives, after_refusal })));
                    state.failed = None;
                }
                Err(error) => {
                    let times = state.failed.map_or(0, |failed| failed.times);
                    let pause = BACKOFF.saturating_mul(2_u32.saturating_pow(times)).min(MAX_BACKOFF);
                    state.failed = Some(Failed { error, again: Instant::now() + pause, times: times + 1 });
                }
            }
        });
    }
}

/// A fetch that is under way. Dropped before its end, it has failed: nobody waits for what does not come.
struct Fetching<T: Send + Sync + 'static> {
    /// `None` once it has ended.
    cell: Option<Arc<Renewing<T>>>,
    asked: Instant,
}

impl<T: Send + Sync + 'static> Fetching<T> {
    fn end(&mut self, fetched: Result<Fetched<T>, CallError>) {
        if let Some(cell) = self.cell.take() {
            cell.end(self.asked, fetched);
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Fetching<T> {
    fn drop(&mut self) {
        self.end(Err(CallError::NoCredential));
    }
}

/// A source and its cell.
type Sourced<S, T> = (Arc<S>, Arc<Renewing<T>>);

/// The cells of all sources of one kind. A reload that names the same source again finds its cell.
#[derive(Debug)]
pub(in crate::upstream) struct Cells<S, T>(ArcSwap<Vec<Sourced<S, T>>>);

impl<S, T> Default for Cells<S, T> {
    fn default() -> Self {
        Self(ArcSwap::default())
    }
}

impl<S: PartialEq, T> Cells<S, T> {
    /// The cell of a source.
    pub(in crate::upstream) fn of(&self, source: &Arc<S>) -> Arc<Renewing<T>> {
        let find = |cells: &[Sourced<S, T>]| {
            let same = cells.iter().find(|(known, _)| Arc::ptr_eq(known, source));
            same.or_else(|| cells.iter().find(|(known, _)| known == source)).map(|(_, cell)| Arc::clone(cell))
        };
        if let Some(cell) = find(&self.0.load()) {
            return cell;
        }
        let fresh = Arc::new(Renewing::default());
        self.0.rcu(|cells| {
            let mut cells = Vec::clone(cells);
            if find(&cells).is_none() {
                // Of a configuration that is gone: nobody but this list knows it.
                cells.retain(|(known, _)| Arc::strong_count(known) > 2);
                cells.push((Arc::clone(source), Arc::clone(&fresh)));
            }
            cells
        });
        find(&self.0.load()).unwrap_or(fresh)
    }
}
