//! Small types that every room shares. Depends on nothing of ours and does no I/O
//! (but for [`task`], which owns background tasks).

pub mod body;
pub mod error;
mod hex;
pub mod human;
pub mod id;
pub mod kind;
pub mod limits;
pub mod model;
pub mod money;
pub mod rs256;
pub mod secret;
pub mod task;
pub mod time;
mod trace_id;

pub use error::{ApiError, Code, Retry, Side};
pub use hex::hex;
pub use id::{
    BatchId, DatasetId, EvaluationId, ExperimentId, FileId, KeyId, ModelRef, OrgId, ProviderId, RequestId, RouteId,
    SessionId,
};
pub use kind::TaskKind;
pub use model::{Capabilities, Capability, Mode, ModelInfo, Prices};
pub use money::{MicroUsd, PicoUsdPerToken};
pub use secret::Secret;
pub use time::Timestamp;
pub use trace_id::TraceId;
