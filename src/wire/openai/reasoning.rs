//! How much to think, in the provider's words.

use super::request::Encoder;
use crate::base::{ApiError, Capability};
use crate::wire::chat::ChatRequest;
use crate::wire::conversation::read::Text;
use crate::wire::quirks::Effort;
use crate::wire::target::Target;
use std::borrow::Cow;

/// What is asked of the model's thoughts.
pub(super) struct Thinking<'a> {
    /// `reasoning_effort`, of the route or of the body.
    pub(super) effort: Option<Cow<'a, str>>,
    /// Whether the route sets it.
    is_ours: bool,
    /// Whether the model will think.
    pub(super) is_on: bool,
}

impl<'a> Thinking<'a> {
    /// `ours` is an effort that overrides the body's.
    pub(super) fn of(request: &'a ChatRequest, target: &Target<'_>, ours: Option<&'a str>) -> Self {
        let theirs = || request.raw("reasoning_effort").and_then(|raw| serde_json::from_str::<Text<'_>>(raw).ok());
        let effort = ours.map(Cow::Borrowed).or_else(|| theirs().map(|text| text.0));
        let switched_off = request.raw("thinking").is_some_and(|thinking| thinking.contains("\"disabled\""));
        let asked = if switched_off { Some("none") } else { effort.as_deref() };
        let is_on = target.quirks.reasoning.thinks(target.model, target.info, asked);
        Self { effort, is_ours: ours.is_some(), is_on }
    }
}

impl Encoder<'_> {
    /// Writes the effort.
    ///
    /// # Errors
    /// It cannot be honoured, and the operator wants that refused.
    pub(super) fn effort(&mut self) -> Result<(), ApiError> {
        if self.quirks.drops("reasoning_effort") {
            return Ok(());
        }
        let Some(effort) = self.thinking.effort.clone() else {
            // What is no text goes as it came: the provider says what is wrong with it.
            if let Some(raw) = self.request.raw("reasoning_effort") {
                self.writer.put("reasoning_effort", raw.as_bytes());
            }
            return Ok(());
        };
        let Some(efforts) = self.quirks.reasoning.efforts_of(self.target.model) else {
            match self.request.raw("reasoning_effort").filter(|_| !self.thinking.is_ours) {
                Some(raw) => self.writer.put("reasoning_effort", raw.as_bytes()),
                None => self.writer.put("reasoning_effort", format!("\"{effort}\"").as_bytes()),
            }
            return Ok(());
        };
        let stated = self.target.info.and_then(|info| info.capabilities.get(Capability::Reasoning));
        if stated == Some(false) {
            return if effort == "none" { Ok(()) } else { self.drop("reasoning_effort", "") };
        }
        match efforts.iter().find(|known| known.level == effort) {
            Some(Effort { says, puts, .. }) => {
                let own = self.request.raw("thinking").is_some();
                if let Some(says) = says.filter(|_| puts.is_some() || !own) {
                    self.writer.put("reasoning_effort", format!("\"{says}\"").as_bytes());
                }
                if let Some((name, json)) = puts.filter(|(name, _)| self.request.raw(name).is_none()) {
                    self.writer.put(name, json.as_bytes());
                }
                Ok(())
            }
            None => self.drop("reasoning_effort", ""),
        }
    }
}
