//! The stage that asks whether there is money left: monthly budgets of orgs and keys, windows of tokens.
//!
//! A call puts its estimate aside before anybody is chosen or called: input tokens, and the output tokens that it allows, at
//! the dearest model that may serve it; once it is chosen, at the dearest that will be asked. The end of its draft puts what
//! it came to in the estimate's place ([`crate::routing::budget`]).

use super::Gateway;
use super::caller::Caller;
use super::draft::Draft;
use super::operation::Operation;
use super::resolve::Wanted;
use crate::base::model::TokenUsage;
use crate::base::{ApiError, Code, KeyId, MicroUsd, ModelRef, OrgId, Timestamp};
use crate::config::Config;
use crate::resource::Decision;
use crate::routing::budget::{Account, Bounds, Charge, Refusal, Sum};
use crate::routing::smart_cost::EXPECTED_OUTPUT;
use crate::store::{Error, Store};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The accounts of all orgs. The lock is held for a few additions.
#[derive(Debug, Default)]
pub struct Spend {
    accounts: Mutex<HashMap<OrgId, Account>>,
}

impl Spend {
    /// What the store remembers of this month.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn restore(store: &Store, now: Timestamp) -> Result<Self, Error> {
        let spend = Self::default();
        for part in store.spent(now.month_begin())? {
            let came_to = Charge { money: part.money, tokens: 0 };
            spend.with(&part.org, |account| account.settle(part.key.as_ref(), Charge::default(), came_to, now));
        }
        Ok(spend)
    }

    fn with<T>(&self, org: &OrgId, act: impl FnOnce(&mut Account) -> T) -> T {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get_mut(org) {
            return act(account);
        }
        act(accounts.entry(org.clone()).or_default())
    }

    /// What the key has spent and put aside in the month of `now`.
    #[must_use]
    pub fn of_key(&self, org: &OrgId, key: &KeyId, now: Timestamp) -> Sum {
        self.with(org, |account| account.of_key(key, now))
    }

    /// Opens, or closes, an org's window of tokens.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn set_window(
        &self,
        store: &Store,
        org: &OrgId,
        length: Option<Duration>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut read = Ok(());
        self.with(org, |account| {
            account.set_window(length, now, |begin| {
                store.tokens_since(org, begin).unwrap_or_else(|error| {
                    read = Err(error);
                    0
                })
            });
        });
        read
    }
}

impl Gateway {
    /// The bounds of a caller's calls.
    fn bounds(&self, caller: &Caller) -> Bounds {
        let spend = self.constraints(&caller.org).spend;
        Bounds {
            org: spend.cost_limit_monthly_usd,
            key: caller.key.as_ref().and_then(|key| Some((key.id.clone(), key.monthly_budget?))),
            tokens: spend.token_window_seconds.and(spend.max_tokens_per_window),
        }
    }

    /// Checks that a call could be let through; puts nothing aside.
    ///
    /// # Errors
    /// `budget_exceeded`, or `rate_limited` for the window of tokens.
    pub(super) fn check_spend(&self, caller: &Caller, estimate: Charge, now: Timestamp) -> Result<(), ApiError> {
        let bounds = self.bounds(caller);
        if bounds.is_none() {
            return Ok(());
        }
        self.spend.with(&caller.org, |account| account.check(&bounds, estimate, now)).map_err(refused)
    }

    /// Takes the record of a call into the sums.
    pub(super) fn settle(&self, decision: &Decision, held: Charge) {
        let outcome = &decision.outcome;
        let came_to = Charge { money: outcome.cost_micro_usd.unwrap_or_default(), tokens: outcome.tokens() };
        if held != came_to || came_to != Charge::default() {
            self.spend.with(&decision.org, |account| {
                account.settle(decision.key_id.as_ref(), held, came_to, decision.created_at);
            });
        }
    }
}

impl Draft {
    /// Puts aside what the call may come to.
    ///
    /// # Errors
    /// `budget_exceeded`, or `rate_limited` for the window of tokens: nothing is put aside then.
    pub(super) fn put_aside(&mut self, wanted: &Wanted, operation: &Operation) -> Result<(), ApiError> {
        let bounds = self.gateway.bounds(&self.caller);
        if bounds.is_none() {
            return Ok(());
        }
        let estimate = self.estimate(wanted, operation);
        let key = self.caller.key.as_ref().map(|key| &key.id);
        let hold = |account: &mut Account| account.hold(&bounds, key, estimate, self.created_at);
        self.gateway.spend.with(&self.caller.org, hold).map_err(refused)?;
        self.held = estimate;
        Ok(())
    }

    /// What the call may come to, whoever of those that it may go to serves it.
    pub(super) fn estimate(&self, wanted: &Wanted, operation: &Operation) -> Charge {
        let models = wanted.models().into_iter().chain(&self.labels.fallback);
        estimate(&self.config, models, operation)
    }

    /// It is known who will be asked: what nobody of them can come to is put aside no longer.
    pub(super) fn aside_for(&mut self, targets: &[ModelRef], operation: &Operation) {
        if self.held == Charge::default() {
            return;
        }
        let now = estimate(&self.config, targets.iter(), operation);
        let key = self.caller.key.as_ref().map(|key| &key.id);
        self.gateway.spend.with(&self.caller.org, |account| account.put_aside(key, self.held, now));
        self.held = now;
    }
}

/// What a call may come to at the dearest of these. Who has no price is expected to cost nothing: its record will say so too.
fn estimate<'a>(config: &Config, models: impl Iterator<Item = &'a ModelRef>, operation: &Operation) -> Charge {
    let input = operation.input_tokens();
    let output = operation.max_output_tokens().unwrap_or(EXPECTED_OUTPUT).saturating_mul(operation.answers());
    let usage = TokenUsage { input, output, estimated: true, ..TokenUsage::default() };
    let cost = |model: &ModelRef| config.catalogue.get(model)?.cost(&usage);
    let money = models.filter_map(cost).max().unwrap_or_default();
    Charge { money, tokens: input.saturating_add(output) }
}

fn refused(refusal: Refusal) -> ApiError {
    let budget = |who: &str, limit: MicroUsd, sum: Sum, change: &str| {
        let message = format!(
            "{who} may spend {limit} in a calendar month (UTC): {} is spent, {} is put aside for calls under way, and this call may need more than the rest: {change}, allow fewer output tokens, or wait for the next month",
            sum.spent, sum.held
        );
        ApiError::new(Code::BudgetExceeded, message)
    };
    match refusal {
        Refusal::Org(limit, sum) => budget("this organization", limit, sum, "raise cost_limit_monthly_usd"),
        Refusal::Key(limit, sum) => budget("this key", limit, sum, "raise its monthly_budget_usd"),
        Refusal::Tokens(most, wait) => {
            let message = format!(
                "this organization may use {most} tokens in a window of token_window_seconds: wait {} ms",
                wait.as_millis().max(1)
            );
            ApiError::new(Code::RateLimited, message).retry_after(wait)
        }
    }
}
