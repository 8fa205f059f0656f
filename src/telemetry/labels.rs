//! The labels of metrics, one type for each set of them.

use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};

/// Labels of an answered request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Answered {
    pub(super) strategy: &'static str,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) status: &'static str,
}

/// Labels of a target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TargetLabels {
    pub(super) provider: String,
    pub(super) model: String,
}

/// Labels of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct TokenLabels {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) direction: &'static str,
}

/// Labels of a call to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AttemptLabels {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) result: &'static str,
}

/// Labels of a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CodeLabels {
    pub(super) code: &'static str,
}

/// Labels of a judgement.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ResultLabels {
    pub(super) result: &'static str,
}

/// Labels of a stage.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct StageLabels {
    pub(super) stage: &'static str,
}

/// Labels of the conventions for a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Call {
    pub(super) gen_ai_operation_name: &'static str,
    pub(super) gen_ai_provider_name: String,
    pub(super) gen_ai_request_model: String,
}

/// The same for a call that may have failed; the label is left out where it has not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct EndedCall {
    pub(super) call: Call,
    pub(super) error_type: Option<&'static str>,
}

impl EncodeLabelSet for EndedCall {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.call.encode(encoder)?;
        match self.error_type {
            Some(code) => ("error_type", code).encode(encoder.encode_label()),
            None => Ok(()),
        }
    }
}

/// The same for its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CallTokens {
    pub(super) gen_ai_operation_name: &'static str,
    pub(super) gen_ai_provider_name: String,
    pub(super) gen_ai_request_model: String,
    pub(super) gen_ai_token_type: &'static str,
}
