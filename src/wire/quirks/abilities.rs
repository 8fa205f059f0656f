//! What a provider cannot do, whichever of its models: the router passes over it before the dialect would refuse.

use super::row::{Formats, Quirks, ToolChoices};
use crate::base::{Capabilities, Capability};
use crate::wire::bedrock;
use crate::wire::target::Dialect;

impl Quirks {
    /// What requests to this model are refused for, or would be answered without.
    #[must_use]
    pub fn lacks(&self, model: &str) -> Capabilities {
        let is_cohere = self.dialect == Dialect::Cohere;
        let cannot_force = match self.dialect {
            Dialect::Bedrock => !bedrock::can_force_tools(model),
            _ => self.tool_choices != ToolChoices::All,
        };
        let lacking = [
            (self.text_only, Capability::Vision),
            (self.tool_choices == ToolChoices::NoTools, Capability::Tools),
            (cannot_force, Capability::ForcedToolUse),
            (!self.keeps_schemas(model), Capability::ResponseSchema),
            (self.formats == Formats::Schema, Capability::JsonObject),
            (is_cohere, Capability::JsonBesideTools),
            (is_cohere || self.schema_alone, Capability::SchemaBesideTools),
        ];
        Capabilities::lacking(lacking.into_iter().filter(|(lacks, _)| *lacks).map(|(_, capability)| capability))
    }
}
