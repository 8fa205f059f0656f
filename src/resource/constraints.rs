//! What an org allows its routes: two families of constraints, one for spend and rate, one for the optimiser.
//!
//! Every key is optional; `null` means that the default, or nothing, holds. A family is replaced as a whole.

use crate::base::{KeyId, MicroUsd, Timestamp};
use serde::{Deserialize, Serialize};

/// The span that a comparison looks back over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The last 24 hours.
    #[serde(rename = "rolling_24h")]
    Day,
    /// The last seven days.
    #[serde(rename = "rolling_7d")]
    Week,
}

impl Window {
    /// Every window.
    pub const ALL: [Self; 2] = [Self::Day, Self::Week];

    /// The name in constraints.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "rolling_24h",
            Self::Week => "rolling_7d",
        }
    }
}

/// A bound on a comparison with the default model over a window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// The bound, relative to the default model.
    pub value: f64,
    /// Over which span.
    pub window: Window,
}

/// Spend and rate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spend {
    /// Money that the org may spend in a calendar month (UTC), in dollars outside.
    #[serde(with = "usd")]
    pub cost_limit_monthly_usd: Option<MicroUsd>,
    /// Length of the token window.
    pub token_window_seconds: Option<u64>,
    /// Tokens in one window.
    pub max_tokens_per_window: Option<u64>,
    /// Requests in a minute.
    pub max_requests_per_minute: Option<u32>,
}

/// What the optimiser must keep to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Optimization {
    /// Quality that a candidate may lose against the default model, 0..0.5 of it.
    pub max_regression: Option<Bound>,
    /// Cost that a candidate may add to the default model's, 0..5 of it.
    pub max_cost_increase: Option<Bound>,
    /// Probability of holding the floor below which a candidate is not relied on, 0..1.
    pub confidence_threshold: Option<f64>,
    /// Observations before a candidate is relied on.
    pub min_samples_before_promotion: Option<u32>,
    /// Variance of outcomes above which a candidate is not relied on, 0..1.
    pub max_outcome_variance: Option<f64>,
    /// How much cheaper than the default model a candidate may be before it must be validated, 0..1 of it.
    pub max_cost_drop_without_validation: Option<f64>,
    /// Whether a candidate must have run in the shadow before it serves.
    pub require_shadow_before_live: Option<bool>,
    /// Served quality over the default model's, 0.5..1.
    pub quality_floor: Option<f64>,
}

impl Optimization {
    /// Whether anything bounds single candidates: all but the floor does, which is a promise about the whole route.
    #[must_use]
    pub fn bounds_candidates(&self) -> bool {
        *self != Self { quality_floor: self.quality_floor, ..Self::default() }
    }

    /// The floor of a route under these constraints: an org can raise a route's own, not lower it.
    #[must_use]
    pub fn floor_of(&self, route: f64) -> f64 {
        self.quality_floor.map_or(route, |floor| floor.max(route))
    }

    /// How far quality may fall below the default model's, 0..0.5.
    #[must_use]
    pub fn regression(&self) -> f64 {
        self.max_regression.map_or(DEFAULTS.max_regression, |bound| bound.value)
    }
}

/// All constraints of an org.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Constraints {
    /// Spend and rate.
    #[serde(flatten)]
    pub spend: Spend,
    /// The optimiser's.
    #[serde(flatten)]
    pub optimization: Optimization,
}

/// What holds where an org has set nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Defaults {
    /// 5 % over seven days.
    pub max_regression: f64,
    /// 10 % over seven days.
    pub max_cost_increase: f64,
    /// None.
    pub confidence_threshold: f64,
    /// 95 %.
    pub quality_floor: f64,
}

/// The defaults.
pub const DEFAULTS: Defaults =
    Defaults { max_regression: 0.05, max_cost_increase: 0.10, confidence_threshold: 0.0, quality_floor: 0.95 };

/// What a caller sees: the constraints, and what holds where they say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ConstraintsView {
    /// As they are set.
    #[serde(flatten)]
    pub constraints: Constraints,
    /// As they hold where nothing is set.
    pub defaults: Defaults,
}

impl From<Constraints> for ConstraintsView {
    fn from(constraints: Constraints) -> Self {
        Self { constraints, defaults: DEFAULTS }
    }
}

/// A change of an org's settings, as the chain keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changed<T> {
    /// What held before; `null` = nothing was set.
    pub old: Option<T>,
    /// What holds now.
    pub new: T,
    /// The key that changed it.
    pub key_id: Option<KeyId>,
    /// When.
    pub created_at: Timestamp,
}

/// Money as a number of dollars.
mod usd {
    use crate::base::MicroUsd;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(super) fn serialize<S: Serializer>(money: &Option<MicroUsd>, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 millionths")]
        money.map(|money| money.0 as f64 / 1e6).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MicroUsd>, D::Error> {
        let usd = Option::<f64>::deserialize(deserializer)?;
        usd.map(|usd| MicroUsd::from_usd(usd).ok_or_else(|| de::Error::custom("not an amount of dollars"))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_told_and_read_back() {
        let set = Constraints {
            spend: Spend { cost_limit_monthly_usd: Some(MicroUsd(12_340_000)), ..Spend::default() },
            optimization: Optimization {
                max_regression: Some(Bound { value: 0.1, window: Window::Day }),
                ..Optimization::default()
            },
        };
        let json = serde_json::to_value(ConstraintsView::from(set)).unwrap();
        assert_eq!(json.as_object().unwrap().len(), 13);
        assert_eq!(json["cost_limit_monthly_usd"], 12.34);
        assert_eq!(json["max_regression"]["window"], "rolling_24h");
        assert_eq!(json["defaults"]["quality_floor"], 0.95);
        assert_eq!(serde_json::from_value::<ConstraintsView>(json).unwrap().constraints, set);
    }

    #[test]
    fn an_org_raises_a_floor_and_never_lowers_it() {
        let floor = |quality_floor| Optimization { quality_floor, ..Optimization::default() }.floor_of(0.95);
        assert_eq!([None, Some(0.9), Some(0.99)].map(floor), [0.95, 0.95, 0.99]);
    }
}
