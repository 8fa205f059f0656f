//! Who made how much of a session: what an outcome is shared by when it is shown.
//!
//! Every answered call has a share; the shares of a session add up to one. A call's share is its part of the
//! session's output tokens. Where the tokens of any answered call are not known, or there are none at all, every
//! answered call has the same share. A call that nobody answered has none.
//!
//! The parts are a running sum, so that one decision's share is known without reading the others.
//!
//! ```
//! use floopy::routing::Parts;
//! let mut session = Parts::default();
//! session.add(Some(300));
//! session.add(Some(100));
//! assert_eq!(session.share(Some(300)), 0.75);
//! session.add(None);
//! assert_eq!(session.share(Some(300)), 1.0 / 3.0);
//! ```

use serde::{Deserialize, Serialize};

/// What a session's answered calls come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    answered: u64,
    /// `None` = not known of all of them.
    output_tokens: Option<u64>,
}

impl Default for Parts {
    fn default() -> Self {
        Self { answered: 0, output_tokens: Some(0) }
    }
}

impl Parts {
    /// One more call was answered.
    pub fn add(&mut self, output_tokens: Option<u64>) {
        self.answered += 1;
        self.output_tokens = self.output_tokens.zip(output_tokens).map(|(sum, tokens)| sum.saturating_add(tokens));
    }

    /// The calls that were added.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.answered
    }

    /// The share of an answered call, which is one of those that were added.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "calls and tokens of one session")]
    pub fn share(&self, output_tokens: Option<u64>) -> f64 {
        match (self.output_tokens, output_tokens) {
            (Some(total), Some(own)) if total > 0 => own as f64 / total as f64,
            _ => 1.0 / self.answered.max(1) as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_add_up_to_one(calls in prop::collection::vec(prop::option::weighted(0.95, 0u64..1_000_000), 1..60)) {
            let mut parts = Parts::default();
            calls.iter().for_each(|tokens| parts.add(*tokens));
            let sum: f64 = calls.iter().map(|tokens| parts.share(*tokens)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
    }
}
