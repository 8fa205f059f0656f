//! Bets against a claim, that may be looked at after every observation.
//!
//! Each process starts with one coin and stakes a part of it on every observation `d` (a gap to the floor, 0 = at the
//! floor). Where the claim holds, the expected wealth never grows, so that by Ville's inequality it reaches 20 with a
//! probability of at most one in twenty, for ever, however often one looks.
//!
//! ```text
//! harm <- harm (1 - l d)    l = clip(-m / (v + m^2), 0.02, 0.5)      claim: the arm holds the floor
//! fine <- fine (1 + u d)    u = clip( m / (v + m^2), 0.02, 0.5)      claim: it does not
//! ```
//!
//! `m` and `v` are of earlier observations only: the stake is fixed before the outcome is seen.

use serde::{Deserialize, Serialize};

/// The two processes of one arm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bets {
    count: f64,
    sum: f64,
    square: f64,
    harm: f64,
    fine: f64,
}

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

impl Default for Bets {
    fn default() -> Self {
        // Two pseudo-observations of mean 0 and variance 0.25.
        Self { count: 2.0, sum: 0.0, square: 0.5, harm: 0.0, fine: 0.0 }
    }
}

impl Bets {
    /// Takes one observation in. It must not be below -1 or above 1 by much: a stake of a half could go negative.
    pub fn observe(&mut self, gap: f64) {
        let gap = gap.clamp(-1.5, 1.5);
        let mean = self.sum / self.count;
        let variance = (self.square / self.count - mean * mean).max(0.02);
        let scale = variance + mean * mean;
        self.harm += (1.0 - (-mean / scale).clamp(0.02, 0.5) * gap).max(1e-6).ln();
        self.fine += (1.0 + (mean / scale).clamp(0.02, 0.5) * gap).max(1e-6).ln();
        self.count += 1.0;
        self.sum += gap;
        self.square += gap * gap;
    }

    /// Wealth of the bet that the arm is below the floor.
    #[must_use]
    pub fn harm(&self) -> f64 {
        self.harm.exp()
    }

    /// Wealth of the bet that it is above.
    #[must_use]
    pub fn fine(&self) -> f64 {
        self.fine.exp()
    }

    /// Observations so far.
    #[must_use]
    pub fn observations(&self) -> f64 {
        self.count - 2.0
    }

    /// What is shown at these wealths.
    #[must_use]
    pub fn verdict(&self, harm_at: f64, fine_at: f64) -> Verdict {
        if self.harm >= harm_at.ln() {
            Verdict::Harm
        } else if self.fine >= fine_at.ln() {
            Verdict::Fine
        } else {
            Verdict::Open
        }
    }
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
