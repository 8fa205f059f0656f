//! What is believed of a model before it has served anything: from public benchmarks, or from the operator.
//!
//! The operator's `prior_quality` wins. Else a model has its own row in `assets/benchmarks.tsv`, or is taken to be
//! like the models whose names begin as its own does, or like the models of its price. The further the origin, the
//! wider the error, and the fewer observations the belief is worth. How the rows are made and how well they predict
//! is in `docs/DECISIONS/0830-benchmark-priors.md`.

mod asset;
mod name;
#[cfg(test)]
mod tests;

use crate::base::{Mode, ModelInfo, PicoUsdPerToken, TaskKind};

/// The standard error of what an operator believes: that of a good benchmark prior.
const CONFIGURED_ERROR: f64 = 0.1;
/// Observations that a belief is worth, at least and at most.
const PSEUDO: (f64, f64) = (2.0, 50.0);

/// Expected quality on one kind of task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Expected share of successes, 0..1.
    pub mean: f64,
    /// How far off it may be.
    pub standard_error: f64,
    /// Where it comes from.
    pub source: PriorSource,
    /// Benchmarks that scored this very model; 0 for every other source.
    pub benchmarks: u32,
}

/// Where a [`Prior`] comes from, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriorSource {
    /// `prior_quality` of the configuration.
    Configured,
    /// Benchmarks of this model.
    Exact,
    /// The median of models whose names begin alike.
    Family,
    /// The median of models of about the same price.
    PriceBand,
}

impl PriorSource {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Exact => "exact",
            Self::Family => "family",
            Self::PriceBand => "price_band",
        }
    }
}

impl Prior {
    /// What an operator believes: the same for all kinds of tasks.
    #[must_use]
    pub fn configured(mean: f64) -> Self {
        Self { mean, standard_error: CONFIGURED_ERROR, source: PriorSource::Configured, benchmarks: 0 }
    }

    /// How many observed outcomes the belief is worth: p(1 − p)/σ², from 2 to 50.
    ///
    /// ```
    /// let believed = floopy::config::Prior::configured(0.8);
    /// assert!((believed.pseudo_observations() - 16.0).abs() < 1e-9); // 0.8 × 0.2 / 0.1²
    /// ```
    #[must_use]
    pub fn pseudo_observations(&self) -> f64 {
        let worth = self.mean * (1.0 - self.mean) / self.standard_error.powi(2);
        if worth.is_finite() { worth.clamp(PSEUDO.0, PSEUDO.1) } else { PSEUDO.0 }
    }
}

/// What is believed of a model; `None` for models that give no text, and where neither name nor price tells anything.
#[must_use]
pub fn prior(info: &ModelInfo, kind: TaskKind) -> Option<Prior> {
    if info.mode == Mode::Embedding {
        return None;
    }
    if let Some(mean) = info.prior_quality {
        return Some(Prior::configured(mean));
    }
    let name = name::shorten(&info.base.as_ref().unwrap_or(&info.id).model);
    let undated = name::undated(&name);
    let asset = asset::get();
    let (row, source) = asset
        .model(&name)
        .or_else(|| asset.model(undated))
        .map(|row| (row, PriorSource::Exact))
        .or_else(|| name::beginnings(undated).find_map(|name| asset.family(name)).map(|row| (row, PriorSource::Family)))
        .or_else(|| asset.price_band(blended(info)?).map(|row| (row, PriorSource::PriceBand)))?;
    let (mean, standard_error) = row.on(kind)?;
    let benchmarks = if source == PriorSource::Exact { row.count() } else { 0 };
    Some(Prior { mean, standard_error, source, benchmarks })
}

/// Three parts of input and one of output, as agents use them. Free or unknown prices tell nothing.
fn blended(info: &ModelInfo) -> Option<u64> {
    let (PicoUsdPerToken(input), PicoUsdPerToken(output)) = (info.prices.input?, info.prices.output?);
    let sum = input.checked_mul(3)?.checked_add(output)?;
    (sum > 0).then_some(sum / 4)
}
