//! What one operation does to the tables, inside the writer's transaction.

use super::chain::{self, Kind};
use super::error::Error;
use super::hot::Hot;
use super::log::Checkpoint;
use super::open::Recorded;
use super::session::Row;
use super::settings::NewConstraints;
use super::tables;
use crate::base::{
    BatchId, DatasetId, EvaluationId, ExperimentId, FileId, KeyId, OrgId, RequestId, RouteId, SessionId, Timestamp,
};
use crate::resource::constraints::{Changed, Constraints};
use crate::resource::experiment::{Experiment, Step};
use crate::resource::{
    self, BatchStep, Dataset, Decision, EvaluationStep, Feedback, Judged, KeyRecord, PriorsSetting, Rating, Receipt,
    SessionSummary, StoredEvaluation, StoredFile,
};
use crate::routing::Parts;
use redb::{ReadableTable, WriteTransaction};
use std::collections::HashMap;

/// Where the pool of priors lies among the facts about the file.
pub(super) const POOL: &str = "pool";

/// A change that somebody waits for.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Feedback { org: OrgId, target: FeedbackTarget, feedback: Feedback },
    Rating { org: OrgId, rating: Rating },
    CreateKey { key: KeyRecord },
    RevokeKey { org: Option<OrgId>, id: KeyId },
    Pin { org: OrgId, route: RouteId, pinned: bool },
    Judged { org: OrgId, judged: Judged },
    Constraints { org: OrgId, wanted: NewConstraints },
    Priors { org: OrgId, wanted: Changed<PriorsSetting> },
    Checkpoint { org: OrgId, checkpoint: Checkpoint },
    Pool { bytes: Vec<u8> },
    Begin { org: OrgId, experiment: Box<Experiment> },
    Step { org: OrgId, id: ExperimentId, step: Box<Step> },
    Note { org: OrgId, kind: Kind, payload: String },
    AddFile { org: OrgId, file: StoredFile, quota: u64 },
    RemoveFile { org: OrgId, id: FileId },
    BeginBatch { batch: Box<resource::Batch> },
    StepBatch { org: OrgId, id: BatchId, step: Box<BatchStep>, now: Timestamp, files: Vec<StoredFile> },
    ForgetBatch { org: OrgId, id: BatchId },
    AddDataset { org: OrgId, dataset: Dataset },
    RemoveDataset { org: OrgId, id: DatasetId },
    BeginEvaluation { evaluation: Box<StoredEvaluation> },
    StepEvaluation { org: OrgId, id: EvaluationId, step: Box<EvaluationStep>, now: Timestamp },
    ForgetEvaluation { org: OrgId, id: EvaluationId },
}

/// What feedback names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedbackTarget {
    /// A request's id.
    Request(RequestId),
    /// A session's id, a request's id or a completion's id: clients send all three.
    Session(String),
    /// The latest session of the key that gives it.
    Latest,
}

/// What a change answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Done {
    Nothing,
    Receipt(Receipt),
    Constraints(Constraints),
    Experiment(Box<Experiment>),
    Batch(Box<resource::Batch>),
    Evaluation(Box<StoredEvaluation>),
}

/// One transaction's view of the chain heads: read once, written back at the end.
pub(super) struct Batch<'t> {
    pub(super) txn: &'t WriteTransaction,
    heads: HashMap<u32, (u64, [u8; 32])>,
    orgs: HashMap<OrgId, u32>,
    /// Open from one decision to the next; closed for whatever opens tables by itself.
    hot: Option<Hot<'t>>,
}

impl<'t> Batch<'t> {
    pub(super) fn new(txn: &'t WriteTransaction) -> Self {
        Self { txn, heads: HashMap::new(), orgs: HashMap::new(), hot: None }
    }

    /// Writes the heads back; whether any chain has grown.
    pub(super) fn finish(self) -> Result<bool, Error> {
        let grown = !self.heads.is_empty();
        let mut heads = self.txn.open_table(tables::HEADS)?;
        for (org, head) in self.heads {
            heads.insert(org, head)?;
        }
        Ok(grown)
    }

    /// The number of an org; a new org gets the next one.
    pub(super) fn org(&mut self, org: &OrgId) -> Result<u32, Error> {
        if let Some(number) = self.orgs.get(org) {
            return Ok(*number);
        }
        let mut orgs = self.txn.open_table(tables::ORGS)?;
        let known = orgs.get(org.as_str())?.map(|number| number.value());
        let number = match known {
            Some(number) => number,
            None => {
                let next = u32::try_from(redb::ReadableTableMetadata::len(&orgs)?)
                    .map_err(|_| Error::Write("too many orgs".into()))?;
                orgs.insert(org.as_str(), next)?;
                next
            }
        };
        self.orgs.insert(org.clone(), number);
        Ok(number)
    }

    /// Where an org's chain ends.
    pub(super) fn head(&self, org: u32) -> Result<(u64, [u8; 32]), Error> {
        if let Some(head) = self.heads.get(&org) {
            return Ok(*head);
        }
        let head = self.txn.open_table(tables::HEADS)?.get(org)?.map(|head| head.value());
        Ok(head.unwrap_or((0, [0; 32])))
    }

    /// The next entry of an org's chain, and its sequence.
    fn chained(&mut self, org: u32, kind: Kind, payload: &[u8]) -> Result<(u64, Vec<u8>), Error> {
        let (last, previous) = self.head(org)?;
        let sequence = last + 1;
        let sha256 = chain::hash(&previous, sequence, kind, payload);
        self.heads.insert(org, (sequence, sha256));
        Ok((sequence, chain::encode(kind, &sha256, payload)))
    }

    /// Appends an entry to an org's chain; its sequence.
    pub(super) fn append(&mut self, org: u32, kind: Kind, payload: &[u8]) -> Result<u64, Error> {
        let (sequence, entry) = self.chained(org, kind, payload)?;
        self.txn.open_table(tables::LOG)?.insert((org, sequence), entry.as_slice())?;
        Ok(sequence)
    }

    /// Records one decision with its indexes.
    pub(super) fn decision(&mut self, recorded: &Recorded) -> Result<(), Error> {
        let decision = &recorded.decision;
        let org = self.org(&decision.org)?;
        let payload = serde_json::to_vec(decision)?;
        let (sequence, entry) = self.chained(org, Kind::Decision, &payload)?;
        let mut hot = self.hot.take().map_or_else(|| Hot::open(self.txn), Ok)?;
        hot.decision((org, sequence), &entry, recorded)?;
        self.hot = Some(hot);
        Ok(())
    }

    /// Makes one change; refuses without a trace.
    pub(super) fn change(&mut self, change: &Change) -> Result<Done, Error> {
        self.hot = None;
        match change {
            Change::Feedback { org, target, feedback } => self.feedback(org, target, feedback).map(Done::Receipt),
            Change::Rating { org, rating } => self.rating(org, rating),
            Change::CreateKey { key } => {
                let org = self.org(&key.org)?;
                let payload = serde_json::to_vec(key)?;
                self.append(org, Kind::KeyCreated, &payload)?;
                self.txn.open_table(tables::KEYS)?.insert(key.id.as_str(), payload.as_slice())?;
                // From the first key on requests need one, also after the last one was revoked.
                self.txn.open_table(tables::META)?.insert("keys_created", [1_u8].as_slice())?;
                Ok(Done::Nothing)
            }
            Change::RevokeKey { org, id } => self.revoke(org.as_ref(), id),
            Change::Pin { org, route, pinned } => {
                let number = self.org(org)?;
                let payload = serde_json::to_vec(&serde_json::json!({"route": route, "pinned": pinned}))?;
                self.append(number, Kind::Pin, &payload)?;
                let mut pins = self.txn.open_table(tables::PINS)?;
                if *pinned {
                    pins.insert((org.as_str(), route.as_str()), ())?;
                } else {
                    pins.remove((org.as_str(), route.as_str()))?;
                }
                Ok(Done::Nothing)
            }
            Change::Judged { org, judged } => self.judged(org, judged),
            Change::Constraints { org, wanted } => self.constraints(org, wanted).map(Done::Constraints),
            Change::Priors { org, wanted } => self.priors(org, wanted),
            Change::Checkpoint { org, checkpoint } => self.checkpoint(org, checkpoint),
            Change::Pool { bytes } => {
                self.txn.open_table(tables::META)?.insert(POOL, bytes.as_slice())?;
                Ok(Done::Nothing)
            }
            Change::Begin { org, experiment } => self.begin_experiment(org, experiment),
            Change::Step { org, id, step } => self.step_experiment(org, id, step),
            Change::AddFile { org, file, quota } => self.add_file(org, file, *quota),
            Change::RemoveFile { org, id } => self.remove_file(org, id),
            Change::BeginBatch { batch } => self.begin_batch(batch),
            Change::StepBatch { org, id, step, now, files } => self.step_batch(org, id, step, *now, files),
            Change::ForgetBatch { org, id } => self.forget_batch(org, id),
            Change::AddDataset { org, dataset } => self.add_dataset(org, dataset),
            Change::RemoveDataset { org, id } => self.remove_dataset(org, id),
            Change::BeginEvaluation { evaluation } => self.begin_evaluation(evaluation),
            Change::StepEvaluation { org, id, step, now } => self.step_evaluation(org, id, step, *now),
            Change::ForgetEvaluation { org, id } => self.forget_evaluation(org, id),
            Change::Note { org, kind, payload } => {
                let number = self.org(org)?;
                self.append(number, *kind, payload.as_bytes())?;
                Ok(Done::Nothing)
            }
        }
    }

    fn revoke(&mut self, org: Option<&OrgId>, id: &KeyId) -> Result<Done, Error> {
        let key: KeyRecord = match self.txn.open_table(tables::KEYS)?.get(id.as_str())? {
            Some(bytes) => serde_json::from_slice(bytes.value())?,
            None => return Err(Error::NotFound),
        };
        if org.is_some_and(|org| *org != key.org) {
            return Err(Error::NotFound);
        }
        let number = self.org(&key.org)?;
        let payload = serde_json::to_vec(&serde_json::json!({"id": id}))?;
        self.append(number, Kind::KeyRevoked, &payload)?;
        self.txn.open_table(tables::KEYS)?.remove(id.as_str())?;
        Ok(Done::Nothing)
    }

    /// The org's decision with this id.
    fn find(&self, org: u32, request: RequestId) -> Result<Option<Decision>, Error> {
        let place = self.txn.open_table(tables::BY_REQUEST)?.get(request.as_bytes())?.map(|place| place.value());
        let Some(place) = place.filter(|(owner, _)| *owner == org) else { return Ok(None) };
        let log = self.txn.open_table(tables::LOG)?;
        let Some(entry) = log.get(place)? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(chain::decode(entry.value())?.payload)?))
    }

    fn has_session(&self, org: u32, session: &str) -> Result<bool, Error> {
        Ok(self.txn.open_table(tables::SESSIONS)?.get((org, session))?.is_some())
    }

    /// What the feedback is about: a session, and a request where it names one.
    fn target(
        &self,
        org: u32,
        target: &FeedbackTarget,
        key: Option<&KeyId>,
    ) -> Result<(SessionId, Option<RequestId>), Error> {
        match target {
            FeedbackTarget::Request(id) => {
                let decision = self.find(org, *id)?.ok_or(Error::NotFound)?;
                Ok((decision.session_id, Some(*id)))
            }
            FeedbackTarget::Session(text) => {
                if self.has_session(org, text)? {
                    return Ok((SessionId::from(text.as_str()), None));
                }
                let completion =
                    self.txn.open_table(tables::COMPLETIONS)?.get((org, text.as_str()))?.map(|id| id.value());
                let request = completion.map(RequestId::from_bytes).or_else(|| text.parse().ok());
                let decision = request.map(|id| self.find(org, id)).transpose()?.flatten().ok_or(Error::NotFound)?;
                Ok((decision.session_id, None))
            }
            FeedbackTarget::Latest => {
                let latest = self.txn.open_table(tables::LATEST)?;
                let session = latest.get((org, key_name(key)))?.ok_or(Error::NotFound)?;
                let session = SessionId::from(session.value());
                if self.has_session(org, session.as_str())? { Ok((session, None)) } else { Err(Error::NotFound) }
            }
        }
    }

    fn feedback(&mut self, org: &OrgId, target: &FeedbackTarget, feedback: &Feedback) -> Result<Receipt, Error> {
        let number = self.org(org)?;
        let (session_id, request_id) = self.target(number, target, feedback.key_id.as_ref())?;
        let place = request_id.map_or_else(|| format!("s:{session_id}"), |id| format!("r:{id}"));
        if self.txn.open_table(tables::FEEDBACK)?.get((number, place.as_str()))?.is_some() {
            return Ok(Receipt { duplicate: true, session_id });
        }
        let feedback = Feedback { session_id: session_id.clone(), request_id, ..feedback.clone() };
        let payload = serde_json::to_vec(&feedback)?;
        self.append(number, Kind::Feedback, &payload)?;
        self.txn.open_table(tables::FEEDBACK)?.insert((number, place.as_str()), payload.as_slice())?;
        if request_id.is_none() {
            let mut sessions = self.txn.open_table(tables::SESSIONS)?;
            let known: Option<Row> = match sessions.get((number, session_id.as_str()))? {
                Some(bytes) => Some(serde_json::from_slice(bytes.value())?),
                None => None,
            };
            if let Some(Row { mut summary, parts }) = known {
                summary.score = Some(feedback.score);
                sessions.insert((number, session_id.as_str()), settled(summary, parts).as_slice())?;
            }
        }
        Ok(Receipt { duplicate: false, session_id })
    }

    fn judged(&mut self, org: &OrgId, judged: &Judged) -> Result<Done, Error> {
        let number = self.org(org)?;
        self.find(number, judged.request_id)?.ok_or(Error::NotFound)?;
        let payload = serde_json::to_vec(judged)?;
        let sequence = self.append(number, Kind::Judged, &payload)?;
        self.txn.open_table(tables::JUDGED)?.insert((number, *judged.request_id.as_bytes()), sequence)?;
        Ok(Done::Nothing)
    }

    fn rating(&mut self, org: &OrgId, rating: &Rating) -> Result<Done, Error> {
        let number = self.org(org)?;
        self.find(number, rating.request_id)?.ok_or(Error::NotFound)?;
        let payload = serde_json::to_vec(rating)?;
        self.append(number, Kind::Rating, &payload)?;
        self.txn.open_table(tables::RATINGS)?.insert((number, *rating.request_id.as_bytes()), payload.as_slice())?;
        Ok(Done::Nothing)
    }
}

/// The name of a key, or of having none.
pub(super) fn key_name(key: Option<&KeyId>) -> &str {
    key.map_or("", KeyId::as_str)
}

/// A summary with its derived figures, as bytes.
pub(super) fn settled(mut session: SessionSummary, parts: Option<Parts>) -> Vec<u8> {
    session.saved_micro_usd = session.baseline_cost_micro_usd.map(|baseline| baseline - session.cost_micro_usd);
    #[expect(clippy::cast_precision_loss, reason = "dollars of one session")]
    let usd = session.cost_micro_usd.0 as f64 / 1e6;
    session.value_per_usd = session.score.filter(|_| usd > 0.0).map(|score| score / usd);
    serde_json::to_vec(&Row { summary: session, parts }).expect("a summary holds nothing that JSON cannot")
}
