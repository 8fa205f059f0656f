//! Pooled priors: whether an org takes part, and what is published.

use crate::base::OrgId;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// An org's own word on pooling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorsSetting {
    /// Whether it contributes to and uses the pool.
    pub pooling: bool,
}

/// One published cell of the pool: what is known, across orgs, of one model on one class of tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriorCell {
    /// The configured kind of provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The class of tasks.
    pub task_class: String,
    /// Pooled quality, 0..1, with noise added.
    pub quality: f64,
    /// How many pseudo-samples it counts for.
    pub pseudo_samples: f64,
}

/// How pooling stands for an org.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PriorsView {
    /// Whether the org contributes and uses: installation and org both have to want it.
    pub pooling: bool,
    /// The installation's word.
    pub installation: bool,
    /// The org's own word; `null` = it has given none.
    pub organization: Option<bool>,
    /// Contributors that a cell needs to be published.
    pub min_orgs: u32,
    /// Cells that the org contributes to.
    pub contributed_cells: u64,
    /// What is published.
    pub cells: Vec<PriorCell>,
}

/// What the pool has published, as the learner leaves it for readers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pool {
    /// The published cells.
    pub cells: Vec<PriorCell>,
    /// Org → cells that it contributes to.
    pub contributed: HashMap<OrgId, u64>,
}
