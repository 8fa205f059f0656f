//! What decisions came to, hour by hour and key by key: budgets are found again from it after a restart. Written with the
//! decisions, in their transaction.

use super::chain;
use super::error::Error;
use super::open::Store;
use super::read::{json, number};
use super::tables;
use crate::base::{KeyId, MicroUsd, OrgId, Timestamp};
use crate::resource::Decision;
use redb::{ReadableTable, WriteTransaction};
use std::time::Duration;

/// The unit in which sums are kept, in microseconds.
const HOUR: i64 = 3_600_000_000;
/// How long they are kept: longer than the longest month and the longest window.
const KEPT: Duration = Duration::from_secs(62 * 86_400);

/// What a key, or calls without one, has spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Whose it is.
    pub org: OrgId,
    /// The key; `None` = calls without one.
    pub key: Option<KeyId>,
    /// What it came to.
    pub money: MicroUsd,
}

/// The money and the tokens of one decision.
pub(super) fn came_to(decision: &Decision) -> (MicroUsd, u64) {
    let outcome = &decision.outcome;
    (outcome.cost_micro_usd.unwrap_or_default(), outcome.tokens())
}

/// The hour that an instant lies in.
pub(super) const fn hour(at: Timestamp) -> i64 {
    at.0.div_euclid(HOUR)
}

/// Makes the table, and removes from it what no budget asks for any more.
pub(super) fn forget(txn: &WriteTransaction, now: Timestamp) -> Result<(), Error> {
    let first = hour(now.minus(KEPT));
    txn.open_table(tables::SPENT)?.retain(|(_, hour, _), _| hour >= first)?;
    Ok(())
}

impl Store {
    /// What decisions that began from the hour of `from` on came to.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn spent(&self, from: Timestamp) -> Result<Vec<Spent>, Error> {
        let txn = self.snapshot()?;
        let (orgs, spent) = (txn.open_table(tables::ORGS)?, txn.open_table(tables::SPENT)?);
        let mut found = Vec::new();
        for row in orgs.iter()? {
            let (name, number) = row?;
            for row in spent.range((number.value(), hour(from), "")..(number.value(), i64::MAX, ""))? {
                let (place, sums) = row?;
                let key = place.value().2;
                let key = (!key.is_empty()).then(|| KeyId::from(key));
                found.push(Spent { org: OrgId::from(name.value()), key, money: MicroUsd(sums.value().0) });
            }
        }
        Ok(found)
    }

    /// Tokens of the org's decisions that began from `from` on: whole hours from their sums, the rest of the first one from
    /// its records.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn tokens_since(&self, org: &OrgId, from: Timestamp) -> Result<u64, Error> {
        let txn = self.snapshot()?;
        let Some(org) = number(&txn, org)? else { return Ok(0) };
        let whole = hour(Timestamp(from.0.saturating_add(HOUR - 1)));
        let mut tokens = 0_u64;
        for row in txn.open_table(tables::SPENT)?.range((org, whole, "")..(org, i64::MAX, ""))? {
            tokens = tokens.saturating_add(row?.1.value().1);
        }
        let log = txn.open_table(tables::LOG)?;
        let head = (org, from.0, 0)..(org, whole.saturating_mul(HOUR), 0);
        for row in txn.open_table(tables::BY_TIME)?.range(head)? {
            let (_, _, sequence) = row?.0.value();
            if let Some(entry) = log.get((org, sequence))? {
                let decision: Decision = json(chain::decode(entry.value())?.payload)?;
                tokens = tokens.saturating_add(came_to(&decision).1);
            }
        }
        Ok(tokens)
    }
}
