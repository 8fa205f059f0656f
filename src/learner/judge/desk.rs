//! The queue of answers that wait for the judge, and what keeps its bill bounded.

use super::call::{self, Verdict};
use super::rubric;
use crate::base::task::Queue;
use crate::base::{EvaluationId, MicroUsd, OrgId, RequestId, RouteId, Timestamp};
use crate::config::Config;
use crate::config::settings::Judge;
use crate::resource::Judged;
use crate::store::Store;
use crate::telemetry::Metrics;
use crate::upstream::Upstream;
use crate::upstream::breaker::{Admission, Breakers};
use crate::wire::said;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::time::Instant;

/// Jobs that wait. Full: the job is dropped and counted, its answer stays unjudged.
const QUEUE: usize = 256;
/// Calls to judges at once.
const AT_ONCE: usize = 4;
/// Bytes of the question that are looked at.
const QUESTION: usize = 24 << 10;

/// An answer to be judged.
#[derive(Debug)]
pub struct Job {
    /// The configuration that served it.
    pub config: Arc<Config>,
    /// Who judges.
    pub judge: Judge,
    /// Whose answer it is.
    pub org: OrgId,
    /// The route that served it.
    pub route: RouteId,
    /// The decision that is judged.
    pub request_id: RequestId,
    /// The conversation as the client sent it.
    pub messages: Bytes,
    /// What the model said.
    pub answer: String,
}

/// What a judge is asked about.
#[derive(Debug)]
pub struct Case {
    /// The configuration in force.
    pub config: Arc<Config>,
    /// Who judges, and what it may cost in a day.
    pub judge: Judge,
    /// Whose answer it is.
    pub org: OrgId,
    /// What the cost counts for: a route, or an evaluation.
    pub account: String,
    /// The decision that is judged.
    pub request_id: RequestId,
    /// The evaluation that wants to know.
    pub evaluation_id: Option<EvaluationId>,
    /// What was asked.
    pub question: String,
    /// What the model said.
    pub answer: String,
    /// An answer that is known to be good.
    pub reference: Option<String>,
}

/// What was asked last in a conversation, as far as a judge reads it.
#[must_use]
pub fn question(messages: &[u8]) -> String {
    said(std::str::from_utf8(messages).unwrap_or("[]"), QUESTION).last_user
}

/// Whether this request's answer is among those that are judged: the same for the same id, so that nothing about the
/// answer can decide whether it is looked at.
#[must_use]
pub fn is_sampled(id: RequestId, rate: f64) -> bool {
    // The last bits of an id are random.
    let [.., a, b, c, d, e, f] = *id.as_bytes();
    let drawn = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    #[expect(clippy::cast_precision_loss, reason = "48 bits fit a double")]
    let drawn = drawn as f64 / (1_u64 << 48) as f64;
    drawn < rate
}

/// Where answers are handed in.
pub struct Desk {
    queue: Queue<Job>,
    bench: Arc<Bench>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// What the judge works with.
pub(super) struct Bench {
    pub(super) store: Store,
    pub(super) upstream: Upstream,
    metrics: Arc<Metrics>,
    breakers: Breakers,
    spent: Mutex<Spent>,
}

/// What each account's judge has cost today (UTC).
#[derive(Debug, Default)]
struct Spent {
    day: i64,
    accounts: HashMap<(OrgId, String), MicroUsd>,
}

impl Spent {
    fn on(&mut self, now: Timestamp) -> &mut HashMap<(OrgId, String), MicroUsd> {
        let day = now.seconds().div_euclid(86_400);
        if day != self.day {
            *self = Self { day, accounts: HashMap::new() };
        }
        &mut self.accounts
    }
}

impl Desk {
    /// A desk at which nobody works yet.
    #[must_use]
    pub fn open(store: Store, upstream: Upstream, metrics: Arc<Metrics>) -> Self {
        let bench = Bench { store, upstream, metrics, breakers: Breakers::default(), spent: Mutex::default() };
        Self { queue: Queue::new(QUEUE), bench: Arc::new(bench) }
    }

    /// The work at this desk: judges what is handed in until it is cancelled. The second of two workers finds nothing
    /// to do.
    pub fn work(&self) -> impl Future<Output = ()> + Send + use<> {
        let bench = Arc::clone(&self.bench);
        self.queue.work(AT_ONCE, move |job| {
            let bench = Arc::clone(&bench);
            async move { bench.metrics.judged(bench.judge(job).await) }
        })
    }

    /// Asks about one answer and waits for the verdict. What it costs counts for the case's account.
    pub async fn hear(&self, case: &Case) -> Verdict {
        self.bench.hear(case).await
    }

    /// Hands an answer in; never waits. Where the queue is full the answer stays unjudged, and is counted.
    pub fn hand_in(&self, job: Job) {
        if !self.queue.hand_in(job) {
            self.bench.metrics.judged("queue_full");
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

impl Bench {
    /// Judges one answer; the word for what came of it.
    async fn judge(&self, job: Job) -> &'static str {
        let Job { config, judge, org, route, request_id, messages, answer } = job;
        let case = Case {
            config,
            judge,
            org,
            account: route.to_string(),
            request_id,
            evaluation_id: None,
            question: question(&messages),
            answer,
            reference: None,
        };
        let Verdict { scores, cost, outcome, .. } = self.hear(&case).await;
        let Some(scores) = scores else { return outcome };
        let model = case.judge.model.to_string();
        let judged = Judged { request_id, scores, model, cost_micro_usd: cost, created_at: now() };
        match self.store.judged(case.org, judged).await {
            Ok(()) => "ok",
            Err(error) => {
                tracing::error!(%error, "a judge's scores could not be stored");
                "not_stored"
            }
        }
    }

    /// Asks the judge, where it may be asked.
    async fn hear(&self, case: &Case) -> Verdict {
        let unasked = |outcome| Verdict { scores: None, cost: None, outcome, retry_after: None };
        if rubric::speaks_to_judge(&case.answer) {
            return unasked("refused_text");
        }
        let now = now();
        if self.is_spent(case, now) {
            return unasked("over_budget");
        }
        let policy = case.config.upstream.breaker;
        let Admission::Admitted(permit) = self.breakers.admit(&case.judge.model, &policy, Instant::now()) else {
            return unasked("left_alone");
        };
        let verdict = call::ask(self, case, now).await;
        self.spend(case, now, verdict.cost);
        if verdict.scores.is_some() {
            permit.succeeded();
        } else {
            permit.failed(verdict.retry_after, Instant::now());
        }
        verdict
    }

    fn is_spent(&self, case: &Case, now: Timestamp) -> bool {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.on(now).get(&(case.org.clone(), case.account.clone())).copied().unwrap_or_default()
            >= case.judge.daily_budget
    }

    fn spend(&self, case: &Case, now: Timestamp, cost: Option<MicroUsd>) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        *spent.on(now).entry((case.org.clone(), case.account.clone())).or_default() += cost.unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_ids_is_sampled_and_always_the_same_ones() {
        let ids: Vec<RequestId> = (0..4000).map(|_| RequestId::draw(Timestamp(0))).collect();
        let sampled = |rate: f64| ids.iter().filter(|id| is_sampled(**id, rate)).count();
        assert_eq!((sampled(0.0), sampled(1.0)), (0, 4000));
        // Twelve standard deviations around a quarter.
        assert!((700..1300).contains(&sampled(0.25)), "{}", sampled(0.25));
        assert_eq!(sampled(0.25), sampled(0.25));
    }

    #[test]
    fn what_is_spent_is_forgotten_with_the_day() {
        let (mut spent, key) = (Spent::default(), (OrgId::from("o"), "r".to_owned()));
        let noon = Timestamp(1_700_000_000_000_000);
        spent.on(noon).insert(key.clone(), MicroUsd(7));
        assert_eq!(spent.on(noon).get(&key), Some(&MicroUsd(7)));
        assert_eq!(spent.on(Timestamp(noon.0 + 86_400_000_000)).get(&key), None);
    }
}
