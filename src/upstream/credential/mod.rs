//! What authorizes a call: nothing, a header that stays the same, or something that is fetched and expires.
//!
//! A call asks [`Credentials::proof`] before it is built; what stays the same costs no wait and no look-up. The
//! [`Proof`] is put on when everything else of the request stands, so that it can cover all of it. What expires is held
//! in a [`Renewing`](renewing::Renewing): fetched once whoever asks, in time before its end, in a task of its own, so
//! that a caller who leaves takes nothing from the others. A provider that answers 401 in spite of it gets one more call
//! with a new one.
//!
//! | file | what it holds |
//! |---|---|
//! | [`renewing`] | values that expire: single flight, time, back-off |
//! | [`issuer`] | one small call to whoever issues credentials |
//! | [`token`] | bearer tokens: OAuth's answers and errors |
//! | [`entra`], [`google`] | ways to a token of Microsoft and of Google |
//! | [`aws`] | signatures, and the keys that make them |

mod aws;
mod entra;
mod google;
pub(super) mod issuer;
mod renewing;
#[cfg(test)]
mod tests;
mod token;

use super::error::CallError;
use crate::base::ProviderId;
use crate::base::task::Tasks;
use crate::config::settings::{Credential, Grant, Provider};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::response::Parts;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::Full;
use renewing::{Cells, Held};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// All that is held for providers.
pub(super) struct Credentials {
    /// For calls to issuers.
    tls: TlsConnector,
    tokens: Cells<Grant, HeaderValue>,
    keyring: aws::Keyring,
    /// The fetches that are under way.
    tasks: Mutex<Tasks>,
}

/// What one call is authorized with.
pub(super) enum Proof {
    /// Nothing.
    Nothing,
    /// A header that stays the same.
    Header(HeaderName, HeaderValue),
    /// `authorization` with a bearer token.
    Token(Arc<Held<HeaderValue>>),
    /// A signature.
    Signature(aws::Signer),
}

impl Credentials {
    pub(super) fn new(tls: TlsConnector) -> Self {
        Self { tls, tokens: Cells::default(), keyring: aws::Keyring::default(), tasks: Mutex::default() }
    }

    /// What authorizes a call to `provider` now.
    ///
    /// # Errors
    /// There is none to be had, or not before `deadline`.
    pub(super) async fn proof(&self, provider: &Provider, deadline: Instant) -> Result<Proof, CallError> {
        match &provider.credential {
            Credential::None => Ok(Proof::Nothing),
            Credential::Header(name, value) => Ok(Proof::Header(name.clone(), sensitive(value.expose())?)),
            Credential::Token(grant) => {
                let cell = self.tokens.of(grant);
                if let Some(held) = cell.fresh(Instant::now()) {
                    return Ok(Proof::Token(held));
                }
                let fetch = self.fetch(&provider.id, grant);
                // In a box: it is rare, and every call's future would have room for it.
                Box::pin(cell.get(&self.tasks, fetch, deadline)).await.map(Proof::Token)
            }
            Credential::Signature(signing) => {
                let signer = self.keyring.signer(&provider.id, signing, &self.tls, &self.tasks, deadline);
                signer.await.map(Proof::Signature)
            }
        }
    }

    /// What authorizes the same call once more after the provider refused it; `None` where nothing better can be had.
    ///
    /// # Errors
    /// As [`Credentials::proof`].
    pub(super) async fn after_refusal(
        &self,
        provider: &Provider,
        refused: &Proof,
        answer: &Parts,
        deadline: Instant,
    ) -> Result<Option<Proof>, CallError> {
        let again = match (&provider.credential, refused) {
            (Credential::Token(grant), Proof::Token(held)) => {
                answer.status == StatusCode::UNAUTHORIZED && self.tokens.of(grant).give_up(held, Instant::now())
            }
            (Credential::Signature(_), Proof::Signature(signer)) => self.keyring.learns(signer, answer),
            _ => false,
        };
        if again { self.proof(provider, deadline).await.map(Some) } else { Ok(None) }
    }

    fn fetch(
        &self,
        provider: &ProviderId,
        grant: &Arc<Grant>,
    ) -> impl Future<Output = Result<renewing::Fetched<HeaderValue>, CallError>> + Send + use<> {
        let (provider, grant, tls) = (provider.clone(), Arc::clone(grant), self.tls.clone());
        async move { token::fetch(&provider, &grant, &tls).await }
    }
}

impl Proof {
    /// Authorizes a request of which everything else stands. A header of that name that the operator has set wins.
    ///
    /// # Errors
    /// What authorizes it holds what no header can.
    pub(super) fn put_on(&self, request: &mut Request<Full<Bytes>>, body: &[u8]) -> Result<(), CallError> {
        let (name, value) = match self {
            Self::Nothing => return Ok(()),
            Self::Signature(_) if request.headers().contains_key(AUTHORIZATION) => return Ok(()),
            Self::Signature(signer) => return signer.sign(request, body),
            Self::Header(name, value) => (name.clone(), value.clone()),
            Self::Token(held) => (AUTHORIZATION, held.value.clone()),
        };
        request.headers_mut().entry(name).or_insert(value);
        Ok(())
    }
}

/// A header's value that no log shows.
fn sensitive(text: &str) -> Result<HeaderValue, CallError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| CallError::Unusable)?;
    value.set_sensitive(true);
    Ok(value)
}
