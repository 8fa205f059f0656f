//! `[[key]]`: keys that are known from the file on.

use super::model::named;
use crate::base::MicroUsd;
use crate::config::leaf::{budget, count, filled, name, sha256};
use crate::config::nearest::nearest;
use crate::config::report::{Complaint, Field};
use crate::config::section::Section;
use crate::config::settings::Permissions;

/// One key.
#[derive(Debug)]
pub(in crate::config) struct RawKey {
    pub(in crate::config) name: Option<Field<String>>,
    pub(in crate::config) sha256: Option<Field<[u8; 32]>>,
    pub(in crate::config) org: String,
    pub(in crate::config) permissions: Permissions,
    pub(in crate::config) route: Option<Field<String>>,
    pub(in crate::config) project: Option<String>,
    pub(in crate::config) requests_per_minute: Option<u32>,
    pub(in crate::config) monthly_budget: Option<MicroUsd>,
}

const PERMISSIONS: &[&str] = &["read", "write", "admin"];

impl RawKey {
    pub(super) fn read_all(root: &mut Section<'_>) -> Vec<Self> {
        let mut keys = Vec::new();
        for (index, (place, table)) in root.tables("key").into_iter().enumerate() {
            let path = named("key", "name", index, &table);
            keys.push(Self::read(Section::new(path, place, table, root.report)));
        }
        keys
    }

    fn read(mut section: Section<'_>) -> Self {
        let raw = Self {
            name: section.required("name", name(" :@")),
            sha256: section.required("sha256", sha256),
            org: section.value("org", "default", name("")),
            permissions: permissions(&mut section),
            route: section.optional("route", filled),
            project: section.optional("project", name(" :@")).map(|field| field.value),
            requests_per_minute: section.optional("requests_per_minute", count(1..=u32::MAX)).map(|field| field.value),
            monthly_budget: section.optional("monthly_budget_usd", budget).map(|field| field.value),
        };
        section.finish();
        raw
    }
}

fn permissions(section: &mut Section<'_>) -> Permissions {
    let place = section.place().clone();
    let given = section.has("permissions");
    let before = section.report.problems.len();
    let words = section.list("permissions", &["read", "write"], |value| {
        let word = filled(value)?;
        let known = PERMISSIONS.iter().copied();
        known.clone().find(|permission| *permission == word).ok_or_else(|| {
            let reason = "is no permission; expected \"read\", \"write\" or \"admin\"";
            Complaint::new(reason).nearest(nearest(&word, known))
        })
    });
    if given && words.is_empty() && section.report.problems.len() == before {
        let key = section.key("permissions");
        section.report.problem(&place, &key, Complaint::new("is empty: such a key may do nothing").hidden());
    }
    let has = |word| words.iter().any(|field| field.value == word);
    Permissions { read: has("read"), write: has("write"), admin: has("admin") }
}
