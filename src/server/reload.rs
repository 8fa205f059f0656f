//! Reloading the configuration: a bad one changes nothing and says so.

use crate::base::{ApiError, Code, OrgId};
use crate::config::{ConfigErrors, Fingerprint, Sources, fingerprint, load};
use crate::gateway::Gateway;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Reloads, one at a time.
#[derive(Debug)]
pub(super) struct Reloader {
    sources: Sources,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    files: Vec<PathBuf>,
    seen: Fingerprint,
}

/// What a reload did.
#[derive(Debug, serde::Serialize)]
pub(super) struct Reloaded {
    generation: u64,
    /// What takes a restart to change.
    notes: Vec<String>,
}

impl Reloader {
    pub(super) fn new(sources: Sources, files: Vec<PathBuf>) -> Self {
        let seen = fingerprint(&files);
        Self { sources, state: Mutex::new(State { files, seen }) }
    }

    /// Whether a file has changed since it was last loaded.
    pub(super) async fn has_changed(&self) -> bool {
        let mut state = self.state.lock().await;
        let now = fingerprint(&state.files);
        std::mem::replace(&mut state.seen, now) != now
    }

    /// Loads anew and puts it in force.
    ///
    /// # Errors
    /// All mistakes of the configuration; the one in force stays.
    pub(super) async fn reload(&self, gateway: &Arc<Gateway>) -> Result<Reloaded, ApiError> {
        let mut state = self.state.lock().await;
        let loaded = load(&self.sources).map_err(|errors| {
            tracing::error!("the configuration was not reloaded, the one in force stays:\n{errors}");
            told(&errors)
        })?;
        state.seen = fingerprint(&loaded.files);
        state.files = loaded.files;
        let old = gateway.config();
        let new = &loaded.config;
        let fixed = [
            ("server.listen", old.server.listen != new.server.listen),
            ("server.tls_cert", old.server.tls != new.server.tls),
            ("ops.listen", old.ops != new.ops),
            ("store.path", old.data != new.data),
            ("audit.group_window", old.audit.group_window != new.audit.group_window),
            ("retention.bodies", old.retention.bodies != new.retention.bodies),
            ("telemetry.otlp_endpoint", old.otlp_endpoint != new.otlp_endpoint),
            ("retention.decisions", old.retention.decisions != new.retention.decisions),
        ];
        let notes: Vec<String> = fixed
            .iter()
            .filter(|(_, changed)| *changed)
            .map(|(key, _)| format!("{key} changes with a restart only"))
            .collect();
        let generation = gateway.reload(loaded.config).map_err(crate::store::Error::into_api_error)?;
        for note in &notes {
            tracing::warn!("{note}");
        }
        tracing::info!(generation, "the configuration was reloaded");
        let payload = serde_json::json!({"generation": generation}).to_string();
        if let Err(error) = gateway.store.note_config(OrgId::default(), payload).await {
            tracing::error!(%error, "the reload could not be noted in the chain");
        }
        Ok(Reloaded { generation, notes })
    }
}

fn told(errors: &ConfigErrors) -> ApiError {
    ApiError::new(Code::InvalidRequest, format!("the configuration has mistakes, the one in force stays:\n{errors}"))
}
