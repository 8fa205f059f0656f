//! The calls about datasets and evaluations.

use super::error::Error;
use super::query::Part;
use super::transport::Client;
use crate::base::{DatasetId, EvaluationId};
use crate::resource::dataset::DeletedDataset;
use crate::resource::evaluation::ResultRow;
use crate::resource::{Dataset, Evaluation, Page};
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

impl Client {
    /// `POST /v1/datasets`: durable when it returns.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn upload_dataset(&self, name: &str, rows: Bytes) -> Result<Dataset, Error> {
        let query = [("name", name.to_owned())];
        let answer = self.exchange(Method::POST, &["v1", "datasets"], &query, HeaderMap::new(), Some(rows)).await?;
        self.read(&answer.body)
    }

    /// `GET /v1/datasets`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn datasets(&self, part: Part) -> Result<Page<Dataset>, Error> {
        self.get(&["v1", "datasets"], &part.pairs()).await
    }

    /// `GET /v1/datasets/{id}`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn dataset(&self, id: &DatasetId) -> Result<Dataset, Error> {
        self.get(&["v1", "datasets", id.as_str()], &[]).await
    }

    /// `DELETE /v1/datasets/{id}`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn delete_dataset(&self, id: &DatasetId) -> Result<DeletedDataset, Error> {
        self.send(Method::DELETE, &["v1", "datasets", id.as_str()], None).await
    }

    /// `POST /v1/evaluations`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn create_evaluation(&self, body: &Map<String, Value>) -> Result<Evaluation, Error> {
        let body = serde_json::to_vec(body).expect("JSON can be written");
        self.send(Method::POST, &["v1", "evaluations"], Some(Bytes::from(body))).await
    }

    /// `GET /v1/evaluations`, those of one status where it is given.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn evaluations(&self, status: Option<&str>, part: Part) -> Result<Page<Evaluation>, Error> {
        let mut pairs = part.pairs();
        pairs.extend(status.map(|status| ("status", status.to_owned())));
        self.get(&["v1", "evaluations"], &pairs).await
    }

    /// `GET /v1/evaluations/{id}`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn evaluation(&self, id: &EvaluationId) -> Result<Evaluation, Error> {
        self.get(&["v1", "evaluations", id.as_str()], &[]).await
    }

    /// `GET /v1/evaluations/{id}/results`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn evaluation_results(&self, id: &EvaluationId, part: Part) -> Result<Page<ResultRow>, Error> {
        self.get(&["v1", "evaluations", id.as_str(), "results"], &part.pairs()).await
    }

    /// `POST /v1/evaluations/{id}/cancel`.
    ///
    /// # Errors
    /// The server is not reachable, or says no.
    pub async fn cancel_evaluation(&self, id: &EvaluationId) -> Result<Evaluation, Error> {
        self.send(Method::POST, &["v1", "evaluations", id.as_str(), "cancel"], None).await
    }
}
