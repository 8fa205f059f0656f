//! Which secrets are keys. Secrets are known by their SHA-256 only.

use crate::config::settings::{Key, Permissions};
use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// All keys in force: from the configuration, from the store, and the local admin key.
/// Replaced as a whole, so that a revocation holds for the next request.
#[derive(Debug, Default)]
pub struct Keyring {
    keys: ArcSwap<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    by_digest: HashMap<[u8; 32], Arc<Key>>,
    required: bool,
    one_org: bool,
}

/// What a caller may do who needs no key.
pub const EVERYTHING: Permissions = Permissions { read: true, write: true, admin: true };

impl Keyring {
    /// Puts these keys in force. `local_admin` does not count as a key that makes keys required:
    /// it exists on every machine, so that commands on the same host find it.
    /// `ever` says that a key was made before: a gateway that has once had keys does not open again when
    /// the last one is revoked.
    pub fn replace(&self, keys: impl IntoIterator<Item = Arc<Key>>, local_admin: Option<Arc<Key>>, ever: bool) {
        let mut by_digest: HashMap<_, _> = keys.into_iter().map(|key| (key.sha256, key)).collect();
        let required = ever || !by_digest.is_empty();
        let mut orgs = by_digest.values().map(|key: &Arc<Key>| &key.org);
        let first = orgs.next();
        let one_org = orgs.all(|org| Some(org) == first);
        by_digest.extend(local_admin.map(|key| (key.sha256, key)));
        self.keys.store(Arc::new(Keys { by_digest, required, one_org }));
    }

    /// Whether requests need a key: true as soon as one was created.
    #[must_use]
    pub fn required(&self) -> bool {
        self.keys.load().required
    }

    /// Whether all keys are of one org, or there is none: then nobody else uses the operator's accounts at providers.
    #[must_use]
    pub fn are_of_one_org(&self) -> bool {
        self.keys.load().one_org
    }

    /// The key with this secret. The secret is hashed before it is looked up, and the digests are
    /// compared in constant time, so timing tells nothing about other secrets.
    #[must_use]
    pub fn find(&self, secret: &str) -> Option<Arc<Key>> {
        let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let keys = self.keys.load();
        let key = keys.by_digest.get(&digest)?;
        bool::from(key.sha256.ct_eq(&digest)).then(|| Arc::clone(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{KeyId, OrgId};

    fn key(secret: &str) -> Arc<Key> {
        Arc::new(Key {
            id: KeyId::from("k1"),
            name: "ci".into(),
            sha256: Sha256::digest(secret.as_bytes()).into(),
            org: OrgId::default(),
            permissions: EVERYTHING,
            route: None,
            project: None,
            requests_per_minute: None,
            monthly_budget: None,
        })
    }

    #[test]
    fn only_created_keys_make_keys_required() {
        let ring = Keyring::default();
        assert!(!ring.required());
        ring.replace([], Some(key("admin")), false);
        assert!(!ring.required());
        assert!(ring.find("admin").is_some());
        ring.replace([key("fl_a")], Some(key("admin")), false);
        assert!(ring.required());
        assert!(ring.find("fl_a").is_some());
        assert!(ring.find("fl_b").is_none());
        assert!(ring.are_of_one_org());
        let mut stranger = Key::clone(&key("fl_c"));
        stranger.org = OrgId::from("elsewhere");
        ring.replace([key("fl_a"), Arc::new(stranger)], Some(key("admin")), false);
        assert!(!ring.are_of_one_org());
        ring.replace([], None, true);
        assert!(ring.find("fl_a").is_none() && ring.required(), "a revocation holds at once and opens nothing");
    }
}
