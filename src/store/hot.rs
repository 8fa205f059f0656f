//! The tables that every decision writes to. Opening one costs about as much as an insertion, so they stay open
//! from one decision of a group to the next.

use super::apply::{key_name, settled};
use super::credit::Known;
use super::error::Error;
use super::open::Recorded;
use super::retained::pack;
use super::session::Row;
use super::spent::{came_to, hour};
use super::tables;
use crate::base::MicroUsd;
use crate::resource::{Decision, SessionSummary};
use crate::routing::Parts;
use redb::{ReadableTable, Table, WriteTransaction};

/// The open tables.
pub(super) struct Hot<'t> {
    log: Table<'t, (u32, u64), &'static [u8]>,
    by_request: Table<'t, [u8; 16], (u32, u64)>,
    by_time: Table<'t, (u32, i64, u64), ()>,
    by_session: Table<'t, (u32, &'static str, u64), ()>,
    completions: Table<'t, (u32, &'static str), [u8; 16]>,
    bodies: Table<'t, (u32, u64), &'static [u8]>,
    latest: Table<'t, (u32, &'static str), &'static str>,
    spent: Table<'t, (u32, i64, &'static str), (i64, u64)>,
    sessions: Table<'t, (u32, &'static str), &'static [u8]>,
    sessions_by_time: Table<'t, (u32, i64, &'static str), ()>,
}

impl<'t> Hot<'t> {
    pub(super) fn open(txn: &'t WriteTransaction) -> Result<Self, Error> {
        Ok(Self {
            log: txn.open_table(tables::LOG)?,
            by_request: txn.open_table(tables::BY_REQUEST)?,
            by_time: txn.open_table(tables::BY_TIME)?,
            by_session: txn.open_table(tables::BY_SESSION)?,
            completions: txn.open_table(tables::COMPLETIONS)?,
            bodies: txn.open_table(tables::BODIES)?,
            latest: txn.open_table(tables::LATEST)?,
            spent: txn.open_table(tables::SPENT)?,
            sessions: txn.open_table(tables::SESSIONS)?,
            sessions_by_time: txn.open_table(tables::SESSIONS_BY_TIME)?,
        })
    }

    /// Writes one decision's entry of the log and its index rows.
    pub(super) fn decision(
        &mut self,
        (org, sequence): (u32, u64),
        entry: &[u8],
        recorded: &Recorded,
    ) -> Result<(), Error> {
        let decision = &recorded.decision;
        self.log.insert((org, sequence), entry)?;
        self.by_request.insert(decision.request_id.as_bytes(), (org, sequence))?;
        self.by_time.insert((org, decision.created_at.0, sequence), ())?;
        self.spend(org, decision)?;
        if let Some(completion) = &decision.completion_id {
            self.completions.insert((org, completion.as_str()), decision.request_id.as_bytes())?;
        }
        if let Some(body) = pack(recorded)? {
            self.bodies.insert((org, sequence), body.as_slice())?;
        }
        // Calls of our own are nobody's conversation: they are recorded, and belong to no session.
        if decision.is_our_own() {
            return Ok(());
        }
        let session = decision.session_id.as_str();
        self.by_session.insert((org, session, sequence), ())?;
        // What a batch does beside is not what its key has done last.
        if decision.batch_id.is_none() {
            self.latest.insert((org, key_name(decision.key_id.as_ref())), session)?;
        }
        self.session(org, decision)
    }

    /// Adds what a decision came to, for the budgets of its month.
    fn spend(&mut self, org: u32, decision: &Decision) -> Result<(), Error> {
        let (money, tokens) = came_to(decision);
        if money == MicroUsd(0) && tokens == 0 {
            return Ok(());
        }
        let place = (org, hour(decision.created_at), key_name(decision.key_id.as_ref()));
        let (sum, count) = self.spent.get(place)?.map_or((0, 0), |sums| sums.value());
        self.spent.insert(place, ((MicroUsd(sum) + money).0, count.saturating_add(tokens)))?;
        Ok(())
    }

    /// Adds a decision to its session's summary.
    fn session(&mut self, org: u32, decision: &Decision) -> Result<(), Error> {
        let id = decision.session_id.as_str();
        let known: Option<Row> = match self.sessions.get((org, id))? {
            Some(bytes) => Some(serde_json::from_slice(bytes.value())?),
            None => None,
        };
        let fresh = known.is_none();
        let (known, mut parts) = known.map_or((None, Some(Parts::default())), |row| (Some(row.summary), row.parts));
        if let Some((parts, tokens)) = parts.as_mut().zip(Known::from(decision).part()) {
            parts.add(tokens);
        }
        let mut session = known.unwrap_or_else(|| SessionSummary {
            session_id: decision.session_id.clone(),
            first_seen: decision.created_at,
            last_seen: decision.created_at,
            turn_count: 0,
            cost_micro_usd: MicroUsd(0),
            baseline_cost_micro_usd: Some(MicroUsd(0)),
            saved_micro_usd: None,
            score: None,
            value_per_usd: None,
            inferred: decision.session_inferred,
            session_name: None,
            user_id: None,
            project_id: None,
        });
        session.turn_count += 1;
        session.last_seen = session.last_seen.max(decision.created_at);
        session.cost_micro_usd += decision.outcome.cost_micro_usd.unwrap_or_default();
        session.baseline_cost_micro_usd =
            session.baseline_cost_micro_usd.zip(decision.outcome.baseline_cost_micro_usd).map(|(sum, cost)| sum + cost);
        for (label, given) in [
            (&mut session.session_name, &decision.session_name),
            (&mut session.user_id, &decision.user_id),
            (&mut session.project_id, &decision.project_id),
        ] {
            if given.is_some() {
                label.clone_from(given);
            }
        }
        self.sessions.insert((org, id), settled(session, parts).as_slice())?;
        if fresh {
            self.sessions_by_time.insert((org, decision.created_at.0, id), ())?;
        }
        Ok(())
    }
}
