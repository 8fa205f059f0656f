//! Playing recorded sessions: which questions, on which route, and what is said about the answers.

use super::board::Played;
use super::stage::{LEARNS, PROVIDER, ROUTES};
use crate::base::model::TokenUsage;
use crate::base::{ModelInfo, RequestId};
use crate::cli::exit::{Exit, Failure};
use crate::client::{ChatCall, Client, FeedbackCall, RatingCall};
use crate::upstream::replay::{Item, Outcome, Replay, replay};
use std::collections::{BTreeMap, HashMap};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Questions in one session: between one and this many.
const LONGEST: u64 = 4;
/// One session in this many is also rated by hand.
const RATED: u64 = 5;

/// The play: the same seed gives the same sessions.
pub(super) struct Play {
    seed: u64,
    replay: &'static Replay,
    prices: HashMap<String, ModelInfo>,
}

/// What one session came to.
pub(super) struct Session {
    pub(super) requests: Vec<Played>,
    pub(super) feedback: u32,
    pub(super) rated: bool,
}

impl Play {
    pub(super) fn new(seed: u64) -> Self {
        let replay = replay();
        let prices = replay.catalogue(&PROVIDER.into());
        let prices = prices.into_iter().map(|info| (info.id.model.to_string(), info)).collect();
        Self { seed, replay, prices }
    }

    /// Plays the session with this number and says what it was worth: how often the recorded answers were right.
    pub(super) async fn session(&self, client: &Client, number: u64) -> Result<Session, Failure> {
        let id = format!("demo-{}-{number}", self.seed);
        let length = 1 + self.draw(number, 0) % LONGEST;
        let (mut requests, mut ids) = (Vec::new(), Vec::new());
        let mut first = None;
        for turn in 1..=length {
            let (request_id, played) = self.request(client, &id, number, turn).await?;
            first.get_or_insert((request_id, played.quality));
            ids.push(request_id);
            requests.push(played);
        }
        // A route that decides for every request anew is told of every request, the others of the session.
        let mut feedback = 0;
        if requests.iter().all(|played| played.route == LEARNS) {
            for (id, quality) in ids.iter().zip(requests.iter().map(|played| played.quality)) {
                client.feedback(&vote(None, Some(id.to_string()), quality)).await?;
                feedback += 1;
            }
        } else {
            let quality = mean(requests.iter().map(|played| played.quality));
            client.feedback(&vote(Some(id), None, quality)).await?;
            feedback += 1;
        }
        let rated = first.filter(|_| self.draw(number, u64::MAX).is_multiple_of(RATED));
        if let Some((request_id, quality)) = &rated {
            let call = RatingCall { score: quality * 100.0, dimensions: BTreeMap::new(), note: Some("demo".into()) };
            client.rate(*request_id, &call).await?;
        }
        Ok(Session { requests, feedback, rated: rated.is_some() })
    }
}

impl Play {
    /// One question to the route whose turn it is.
    async fn request(
        &self,
        client: &Client,
        session: &str,
        number: u64,
        turn: u64,
    ) -> Result<(RequestId, Played), Failure> {
        let item = pick(&self.replay.items, self.draw(number, turn)).expect("the embedded records hold items");
        // Every eighth session shows a fixed strategy; the others show the route that learns.
        let place = if number.is_multiple_of(8) { number / 8 } else { 0 };
        let route = pick(ROUTES, place).expect("the demo has routes").0;
        let call = ChatCall { model: route.into(), session: session.into(), text: item.prompt.clone() };
        let answer = client.chat(&call).await?;
        let (quality, _) = self.recorded(&answer.served, item)?;
        let (baseline_quality, baseline_cost) = self.recorded(&self.replay.baseline, item)?;
        let request_id = answer.request_id.parse().map_err(|_| odd("an answer without a request id"))?;
        let cost = answer.cost_micro_usd.ok_or_else(|| odd("an answer without a cost"))?;
        Ok((request_id, Played { route, served: answer.served, quality, baseline_quality, cost, baseline_cost }))
    }

    /// The recorded quality of a model on a question, and what the record says it cost.
    fn recorded(&self, model: &str, item: &Item) -> Result<(f64, i64), Failure> {
        let model = model.strip_prefix(PROVIDER).and_then(|rest| rest.strip_prefix('/')).unwrap_or(model);
        let outcome = self.replay.outcome(model, item);
        let cost = outcome.and_then(|outcome| self.prices.get(model)?.cost(&usage(outcome)));
        let (outcome, cost) = outcome.zip(cost).ok_or_else(|| odd(&format!("no record of {model}")))?;
        Ok((outcome.quality, cost.0))
    }

    /// A number that depends on the seed and the place alone.
    fn draw(&self, number: u64, turn: u64) -> u64 {
        let mut place = [0; 16];
        let (first, second) = place.split_at_mut(8);
        first.copy_from_slice(&number.to_le_bytes());
        second.copy_from_slice(&turn.to_le_bytes());
        xxh3_64_with_seed(&place, self.seed)
    }
}

fn vote(session_id: Option<String>, request_id: Option<String>, quality: f64) -> FeedbackCall {
    FeedbackCall {
        session_id,
        request_id,
        score: (quality * 10.0).round(),
        useful: quality >= 0.5,
        comment: None,
        dimensions: BTreeMap::new(),
    }
}

fn pick<T>(all: &[T], draw: u64) -> Option<&T> {
    let index = draw.checked_rem(all.len() as u64)?;
    all.get(usize::try_from(index).ok()?)
}

fn usage(outcome: Outcome) -> TokenUsage {
    TokenUsage { input: outcome.input_tokens, output: outcome.output_tokens, ..TokenUsage::default() }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1);
    #[expect(clippy::cast_precision_loss, reason = "a session has at most four requests")]
    let count = count as f64;
    values.sum::<f64>() / count
}

fn odd(what: &str) -> Failure {
    Failure::new(Exit::Failed, format!("the demo's server gave {what}"))
}
