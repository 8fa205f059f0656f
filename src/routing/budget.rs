//! What an org and its keys may still spend: sums of the calendar month (UTC), a window of tokens, and what calls under
//! way have put aside. Pure: every instant is given.
//!
//! Before a call its estimate is put aside, after it what it came to is added: `spent + held + estimate <= limit` holds
//! whenever a call is let through, however many are under way. So a budget is overdrawn at most by what the calls under way
//! come to beyond their estimates, and never by their number.
//!
//! A call belongs to the month, and to the window, in which it began: a restart that adds its record up again finds the same.
//! Windows begin at whole multiples of their length since the epoch.

use crate::base::{KeyId, MicroUsd, Timestamp};
use std::collections::HashMap;
use std::time::Duration;

/// What a call is expected to come to, or has come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Charge {
    /// Money.
    pub money: MicroUsd,
    /// Tokens, in and out.
    pub tokens: u64,
}

/// The bounds that hold for one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Money that the org may spend in a month.
    pub org: Option<MicroUsd>,
    /// The same for the key.
    pub key: Option<(KeyId, MicroUsd)>,
    /// Tokens of the org in one window.
    pub tokens: Option<u64>,
}

impl Bounds {
    /// Whether anything is bounded.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.org.is_none() && self.key.is_none() && self.tokens.is_none()
    }
}

/// Money of one month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// What ended calls have cost.
    pub spent: MicroUsd,
    /// What calls under way have put aside.
    pub held: MicroUsd,
}

impl Sum {
    fn fits(self, estimate: MicroUsd, limit: MicroUsd) -> bool {
        let taken = self.spent + self.held;
        taken < limit && taken + estimate <= limit
    }
}

/// Why a call is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The org's money of the month does not reach.
    Org(MicroUsd, Sum),
    /// The key's does not.
    Key(MicroUsd, Sum),
    /// The window's tokens do not; how long until the next one begins.
    Tokens(u64, Duration),
}

/// The window of tokens that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    length: Duration,
    begin: Timestamp,
    tokens: u64,
    held: u64,
}

impl Window {
    fn turn(&mut self, now: Timestamp) {
        let begin = now.rounded_down(self.length);
        if begin > self.begin {
            (self.begin, self.tokens) = (begin, 0);
        }
    }
}

/// One org's sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The first instant of the month that is summed up, and of the next.
    month: (Timestamp, Timestamp),
    org: Sum,
    keys: HashMap<KeyId, Sum>,
    window: Option<Window>,
}

impl Account {
    /// The month turns over: what was spent is history, what is put aside is still under way.
    fn turn(&mut self, now: Timestamp) {
        if now >= self.month.1 {
            let begin = now.month_begin();
            // No month is longer, and none as short as to be skipped.
            let next = begin.plus(Duration::from_secs(32 * 86_400)).month_begin();
            self.month = (begin, next);
            self.org.spent = MicroUsd(0);
            self.keys.retain(|_, sum| {
                sum.spent = MicroUsd(0);
                sum.held > MicroUsd(0)
            });
        }
        if let Some(window) = &mut self.window {
            window.turn(now);
        }
    }

    /// The length of the org's window of tokens, and what was used in the one that is open; `None` = there is none.
    /// A window that is known already goes on.
    pub fn set_window(&mut self, length: Option<Duration>, now: Timestamp, used: impl FnOnce(Timestamp) -> u64) {
        if self.window.map(|window| window.length) == length {
            return;
        }
        let held = self.window.map_or(0, |window| window.held);
        self.window = length.map(|length| {
            let begin = now.rounded_down(length);
            Window { length, begin, tokens: used(begin), held }
        });
    }

    /// What the org has spent in the month of `now`.
    pub fn of_org(&mut self, now: Timestamp) -> Sum {
        self.turn(now);
        self.org
    }

    /// What the key has.
    pub fn of_key(&mut self, key: &KeyId, now: Timestamp) -> Sum {
        self.turn(now);
        self.keys.get(key).copied().unwrap_or_default()
    }

    /// Whether a call with this estimate would be let through.
    ///
    /// # Errors
    /// The bound that it breaks.
    pub fn check(&mut self, bounds: &Bounds, estimate: Charge, now: Timestamp) -> Result<(), Refusal> {
        self.turn(now);
        if let Some(limit) = bounds.org.filter(|limit| !self.org.fits(estimate.money, *limit)) {
            return Err(Refusal::Org(limit, self.org));
        }
        if let Some((key, limit)) = &bounds.key {
            let sum = self.keys.get(key).copied().unwrap_or_default();
            if !sum.fits(estimate.money, *limit) {
                return Err(Refusal::Key(*limit, sum));
            }
        }
        if let (Some(most), Some(window)) = (bounds.tokens, &self.window) {
            let taken = window.tokens.saturating_add(window.held);
            // A call that is larger than the whole window gets one for itself: it would never pass.
            if taken >= most || taken.saturating_add(estimate.tokens.min(most)) > most {
                let end = window.begin.plus(window.length);
                let wait = u64::try_from(end.0.saturating_sub(now.0)).unwrap_or(0);
                return Err(Refusal::Tokens(most, Duration::from_micros(wait)));
            }
        }
        Ok(())
    }

    /// Lets a call through and puts its estimate aside.
    ///
    /// # Errors
    /// The bound that it breaks; nothing is put aside then.
    pub fn hold(
        &mut self,
        bounds: &Bounds,
        key: Option<&KeyId>,
        estimate: Charge,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.check(bounds, estimate, now)?;
        self.put_aside(key, Charge::default(), estimate);
        Ok(())
    }

    /// A call that has put `before` aside needs `now` instead.
    pub fn put_aside(&mut self, key: Option<&KeyId>, before: Charge, now: Charge) {
        let sums = std::iter::once(&mut self.org).chain(key.map(|key| self.keys.entry(key.clone()).or_default()));
        for sum in sums {
            sum.held = sum.held - before.money + now.money;
        }
        if let Some(window) = &mut self.window {
            window.held = window.held.saturating_sub(before.tokens).saturating_add(now.tokens);
        }
    }

    /// A call that began at `began` has ended: what it put aside is free, what it came to is spent.
    pub fn settle(&mut self, key: Option<&KeyId>, held: Charge, came_to: Charge, began: Timestamp) {
        self.turn(began);
        self.put_aside(key, held, Charge::default());
        if began >= self.month.0 {
            self.org.spent += came_to.money;
            if let Some(key) = key {
                self.keys.entry(key.clone()).or_default().spent += came_to.money;
            }
        }
        if let Some(window) = self.window.as_mut().filter(|window| began >= window.begin) {
            window.tokens = window.tokens.saturating_add(came_to.tokens);
        }
    }
}

#[cfg(test)]
mod tests;
