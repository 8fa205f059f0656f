//! All money is an integer number of micro-USD; prices are integer pico-USD per token,
//! so that one cheap token still has an exact price.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// Millionths of a US dollar. Arithmetic saturates: a sum never wraps into a wrong sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub i64);

impl MicroUsd {
    /// The amount that a number of dollars means, rounded to the millionth.
    /// `None` where it is no number, or more than 10⁹ dollars either way.
    #[must_use]
    pub fn from_usd(usd: f64) -> Option<Self> {
        let micros = (usd * 1e6).round();
        if !(-1e15..=1e15).contains(&micros) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "within 1e15: checked above")]
        Some(Self(micros as i64))
    }
}

impl Add for MicroUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MicroUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for MicroUsd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        write!(f, "{sign}${}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

/// A price: 10⁻¹² USD per token. 0.15 USD per million tokens is 150,000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PicoUsdPerToken(pub u64);

impl PicoUsdPerToken {
    /// The price that a figure in USD per million tokens means, rounded to the pico-USD.
    /// `None` where the figure is negative, not a number, or above 10⁶ USD per million tokens.
    #[must_use]
    pub fn from_usd_per_mtok(usd: f64) -> Option<Self> {
        let pico = (usd * 1e6).round();
        if !(0.0..=1e12).contains(&pico) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=1e12: checked above")]
        Some(Self(pico as u64))
    }

    /// The price in USD per million tokens, for people.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "shown to people, at most 1e12")]
    pub fn usd_per_mtok(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// What `tokens` cost, in pico-USD.
    #[must_use]
    pub fn times(self, tokens: u64) -> u128 {
        u128::from(self.0) * u128::from(tokens)
    }
}

/// A sum of pico-USD as micro-USD, rounded half up.
#[must_use]
pub fn micro_usd_from_pico(pico: u128) -> MicroUsd {
    MicroUsd(i64::try_from((pico + 500_000) / 1_000_000).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_to_the_token() {
        let price = PicoUsdPerToken::from_usd_per_mtok(0.15).unwrap();
        assert_eq!(price, PicoUsdPerToken(150_000));
        assert_eq!(micro_usd_from_pico(price.times(1_000_000)), MicroUsd(150_000));
        assert_eq!(micro_usd_from_pico(price.times(3)), MicroUsd(0));
        assert_eq!(micro_usd_from_pico(price.times(4)), MicroUsd(1));
        for bad in [-1.0, f64::NAN, f64::INFINITY, 2e6] {
            assert_eq!(PicoUsdPerToken::from_usd_per_mtok(bad), None);
        }
    }

    #[test]
    fn money_saturates_and_prints_dollars() {
        assert_eq!(MicroUsd(i64::MAX) + MicroUsd(1), MicroUsd(i64::MAX));
        assert_eq!(MicroUsd(1_234_567).to_string(), "$1.234567");
        assert_eq!(MicroUsd(-5).to_string(), "-$0.000005");
        assert_eq!(MicroUsd::from_usd(12.34), Some(MicroUsd(12_340_000)));
        assert_eq!((MicroUsd::from_usd(f64::NAN), MicroUsd::from_usd(2e9)), (None, None));
    }
}
