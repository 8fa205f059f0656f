//! Newtypes for every identifier: no bare `String` id crosses a module.

use super::Timestamp;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The id of one request and of the decision it leaves: a UUID (version 4) that begins with its time.
///
/// The first 48 bits are milliseconds since the epoch, the other 74 are random. Ids that come one after another are
/// neighbours in every table that has them as a key, so that a commit writes few pages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(uuid::Uuid);

impl RequestId {
    /// Draws a fresh id for a request that came now.
    #[must_use]
    pub fn draw(now: Timestamp) -> Self {
        let mut bytes = uuid::Uuid::new_v4().into_bytes();
        let [_, _, time @ ..] = u64::try_from(now.0.div_euclid(1000)).unwrap_or(0).to_be_bytes();
        if let Some(place) = bytes.first_chunk_mut() {
            *place = time;
        }
        Self(uuid::Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of the id, as the store keys it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id that these 16 bytes spell.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a hyphenated UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")]
pub struct NotARequestId;

impl FromStr for RequestId {
    type Err = NotARequestId;

    fn from_str(text: &str) -> Result<Self, NotARequestId> {
        if text.len() != 36 {
            return Err(NotARequestId);
        }
        uuid::Uuid::try_parse(text).map(Self).map_err(|_| NotARequestId)
    }
}

impl Serialize for RequestId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = uuid::Uuid::encode_buffer();
        serializer.serialize_str(self.0.as_hyphenated().encode_lower(&mut buffer))
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A tenant. Nothing crosses from one to another. The default one is `default`.
    OrgId
);
text_id!(
    /// A session: given by the client (1..=256 visible characters) or inferred.
    SessionId
);
text_id!(
    /// The id of a key: public, unlike the key's secret.
    KeyId
);
text_id!(
    /// A route (routing rule): its name in the configuration.
    RouteId
);
text_id!(
    /// An experiment.
    ExperimentId
);
text_id!(
    /// An uploaded file, or one that a batch has written: `file-` and 32 hexadecimal digits that begin with its time.
    FileId
);
text_id!(
    /// A batch: `batch_` and 32 hexadecimal digits that begin with its time.
    BatchId
);
text_id!(
    /// A dataset: `ds_` and 32 hexadecimal digits that begin with its time.
    DatasetId
);
text_id!(
    /// An evaluation: `eval_` and 32 hexadecimal digits that begin with its time.
    EvaluationId
);
text_id!(
    /// A configured provider: the name after `provider.` in the configuration.
    ProviderId
);

impl FileId {
    /// Draws a fresh id for a file that came now.
    #[must_use]
    pub fn draw(now: Timestamp) -> Self {
        Self::from(format!("file-{}", RequestId::draw(now).0.as_simple()))
    }
}

impl BatchId {
    /// Draws a fresh id for a batch that came now.
    #[must_use]
    pub fn draw(now: Timestamp) -> Self {
        Self::from(format!("batch_{}", RequestId::draw(now).0.as_simple()))
    }

    fn digits(&self) -> &str {
        self.as_str().trim_start_matches("batch_")
    }

    /// The file of the lines that were answered. Named after the batch, so that a process which goes on with the batch
    /// finds what an earlier one has written.
    #[must_use]
    pub fn output(&self) -> FileId {
        FileId::from(format!("file-{}-output", self.digits()))
    }

    /// The file of the lines that failed.
    #[must_use]
    pub fn errors(&self) -> FileId {
        FileId::from(format!("file-{}-errors", self.digits()))
    }

    /// The id of the answer to the line with this number.
    #[must_use]
    pub fn line(&self, number: u32) -> String {
        format!("batch_req_{}_{number}", self.digits())
    }
}

impl DatasetId {
    /// Draws a fresh id for a dataset that came now.
    #[must_use]
    pub fn draw(now: Timestamp) -> Self {
        Self::from(format!("ds_{}", RequestId::draw(now).0.as_simple()))
    }

    /// The file of its rows.
    #[must_use]
    pub fn content(&self) -> FileId {
        FileId::from(format!("file-{}-dataset", self.as_str().trim_start_matches("ds_")))
    }
}

impl EvaluationId {
    /// Draws a fresh id for an evaluation that came now.
    #[must_use]
    pub fn draw(now: Timestamp) -> Self {
        Self::from(format!("eval_{}", RequestId::draw(now).0.as_simple()))
    }

    fn digits(&self) -> &str {
        self.as_str().trim_start_matches("eval_")
    }

    /// The file of its results. Named after the evaluation, so that a process which goes on with it finds what an
    /// earlier one has written.
    #[must_use]
    pub fn results(&self) -> FileId {
        FileId::from(format!("file-{}-results", self.digits()))
    }

    /// The id of the result for the row with this number.
    #[must_use]
    pub fn row(&self, number: u32) -> String {
        format!("evalrow_{}_{number}", self.digits())
    }
}

impl Default for OrgId {
    fn default() -> Self {
        Self::from("default")
    }
}

/// One model at one configured provider, written `provider/model`.
/// The model part is spelled as the provider spells it and may itself contain `/` and `:`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelRef {
    /// The configured provider.
    pub provider: ProviderId,
    /// The model as the provider spells it.
    pub model: Arc<str>,
}

impl ModelRef {
    /// A reference to `model` at `provider`.
    #[must_use]
    pub fn new(provider: impl Into<ProviderId>, model: &str) -> Self {
        Self { provider: provider.into(), model: Arc::from(model) }
    }

    /// Splits `provider/model` at its first slash; `None` where there is none or a side is empty.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (provider, model) = text.split_once('/')?;
        (!provider.is_empty() && !model.is_empty()).then(|| Self::new(provider, model))
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

impl fmt::Debug for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_prints_as_it_parses() {
        let id = RequestId::draw(Timestamp(1_700_000_000_123_456));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(RequestId::from_bytes(*id.as_bytes()), id);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
    }

    #[test]
    fn request_ids_are_of_version_4_and_in_the_order_of_their_time() {
        let ids: Vec<RequestId> = (0..1000).map(|milli| RequestId::draw(Timestamp(milli * 1000))).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.0.get_version_num() == 4 && id.0.get_variant() == uuid::Variant::RFC4122));
        let now = Timestamp(1_700_000_000_123_456);
        let same: std::collections::HashSet<RequestId> = (0..1000).map(|_| RequestId::draw(now)).collect();
        assert_eq!(same.len(), 1000);
        assert!(RequestId::draw(Timestamp(-1)).to_string().starts_with("00000000-0000-4"));
    }

    #[test]
    fn only_hyphenated_uuids_are_request_ids() {
        for text in ["", "abc", "67e5504410b1426f9247bb680e5fe0c8", "{67e55044-10b1-426f-9247-bb680e5fe0c8}"] {
            assert_eq!(text.parse::<RequestId>(), Err(NotARequestId), "{text}");
        }
    }

    #[test]
    fn a_model_reference_splits_at_the_first_slash() {
        let model = ModelRef::parse("together/meta-llama/Llama-4").unwrap();
        assert_eq!((model.provider.as_str(), &*model.model), ("together", "meta-llama/Llama-4"));
        assert_eq!(model.to_string(), "together/meta-llama/Llama-4");
        assert!(ModelRef::parse("gpt-4o").is_none());
        assert!(ModelRef::parse("/x").is_none());
        assert!(ModelRef::parse("x/").is_none());
    }
}
