//! Settings that an org changes at run time: its constraints, and its word on pooled priors.
//! Each change is an entry of the org's chain with the old and the new value.

use super::apply::{Batch, Done};
use super::chain::Kind;
use super::error::Error;
use super::open::Store;
use super::read::json;
use super::tables;
use crate::base::{KeyId, OrgId, Timestamp};
use crate::resource::PriorsSetting;
use crate::resource::constraints::{Changed, Constraints, Optimization, Spend};
use redb::ReadableTable;

/// Constraints that are to hold: each family that is there replaces the org's.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConstraints {
    /// Spend and rate.
    pub spend: Option<Spend>,
    /// The optimiser's.
    pub optimization: Option<Optimization>,
    /// The key that changes them.
    pub key_id: Option<KeyId>,
    /// When.
    pub created_at: Timestamp,
}

impl Batch<'_> {
    /// Replaces families of the org's constraints. What changes nothing leaves no entry.
    pub(super) fn constraints(&mut self, org: &OrgId, wanted: &NewConstraints) -> Result<Constraints, Error> {
        let old: Option<Constraints> = match self.txn.open_table(tables::CONSTRAINTS)?.get(org.as_str())? {
            Some(bytes) => Some(json(bytes.value())?),
            None => None,
        };
        let before = old.unwrap_or_default();
        let new = Constraints {
            spend: wanted.spend.unwrap_or(before.spend),
            optimization: wanted.optimization.unwrap_or(before.optimization),
        };
        if new != before {
            let number = self.org(org)?;
            let changed = Changed { old, new, key_id: wanted.key_id.clone(), created_at: wanted.created_at };
            self.append(number, Kind::Constraints, &serde_json::to_vec(&changed)?)?;
            let bytes = serde_json::to_vec(&new)?;
            self.txn.open_table(tables::CONSTRAINTS)?.insert(org.as_str(), bytes.as_slice())?;
        }
        Ok(new)
    }

    /// Takes an org's word on pooled priors. What changes nothing leaves no entry.
    pub(super) fn priors(&mut self, org: &OrgId, wanted: &Changed<PriorsSetting>) -> Result<Done, Error> {
        let old: Option<PriorsSetting> = match self.txn.open_table(tables::PRIORS)?.get(org.as_str())? {
            Some(bytes) => Some(json(bytes.value())?),
            None => None,
        };
        if old != Some(wanted.new) {
            let number = self.org(org)?;
            let changed = Changed { old, ..wanted.clone() };
            self.append(number, Kind::Priors, &serde_json::to_vec(&changed)?)?;
            let bytes = serde_json::to_vec(&wanted.new)?;
            self.txn.open_table(tables::PRIORS)?.insert(org.as_str(), bytes.as_slice())?;
        }
        Ok(Done::Nothing)
    }
}

impl Store {
    /// The constraints of every org that has set any.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn constraints(&self) -> Result<Vec<(OrgId, Constraints)>, Error> {
        let table = self.snapshot()?.open_table(tables::CONSTRAINTS)?;
        table
            .iter()?
            .map(|row| {
                let (org, bytes) = row?;
                Ok((OrgId::from(org.value()), json(bytes.value())?))
            })
            .collect()
    }

    /// The word on pooled priors of every org that has given one.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn priors_settings(&self) -> Result<Vec<(OrgId, PriorsSetting)>, Error> {
        let table = self.snapshot()?.open_table(tables::PRIORS)?;
        table
            .iter()?
            .map(|row| {
                let (org, bytes) = row?;
                Ok((OrgId::from(org.value()), json(bytes.value())?))
            })
            .collect()
    }
}
