//! A decision that was not read yet. Most of a busy log is looked at and not read: looking for a member costs a
//! fraction of reading a record.

use crate::base::RouteId;
use crate::resource::decision::{Status, Strategy};
use memchr::memmem::Finder;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A decision that was not read yet.
///
/// What stands before a member's name in JSON text is a quotation mark, and one inside a text has a backslash before it:
/// nothing that a client says is taken for a member.
#[derive(Debug, Clone, Copy)]
pub struct Unread<'a>(&'a [u8]);

/// Searchers for the members that are looked for, built once.
static STRATEGY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""routing_strategy":""#));
static ROUTE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""route":""#));
static EXPERIMENT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""experiment":{"#));
static STATUS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""outcome":{"status":""#));
static SERVED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""served":{"provider":"#));
static WINNER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""winner":{"provider":"#));
static MODEL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#","model":"#));
static CONFIDENCE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(br#""confidence":"#));

impl<'a> Unread<'a> {
    pub(super) const fn new(payload: &'a [u8]) -> Self {
        Self(payload)
    }

    /// Whether it was made by this strategy.
    #[must_use]
    pub fn is_by(&self, strategy: Strategy) -> bool {
        self.member(&STRATEGY) == Some(strategy.as_str().as_bytes())
    }

    /// Whether it was made on one of these routes.
    #[must_use]
    pub fn is_on(&self, routes: &BTreeSet<RouteId>) -> bool {
        let name = self.member(&ROUTE).and_then(|name| std::str::from_utf8(name).ok());
        name.is_some_and(|name| routes.contains(name))
    }

    /// Whether it takes part in an experiment.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        EXPERIMENT.find(self.0).is_some()
    }

    /// Whether it ended like this.
    pub(super) fn ended(&self, status: Status) -> bool {
        self.member(&STATUS) == Some(status.as_str().as_bytes())
    }

    /// Whether who served it, or else who was chosen, has these names. They are given as JSON writes them.
    pub(super) fn is_of(&self, provider: Option<&[u8]>, model: Option<&[u8]>) -> bool {
        let Some(target) = self.behind(&SERVED).or_else(|| self.behind(&WINNER)) else {
            return provider.is_none() && model.is_none();
        };
        let is_model = |model: &[u8]| {
            let name = MODEL.find(target).and_then(|at| target.get(at + MODEL.needle().len()..));
            name.is_some_and(|name| name.starts_with(model))
        };
        provider.is_none_or(|provider| target.starts_with(provider)) && model.is_none_or(is_model)
    }

    /// How sure the router was, where it said so.
    pub(super) fn confidence(&self) -> Option<f64> {
        let rest = self.behind(&CONFIDENCE)?;
        let number = rest.get(..memchr::memchr2(b',', b'}', rest)?)?;
        std::str::from_utf8(number).ok()?.parse().ok()
    }

    /// What stands behind the first of these.
    fn behind(&self, name: &Finder<'_>) -> Option<&'a [u8]> {
        self.0.get(name.find(self.0)? + name.needle().len()..)
    }

    /// The text of the first member of this name, up to the next quotation mark.
    fn member(&self, name: &Finder<'_>) -> Option<&'a [u8]> {
        let rest = self.behind(name)?;
        rest.get(..memchr::memchr(b'"', rest)?)
    }
}
