//! Keys of the file.

use crate::base::{KeyId, OrgId, RouteId};
use crate::config::nearest::nearest;
use crate::config::raw::{RawKey, RawRoute};
use crate::config::report::{Complaint, Report};
use crate::config::settings::Key;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

pub(super) fn resolve(raw: &[RawKey], routes: &[RawRoute], report: &mut Report) -> Vec<Arc<Key>> {
    let mut names: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut hashes: BTreeSet<[u8; 32]> = BTreeSet::new();
    let routes = || routes.iter().filter_map(|route| Some(route.name.as_ref()?.value.as_str()));
    let mut keys = Vec::with_capacity(raw.len());
    for key in raw {
        if let Some(name) = &key.name
            && !names.insert((&key.org, &name.value))
        {
            report.refuse(name, Complaint::new("is the name of a key above, in the same org"));
        }
        if let Some(hash) = &key.sha256
            && !hashes.insert(hash.value)
        {
            report.refuse(hash, Complaint::new("is the hash of a key above"));
        }
        if let Some(route) = &key.route
            && !routes().any(|name| name == route.value)
        {
            let near = nearest(&route.value, routes());
            report.refuse(route, Complaint::new("is no route of this configuration").nearest(near));
        }
        let (Some(name), Some(hash)) = (&key.name, &key.sha256) else { continue };
        keys.push(Arc::new(Key {
            id: id(&hash.value),
            name: name.value.clone(),
            sha256: hash.value,
            org: OrgId::from(key.org.as_str()),
            permissions: key.permissions,
            route: key.route.as_ref().map(|route| RouteId::from(route.value.as_str())),
            project: key.project.clone(),
            requests_per_minute: key.requests_per_minute,
            monthly_budget: key.monthly_budget,
        }));
    }
    keys
}

/// A public id that survives a new name and says where the key comes from: the first digits of its hash.
fn id(hash: &[u8; 32]) -> KeyId {
    let mut id = String::from("file-");
    for byte in hash.iter().take(8) {
        write!(id, "{byte:02x}").expect("a string takes any text");
    }
    KeyId::from(id)
}
