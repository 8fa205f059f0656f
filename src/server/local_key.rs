//! The local admin key: a secret in the data folder that commands on the same host find by themselves.

use crate::base::{KeyId, OrgId, Secret};
use crate::config::settings::Key;
use crate::gateway::EVERYTHING;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Its file in the data folder, readable for its owner only.
pub const ADMIN_KEY_FILE: &str = "admin.key";

/// The key in a data folder; `None` where there is none.
///
/// # Errors
/// The file cannot be read.
pub fn read_local_key(folder: &Path) -> std::io::Result<Option<Secret>> {
    match std::fs::read_to_string(folder.join(ADMIN_KEY_FILE)) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()).map(Secret::new)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The key of this folder, made where there is none.
pub(super) fn ensure(folder: &Path) -> std::io::Result<Arc<Key>> {
    let secret = match read_local_key(folder)? {
        Some(secret) => secret,
        None => make(folder)?,
    };
    Ok(Arc::new(Key {
        id: KeyId::from("key_local_admin"),
        name: "local admin".into(),
        sha256: Sha256::digest(secret.expose().as_bytes()).into(),
        org: OrgId::default(),
        permissions: EVERYTHING,
        route: None,
        project: None,
        requests_per_minute: None,
        monthly_budget: None,
    }))
}

fn make(folder: &Path) -> std::io::Result<Secret> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    let secret = format!("fl_{}", URL_SAFE_NO_PAD.encode(bytes));
    let path = folder.join(ADMIN_KEY_FILE);
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    Ok(Secret::new(secret))
}
