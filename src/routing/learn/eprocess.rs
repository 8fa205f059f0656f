//! Bets against a claim, that may be looked at after every observation.
//!
//! Each process starts with one coin and stakes a part of it on every observation `d` (a gap to the floor, 0 = at the
//! floor). Where the claim holds, the expected wealth never grows, so that by Ville's inequality it reaches 20 with a
//! probability of at most one in twenty, for ever, however often one looks.
//!
//! ```text
//! harm = mean over l in {0.6, 0.95} of prod(1 - l d / s)      claim: the arm holds the floor
//! fine = mean over l in {0.6, 0.95} of prod(1 + l d / s)      claim: it does not
//! ```
//!
//! `d` is the arm's rating less F times the mean of the baseline's ratings since the arm's last one, so that both sides are
//! fresh and independent and the wealth is a supermartingale whatever the baseline's true level; `s` is the widest that
//! `d` can be. Stakes are fixed: a stake learned from earlier `d` was slower on disasters (14 and 61 ratings at 0.27 and
//! 0.76 of the baseline, against 9 and 44).

use serde::{Deserialize, Serialize};

/// The two processes of one arm, each with two stakes; wealth as logarithms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Bets {
    count: f64,
    harm: [f64; 2],
    fine: [f64; 2],
}

/// What is staked.
const STAKES: [f64; 2] = [0.6, 0.95];

/// What the bets say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The arm is below the floor.
    Harm,
    /// The arm is above it.
    Fine,
    /// Neither is shown.
    Open,
}

impl Bets {
    /// Takes one observation in; `span` is the widest that it can be.
    pub fn observe(&mut self, gap: f64, span: f64) {
        let part = (gap / span.max(1.0)).clamp(-1.0, 1.0);
        for ((harm, fine), stake) in self.harm.iter_mut().zip(&mut self.fine).zip(STAKES) {
            *harm += (1.0 - stake * part).ln();
            *fine += (1.0 + stake * part).ln();
        }
        self.count += 1.0;
    }

    /// Wealth of the bet that the arm is below the floor.
    #[must_use]
    pub fn harm(&self) -> f64 {
        wealth(&self.harm)
    }

    /// Wealth of the bet that it is above.
    #[must_use]
    pub fn fine(&self) -> f64 {
        wealth(&self.fine)
    }

    /// Observations so far.
    #[must_use]
    pub const fn observations(&self) -> f64 {
        self.count
    }

    /// What is shown at these wealths.
    #[must_use]
    pub fn verdict(&self, harm_at: f64, fine_at: f64) -> Verdict {
        if self.harm() >= harm_at {
            Verdict::Harm
        } else if self.fine() >= fine_at {
            Verdict::Fine
        } else {
            Verdict::Open
        }
    }
}

fn wealth(logs: &[f64; 2]) -> f64 {
    logs.iter().map(|log| log.exp()).sum::<f64>() / 2.0
}

/// Where an arm stands on its way into full use.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The floor account alone limits it.
    Open,
    /// It gets a fixed share: stage 0, 1 or 2.
    Canary(u8),
    /// It gets nothing, until then or until a person acts.
    Off(Option<crate::base::Timestamp>),
}

/// Shares of the canary stages.
pub const SHARES: [f64; 3] = [0.01, 0.05, 0.20];
/// Wealth at which an arm is rolled back: an error of at most one in twenty.
pub const HARM: f64 = 20.0;
/// Rated calls without shown harm after which the guard takes over.
pub const PATIENCE: f64 = 200.0;

impl Stage {
    /// Its share of calls; 0 for an open arm, which the rule and the guard limit.
    #[must_use]
    pub fn share(self) -> f64 {
        match self {
            Self::Canary(stage) => SHARES.get(usize::from(stage)).copied().unwrap_or(0.0),
            Self::Open | Self::Off(_) => 0.0,
        }
    }

    /// The next stage, by what the bets show; `None` = stay.
    #[must_use]
    pub fn next(self, bets: &Bets) -> Option<Self> {
        let Self::Canary(stage) = self else { return None };
        let promote_at = if stage == 0 { 3.0 } else { HARM };
        let up = if usize::from(stage) + 1 < SHARES.len() { Self::Canary(stage + 1) } else { Self::Open };
        match bets.verdict(HARM, promote_at) {
            Verdict::Harm => Some(Self::Off(None)),
            Verdict::Fine => Some(up),
            Verdict::Open if bets.observations() >= PATIENCE => Some(Self::Open),
            Verdict::Open => None,
        }
    }
}
