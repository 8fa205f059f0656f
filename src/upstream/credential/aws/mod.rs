//! Calls to AWS: signed with keys that do not travel, and that may expire.
//!
//! | file | what it holds |
//! |---|---|
//! | [`sign`] | the signature |
//! | [`keys`] | where keys come from |
//! | [`chain`] | a profile's keys, by roles and logins |
//! | [`roles`] | what the token service gives for a token or for other keys |
//! | [`login`] | what the access portal gives for a person's login |

mod chain;
mod keys;
mod login;
mod roles;
mod sign;

use super::renewing::{Cells, Fetched, Held};
use crate::base::task::Tasks;
use crate::base::{ProviderId, Timestamp};
use crate::config::settings::{AwsKeys, AwsSource, Signing};
use crate::upstream::CallError;
use bytes::Bytes;
use http::header::{AUTHORIZATION, DATE};
use http::response::Parts;
use http::{HeaderName, Request};
use http_body_util::Full;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// How far our clock may be from AWS's before it is no longer believed: signatures live for five minutes.
const MAX_SKEW: Duration = Duration::from_secs(240);
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// The keys of all sources, and what is known of our clock.
#[derive(Default)]
pub(super) struct Keyring {
    cells: Cells<AwsSource, AwsKeys>,
    /// Seconds that AWS's clock is ahead of ours; zero until a refusal has shown otherwise.
    skew: AtomicI64,
}

/// What one call is signed with.
pub(in crate::upstream) struct Signer {
    signing: Arc<Signing>,
    /// `None` where the keys stay the same.
    held: Option<Arc<Held<AwsKeys>>>,
    /// Seconds that AWS's clock is ahead of ours.
    skew: i64,
}

impl Keyring {
    /// What signs a call now.
    ///
    /// # Errors
    /// No keys are to be had, or not before `deadline`.
    pub(super) async fn signer(
        &self,
        provider: &ProviderId,
        signing: &Arc<Signing>,
        tls: &TlsConnector,
        tasks: &Mutex<Tasks>,
        deadline: Instant,
    ) -> Result<Signer, CallError> {
        let held = match &*signing.source {
            AwsSource::Fixed(_) => None,
            _ => {
                let cell = self.cells.of(&signing.source);
                Some(match cell.fresh(Instant::now()) {
                    Some(held) => held,
                    // In a box: it is rare, and every call's future would have room for it.
                    None => Box::pin(cell.get(tasks, fetch(provider, signing, tls), deadline)).await?,
                })
            }
        };
        Ok(Signer { signing: Arc::clone(signing), held, skew: self.skew.load(Ordering::Relaxed) })
    }

    /// Whether the same call may do better once more after this answer: with other keys, or by AWS's clock.
    pub(super) fn learns(&self, refused: &Signer, answer: &Parts) -> bool {
        if !matches!(answer.status.as_u16(), 400 | 401 | 403) {
            return false;
        }
        let name = answer.headers.get(ERROR_TYPE).and_then(|name| name.to_str().ok()).unwrap_or_default();
        match name.split(':').next().unwrap_or_default() {
            "ExpiredTokenException" | "ExpiredToken" | "UnrecognizedClientException" | "InvalidClientTokenId" => {
                let Some(held) = &refused.held else { return false };
                self.cells.of(&refused.signing.source).give_up(held, Instant::now())
            }
            "InvalidSignatureException" | "SignatureDoesNotMatch" | "RequestExpired" | "RequestTimeTooSkewed" => {
                let date = answer.headers.get(DATE).and_then(|date| date.to_str().ok());
                let Some(date) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else { return false };
                let skew = date.timestamp().as_second().saturating_sub(now().seconds());
                if skew.abs_diff(refused.skew) <= MAX_SKEW.as_secs() {
                    return false;
                }
                tracing::warn!(seconds = skew, "AWS's clock differs from this machine's: signatures follow AWS's");
                self.skew.store(skew, Ordering::Relaxed);
                true
            }
            _ => false,
        }
    }
}

fn fetch(
    provider: &ProviderId,
    signing: &Arc<Signing>,
    tls: &TlsConnector,
) -> impl Future<Output = Result<Fetched<AwsKeys>, CallError>> + Send + use<> {
    let (provider, source, tls) = (provider.clone(), Arc::clone(&signing.source), tls.clone());
    async move { keys::fetch(&provider, &source, &tls).await }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

impl Signer {
    /// Signs a request of which everything else stands.
    ///
    /// # Errors
    /// The keys hold what no header can.
    pub(super) fn sign(&self, request: &mut Request<Full<Bytes>>, body: &[u8]) -> Result<(), CallError> {
        let keys = match (&self.held, &*self.signing.source) {
            (Some(held), _) => &held.value,
            (None, AwsSource::Fixed(keys)) => keys,
            (None, _) => return Err(CallError::NoCredential),
        };
        let at = Timestamp(now().0.saturating_add(self.skew.saturating_mul(1_000_000)));
        let scope = sign::Scope { region: &self.signing.region, service: self.signing.service, at };
        let headers = request.headers_mut();
        headers.insert(sign::DATE, sign::written(at).parse().map_err(|_| CallError::Unusable)?);
        if let Some(token) = &keys.session_token {
            headers.insert(sign::TOKEN, super::sensitive(token.expose())?);
        }
        let value = sign::authorization(request.method(), request.uri(), request.headers(), body, keys, scope);
        request.headers_mut().insert(AUTHORIZATION, super::sensitive(&value)?);
        Ok(())
    }
}
