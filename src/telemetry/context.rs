//! The trace that a request belongs to, in the form of W3C Trace Context, level 2: read from the client's `traceparent`
//! and `tracestate`, written to the provider's.
//!
//! What cannot be read is as good as absent, as the recommendation wants it: nobody's request fails for its trace. A
//! `tracestate` without a `traceparent` means nothing; one that breaks a rule is dropped whole, and the trace goes on.

use crate::base::TraceId;
use crate::base::limits::{MAX_TRACE_STATE_BYTES, MAX_TRACE_STATE_MEMBERS};
use http::{HeaderMap, HeaderName, HeaderValue};
use rand::RngExt;
use std::fmt;
use std::num::NonZeroU64;

const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");
/// Whoever started the trace records it.
const SAMPLED: u8 = 0b01;
/// The flags that have a meaning: sampled, and a trace id made by chance.
const KNOWN_FLAGS: u8 = 0b11;

/// One step of a trace: 8 bytes that are not all zero, in lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId(NonZeroU64);

impl SpanId {
    /// An id by chance.
    #[must_use]
    pub fn draw() -> Self {
        Self(NonZeroU64::new(rand::rng().random()).unwrap_or(NonZeroU64::MIN))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Where a request stands in its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The step of the client that made this request; `None` where the trace begins here.
    pub parent: Option<SpanId>,
    flags: u8,
    state: Option<HeaderValue>,
}

impl TraceContext {
    /// What the client says; `None` where it says nothing that can be read.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(TRACE_PARENT).iter();
        let (parent, None) = (parents.next()?, parents.next()) else { return None };
        let (trace_id, parent, flags) = parent_of(parent.to_str().ok()?)?;
        Some(Self { trace_id, parent: Some(parent), flags, state: state_of(headers) })
    }

    /// A trace that begins here, and is recorded.
    #[must_use]
    pub fn begin() -> Self {
        let mut rng = rand::rng();
        let trace_id = loop {
            if let Some(id) = TraceId::new(rng.random()) {
                break id;
            }
        };
        Self { trace_id, parent: None, flags: KNOWN_FLAGS, state: None }
    }

    /// Whether the trace is recorded.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Continues the trace in a call of ours: the same trace and state, `span` as the parent.
    pub fn hand_on(&self, span: SpanId, headers: &mut HeaderMap) {
        let parent = format!("00-{}-{span}-{:02x}", self.trace_id, self.flags);
        if let Ok(parent) = HeaderValue::try_from(parent) {
            headers.insert(TRACE_PARENT, parent);
        }
        if let Some(state) = &self.state {
            headers.insert(TRACE_STATE, state.clone());
        }
    }
}

fn hex_number(text: &str, digits: usize) -> Option<u64> {
    let is_hex = text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_hex { u64::from_str_radix(text, 16).ok() } else { None }
}

/// `version-trace-parent-flags`. A later version may say more behind that; version 00 may not, and ff is none.
fn parent_of(text: &str) -> Option<(TraceId, SpanId, u8)> {
    let mut parts = text.splitn(5, '-');
    let version = hex_number(parts.next()?, 2)?;
    let trace_id: TraceId = parts.next()?.parse().ok()?;
    let parent = NonZeroU64::new(hex_number(parts.next()?, 16)?).map(SpanId)?;
    let flags = u8::try_from(hex_number(parts.next()?, 2)?).ok()?;
    let has_more = parts.next().is_some();
    (version != 0xff && !(version == 0 && has_more)).then_some((trace_id, parent, flags & KNOWN_FLAGS))
}

/// All lines of the header as one, where every member keeps the rules.
fn state_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut whole = String::new();
    let mut members = 0;
    for line in headers.get_all(TRACE_STATE) {
        for member in line.to_str().ok()?.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            let (key, value) = member.split_once('=')?;
            let is_key = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
            let is_value = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'=';
            if key.is_empty() || !key.bytes().all(is_key) || value.is_empty() || !value.bytes().all(is_value) {
                return None;
            }
            members += 1;
            if !whole.is_empty() {
                whole.push(',');
            }
            whole.push_str(member);
            if members > MAX_TRACE_STATE_MEMBERS || whole.len() > MAX_TRACE_STATE_BYTES {
                return None;
            }
        }
    }
    if whole.is_empty() { None } else { HeaderValue::try_from(whole).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const PARENT: &str = "b7ad6b7169203331";

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn handed_on(lines: &[(&'static str, &str)]) -> Option<(String, Option<String>)> {
        let context = TraceContext::read(&headers(lines))?;
        let mut out = HeaderMap::new();
        context.hand_on(SpanId(NonZeroU64::MIN), &mut out);
        let text = |name| out.get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
        Some((text(TRACE_PARENT).unwrap(), text(TRACE_STATE)))
    }

    #[test]
    fn a_trace_goes_on_with_another_parent() {
        let ours = |flags: &str| format!("00-{TRACE}-0000000000000001-{flags}");
        for (given, flags) in [
            (format!("00-{TRACE}-{PARENT}-01"), "01"),
            (format!("00-{TRACE}-{PARENT}-00"), "00"),
            (format!("00-{TRACE}-{PARENT}-ff"), "03"),
            (format!("cc-{TRACE}-{PARENT}-01"), "01"),
            (format!("cc-{TRACE}-{PARENT}-01-what-else"), "01"),
        ] {
            assert_eq!(handed_on(&[("traceparent", &given)]), Some((ours(flags), None)), "{given}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_trace() {
        let zero = "0".repeat(32);
        for given in [
            String::new(),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-1"),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{TRACE}-{PARENT}-01-"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{zero}-{PARENT}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{PARENT}-0x"),
            format!(" 00-{TRACE}-{PARENT}-01"),
        ] {
            assert_eq!(handed_on(&[("traceparent", &given)]), None, "{given:?}");
        }
        let good = format!("00-{TRACE}-{PARENT}-01");
        assert_eq!(handed_on(&[("traceparent", &good), ("traceparent", &good)]), None, "which one?");
        assert_eq!(handed_on(&[("tracestate", "a=1")]), None, "a state of nothing");
    }

    #[test]
    fn a_state_travels_whole_or_not_at_all() {
        let parent = format!("00-{TRACE}-{PARENT}-01");
        let state = |lines: &[&str]| {
            let mut all = vec![("traceparent", parent.as_str())];
            all.extend(lines.iter().map(|line| ("tracestate", *line)));
            handed_on(&all).expect("the trace itself is good").1
        };
        assert_eq!(state(&["a=1, b@c=x y", "d=2"]), Some("a=1,b@c=x y,d=2".into()));
        assert_eq!(state(&["", " , "]), None);
        let many = vec!["a=1"; MAX_TRACE_STATE_MEMBERS + 1].join(",");
        let long = format!("a={}", "x".repeat(MAX_TRACE_STATE_BYTES));
        for bad in ["a", "=1", "a=", "A=1", "a=1=2", "a=\u{e9}", &many, &long] {
            assert_eq!(state(&["ok=1", bad]), None, "{bad}");
        }
    }

    #[test]
    fn a_trace_that_begins_here_is_recorded() {
        let (one, two) = (TraceContext::begin(), TraceContext::begin());
        assert!(one.is_sampled() && one.parent.is_none());
        assert_ne!(one.trace_id, two.trace_id);
        assert_ne!(SpanId::draw(), SpanId::draw());
    }
}
