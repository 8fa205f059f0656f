//! Keys as they are listed and stored: never the secret.

use crate::base::{KeyId, MicroUsd, OrgId, RouteId, Timestamp};
use serde::{Deserialize, Serialize};

/// A key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Its public id.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// The org it belongs to.
    pub org: OrgId,
    /// SHA-256 of the whole secret, in hex.
    pub sha256: String,
    /// `read`, `write`, `admin`.
    pub permissions: Vec<String>,
    /// The route it is tied to.
    pub route: Option<RouteId>,
    /// The project it is tied to.
    pub project: Option<String>,
    /// Its limit.
    pub requests_per_minute: Option<u32>,
    /// Its budget per calendar month (UTC).
    pub monthly_budget_micro_usd: Option<MicroUsd>,
    /// When it was made; `null` for keys of the configuration.
    pub created_at: Option<Timestamp>,
}

/// A key as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedKey {
    /// The key.
    #[serde(flatten)]
    pub key: KeyRecord,
    /// What its calls have cost in this calendar month (UTC).
    pub spent_micro_usd: MicroUsd,
}

/// A key that is to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// Its name.
    pub name: String,
    /// The org it belongs to; the caller's where left out.
    #[serde(default)]
    pub org: Option<OrgId>,
    /// `read`, `write`, `admin`; read and write where left out.
    #[serde(default)]
    pub permissions: Option<Vec<String>>,
    /// The route it is tied to.
    #[serde(default)]
    pub route: Option<RouteId>,
    /// The project it is tied to.
    #[serde(default)]
    pub project: Option<String>,
    /// Its limit.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    /// Its budget per calendar month (UTC).
    #[serde(default)]
    pub monthly_budget_usd: Option<f64>,
}
