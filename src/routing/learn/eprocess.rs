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
//! A bet is made where ratings of both sides have met that were in no bet before: `d` is the mean of the arm's less F times
//! the mean of the baseline's, so that both sides are fresh and independent and the wealth is a supermartingale whatever
//! the baseline's true level; whoever has none yet is waited for. `s` is the widest that `d` can be. Stakes are fixed: a
//! stake learned from earlier `d` was slower on disasters (14 and 61 ratings at 0.27 and 0.76 of the baseline, against 9
//! and 44).
//!
//! "F times" needs to know where a scale has its zero. If failures are in truth rated `e` above what the scale takes for
//! failed, an arm exactly at the floor has a mean `d` of (1 - F) e, not 0, and however small, it adds up. So both claims
//! are given the benefit of that doubt: `harm` bets on d + m and `fine` on d - m, with m = (1 - F) x the standard error of
//! the zero ([`super::anchor::Anchor::doubt`]).

use serde::{Deserialize, Serialize};

/// The two processes of one arm, each with two stakes; wealth as logarithms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Bets {
    count: f64,
    harm: [f64; 2],
    fine: [f64; 2],
    #[serde(default)]
    ours: Waiting,
    #[serde(default)]
    theirs: Waiting,
}

/// Ratings of one side that no bet was made on yet: their number and sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Waiting(f64, f64);

impl Waiting {
    fn add(&mut self, quality: f64) {
        *self = Self(self.0 + 1.0, self.1 + quality);
    }
}

/// What two sides are compared by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Yard {
    /// The floor, as a share of the baseline's quality.
    pub floor: f64,
    /// How far from 0 to 1 a single quality can reach: its least and its most.
    pub reach: (f64, f64),
    /// The standard error of the zero of the scale.
    pub doubt: f64,
}

impl Yard {
    /// Outcomes from 0 to 1, whose zero is certain.
    #[must_use]
    pub const fn outcomes(floor: f64) -> Self {
        Self { floor, reach: (0.0, 1.0), doubt: 0.0 }
    }

    /// The widest that a gap can be.
    fn span(&self) -> f64 {
        let (least, most) = self.reach;
        (most - self.floor * least).max(self.floor * most - least)
    }

    fn margin(&self) -> f64 {
        (1.0 - self.floor).max(0.0) * self.doubt
    }
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
    /// The arm was rated. Whether a bet was made.
    pub fn arm(&mut self, quality: f64, yard: &Yard) -> bool {
        self.ours.add(quality);
        self.meet(yard)
    }

    /// The baseline was rated. Whether a bet was made.
    pub fn baseline(&mut self, quality: f64, yard: &Yard) -> bool {
        self.theirs.add(quality);
        self.ours.0 > 0.0 && self.meet(yard)
    }

    fn meet(&mut self, yard: &Yard) -> bool {
        if self.ours.0 <= 0.0 || self.theirs.0 <= 0.0 {
            return false;
        }
        let (ours, theirs) = (std::mem::take(&mut self.ours), std::mem::take(&mut self.theirs));
        let gap = ours.1 / ours.0 - yard.floor * theirs.1 / theirs.0;
        let (margin, span) = (yard.margin(), yard.span() + yard.margin());
        let (harm, fine) = ((gap + margin) / span, (gap - margin) / span);
        for ((own_harm, own_fine), stake) in self.harm.iter_mut().zip(&mut self.fine).zip(STAKES) {
            *own_harm += (1.0 - stake * harm.clamp(-1.0, 1.0)).ln();
            *own_fine += (1.0 + stake * fine.clamp(-1.0, 1.0)).ln();
        }
        self.count += ours.0;
        true
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

    /// Ratings of the arm that were bet on so far.
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
