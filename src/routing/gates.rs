//! The gates that a candidate must pass before a strategy may pick it.

use crate::base::{Capabilities, Capability, MicroUsd, ModelInfo, ModelRef};
use crate::resource::decision::FilterReason;
use crate::resource::experiment::Shadowed;

/// A token is never longer than this many bytes of text on average, in any language or format that
/// is sent to models: below `bytes / 8` tokens a prompt cannot be.
const MAX_BYTES_PER_TOKEN: u64 = 8;

/// What a request needs from whoever serves it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// It holds images.
    pub vision: bool,
    /// It offers tools.
    pub tools: bool,
    /// It asks for a call of a tool, whichever or a certain one.
    pub forced_tool: bool,
    /// It asks for JSON of any kind.
    pub json_object: bool,
    /// It asks for JSON that fits a schema.
    pub response_schema: bool,
    /// Bytes of text in its messages.
    pub text_bytes: u64,
}

/// What is known about one candidate at this moment.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Who.
    pub model: &'a ModelRef,
    /// What the catalogue knows.
    pub info: Option<&'a ModelInfo>,
    /// What its provider cannot do, whatever the catalogue says of the model.
    pub provider: Capabilities,
    /// Whether its provider is configured.
    pub configured: bool,
    /// Whether its provider can be told what the request asks for.
    pub can_be_told: bool,
    /// Whether its circuit is open.
    pub circuit_open: bool,
    /// Median time in milliseconds of its recent calls: to the first byte for streams, in total otherwise.
    pub median_ms: Option<u64>,
    /// Its weight under `weighted`.
    pub weight: u32,
    /// What this request is expected to cost there, where the strategy asks.
    pub expected_cost: Option<MicroUsd>,
    /// Its quality on such requests as far as is known beforehand, 0..1.
    pub prior_quality: Option<f64>,
    /// What a shadow run on this route, or an evaluation, has shown of it.
    pub shadowed: Shadowed,
}

/// The first gate that refuses the candidate; `None` = it may serve.
/// A capability that neither the provider nor the catalogue states is no reason to refuse.
#[must_use]
pub fn refusal(facts: &Facts<'_>, needs: &Needs) -> Option<FilterReason> {
    if !facts.configured {
        return Some(FilterReason::ProviderNotConfigured);
    }
    if !facts.can_be_told {
        return Some(FilterReason::NativeProviderNeeded);
    }
    let model = facts.info.map(|info| info.capabilities).unwrap_or_default();
    let lacks = |capability| facts.provider.get(capability).or(model.get(capability)) == Some(false);
    let wanted = [
        (needs.vision, Capability::Vision, FilterReason::CapabilityVision),
        (needs.tools, Capability::Tools, FilterReason::CapabilityTools),
        (needs.forced_tool, Capability::ForcedToolUse, FilterReason::CapabilityTools),
        (needs.response_schema, Capability::ResponseSchema, FilterReason::CapabilityResponseSchema),
        (needs.json_object, Capability::JsonObject, FilterReason::CapabilityResponseSchema),
        (needs.response_schema && needs.tools, Capability::SchemaBesideTools, FilterReason::CapabilityResponseSchema),
        (needs.json_object && needs.tools, Capability::JsonBesideTools, FilterReason::CapabilityResponseSchema),
    ];
    if let Some((.., reason)) = wanted.into_iter().find(|(is_needed, capability, _)| *is_needed && lacks(*capability)) {
        return Some(reason);
    }
    let window = facts.info.and_then(|info| info.max_input_tokens);
    if window.is_some_and(|window| needs.text_bytes / MAX_BYTES_PER_TOKEN > window) {
        return Some(FilterReason::ContextWindow);
    }
    facts.circuit_open.then_some(FilterReason::CircuitOpen)
}
