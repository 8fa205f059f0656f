//! The calls about experiments.

use super::error::Error;
use super::query::Part;
use super::transport::Client;
use crate::base::ExperimentId;
use crate::resource::{Experiment, ExperimentResults, Page};
use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// Said with every call that moves live sessions.
const CONFIRM: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-floopy-confirm"), HeaderValue::from_static("experiments"));

impl Client {
    /// `GET /v1/experiments`, those of one status where it is given.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn experiments(&self, status: Option<&str>, part: Part) -> Result<Page<Experiment>, Error> {
        let mut pairs = part.pairs();
        pairs.extend(status.map(|status| ("status", status.to_owned())));
        self.get(&["v1", "experiments"], &pairs).await
    }

    /// `GET /v1/experiments/{id}`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn experiment(&self, id: &ExperimentId) -> Result<Experiment, Error> {
        self.get(&["v1", "experiments", id.as_str()], &[]).await
    }

    /// `GET /v1/experiments/{id}/results`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn experiment_results(&self, id: &ExperimentId) -> Result<ExperimentResults, Error> {
        self.get(&["v1", "experiments", id.as_str(), "results"], &[]).await
    }

    /// `POST /v1/experiments`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn create_experiment(&self, body: &Map<String, Value>) -> Result<Experiment, Error> {
        let body = serde_json::to_vec(body).expect("JSON can be written");
        self.confirmed(&["v1", "experiments"], Some(Bytes::from(body))).await
    }

    /// `POST /v1/experiments/{id}/rollback`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn roll_back(&self, id: &ExperimentId) -> Result<Experiment, Error> {
        self.confirmed(&["v1", "experiments", id.as_str(), "rollback"], None).await
    }

    /// `POST /v1/experiments/{id}/complete`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn complete(&self, id: &ExperimentId) -> Result<Experiment, Error> {
        self.confirmed(&["v1", "experiments", id.as_str(), "complete"], None).await
    }

    async fn confirmed(&self, path: &[&str], body: Option<Bytes>) -> Result<Experiment, Error> {
        let mut headers = HeaderMap::from_iter([CONFIRM]);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let answer = self.exchange(Method::POST, path, &[], headers, body).await?;
        self.read(&answer.body)
    }
}
