//! Readers of single values: what each accepts, and what it says of anything else.

use super::nearest::nearest;
use super::report::Complaint;
use super::tree::Value;
use super::unit::{duration as read_duration, show_duration, size as read_size};
use crate::base::MicroUsd;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

type Read<T> = Result<T, Complaint>;

fn wrong<T>(value: &Value, expected: impl Display) -> Read<T> {
    Err(Complaint::new(format!("is {}; expected {expected}", value.kind())))
}

fn outside<T>(range: &RangeInclusive<T>) -> Complaint
where
    T: Display,
{
    Complaint::new(format!("is out of range; expected {} to {}", range.start(), range.end()))
}

/// `true` or `false`; in the environment `1`, `0`, `yes`, `no`, `on` and `off` too.
pub(super) fn boolean(value: &Value) -> Read<bool> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Loose(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => wrong(value, "true or false"),
        },
        _ => wrong(value, "true or false"),
    }
}

/// Any text.
pub(super) fn text(value: &Value) -> Read<String> {
    match value {
        Value::Text(text) | Value::Loose(text) => Ok(text.clone()),
        _ => wrong(value, "text in quotes"),
    }
}

/// Text that is not empty.
pub(super) fn filled(value: &Value) -> Read<String> {
    let text = text(value)?;
    if text.trim().is_empty() { Err(Complaint::new("is empty")) } else { Ok(text) }
}

/// The name of a thing of ours: letters, digits and `-_.` (`more` adds to these), at most 128 of them.
pub(super) fn name(more: &'static str) -> impl Fn(&Value) -> Read<String> {
    move |value| {
        let text = filled(value)?;
        let good = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c) || more.contains(c);
        match text.chars().find(|c| !good(*c)) {
            Some(bad) => Err(Complaint::new(format!("holds {bad:?}; a name is made of letters, digits and -_.{more}"))),
            None if text.len() > 128 => Err(Complaint::new("is longer than 128 characters")),
            None => Ok(text),
        }
    }
}

/// A whole number.
pub(super) fn integer(range: RangeInclusive<u64>) -> impl Fn(&Value) -> Read<u64> {
    move |value| {
        let number = match value {
            Value::Integer(number) => Some(*number),
            Value::Loose(text) => text.trim().parse::<i128>().ok(),
            _ => None,
        };
        let Some(number) = number else { return wrong(value, "a whole number") };
        u64::try_from(number).ok().filter(|number| range.contains(number)).ok_or_else(|| outside(&range))
    }
}

/// A whole number of 32 bits.
pub(super) fn count(range: RangeInclusive<u32>) -> impl Fn(&Value) -> Read<u32> {
    let wide = integer(u64::from(*range.start())..=u64::from(*range.end()));
    move |value| wide(value).map(|number| u32::try_from(number).expect("the range has 32 bits"))
}

/// A number.
pub(super) fn number(range: RangeInclusive<f64>) -> impl Fn(&Value) -> Read<f64> {
    move |value| {
        let number = match value {
            Value::Float(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "what is in range is exact enough")]
            Value::Integer(number) => Some(*number as f64),
            Value::Loose(text) => text.trim().parse().ok(),
            _ => None,
        };
        let Some(number) = number else { return wrong(value, "a number") };
        if range.contains(&number) { Ok(number) } else { Err(outside(&range)) }
    }
}

/// An amount in USD, 0 to a billion.
pub(super) fn budget(value: &Value) -> Read<MicroUsd> {
    let usd = number(0.0..=1e9)(value)?;
    #[expect(clippy::cast_possible_truncation, reason = "at most 1e15: checked above")]
    Ok(MicroUsd((usd * 1e6).round() as i64))
}

/// A duration with its unit.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&Value) -> Read<Duration> {
    move |value| {
        let (Value::Text(text) | Value::Loose(text)) = value else {
            return wrong(value, "a duration with its unit in quotes, such as \"30s\", \"20ms\" or \"30d\"");
        };
        let Some(duration) = read_duration(text) else {
            return Err(Complaint::new(
                "is no duration; expected numbers with units (ms, s, m, h, d, w), such as \"30s\" or \"1h30m\"",
            ));
        };
        if range.contains(&duration) {
            return Ok(duration);
        }
        let (least, most) = (show_duration(*range.start()), show_duration(*range.end()));
        Err(Complaint::new(format!("is out of range; expected {least} to {most}")))
    }
}

/// A duration, or a word that means that there is none.
pub(super) fn duration_or(
    word: &'static str,
    range: RangeInclusive<Duration>,
) -> impl Fn(&Value) -> Read<Option<Duration>> {
    let duration = duration(range);
    move |value| match value {
        Value::Text(text) | Value::Loose(text) if text == word => Ok(None),
        _ => duration(value).map(Some).map_err(|complaint| complaint.also(&format!(" (or {word:?})"))),
    }
}

/// A size with its unit.
pub(super) fn size(range: RangeInclusive<usize>) -> impl Fn(&Value) -> Read<usize> {
    move |value| {
        let (Value::Text(text) | Value::Loose(text)) = value else {
            return wrong(value, "a size with its unit in quotes, such as \"20MiB\"");
        };
        let Some(bytes) = read_size(text) else {
            return Err(Complaint::new(
                "is no size; expected a whole number with a unit (B, KiB, MiB, GiB, KB, MB, GB), such as \"20MiB\"",
            ));
        };
        let bytes = usize::try_from(bytes).ok().filter(|bytes| range.contains(bytes));
        bytes.ok_or_else(|| Complaint::new(format!("is out of range; expected {}B to {}B", range.start(), range.end())))
    }
}

/// One of some words.
pub(super) fn choice<T: Copy>(words: &'static [(&'static str, T)]) -> impl Fn(&Value) -> Read<T> {
    move |value| {
        let (Value::Text(text) | Value::Loose(text)) = value else {
            return wrong(value, one_of(words));
        };
        words.iter().find(|(word, _)| word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let near = nearest(text, words.iter().map(|(word, _)| *word));
            Complaint::new(format!("is not known here; expected {}", one_of(words))).nearest(near)
        })
    }
}

fn one_of<T>(words: &[(&str, T)]) -> String {
    let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
    words.join(", ")
}

/// A path.
pub(super) fn path(value: &Value) -> Read<PathBuf> {
    let text = filled(value)?;
    if text.contains('\0') { Err(Complaint::new("holds a NUL")) } else { Ok(PathBuf::from(text)) }
}

/// An address with a port.
pub(super) fn socket(value: &Value) -> Read<SocketAddr> {
    let text = filled(value)?;
    text.parse().map_err(|_| {
        let reason = "is no address with a port; expected something like \"127.0.0.1:7676\" or \"[::1]:7676\"";
        let near = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        Complaint::new(reason).nearest(near)
    })
}

/// The URL of a server: `http` or `https`, no user, no query; without a slash at the end.
pub(super) fn base_url(value: &Value) -> Read<Url> {
    let text = filled(value)?;
    let mut url: Url = text.trim().parse().map_err(|_| Complaint::new("is no URL").hidden())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Complaint::new("holds a user or password; use api_key or headers").hidden());
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        let reason = "is no address of a server; expected something like \"https://api.example.com/v1\"";
        let complaint = Complaint::new(reason);
        return Err(if text.contains('@') { complaint.hidden() } else { complaint });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(Complaint::new("holds `?` or `#`; a base URL ends with its path").hidden());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The same, or nothing.
pub(super) fn optional_url(value: &Value) -> Read<Option<Url>> {
    if text(value)?.is_empty() { Ok(None) } else { base_url(value).map(Some) }
}

/// A `tracing` filter.
pub(super) fn log_filter(value: &Value) -> Read<String> {
    let text = filled(value)?;
    match tracing_subscriber::EnvFilter::try_new(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(Complaint::new("is no log filter; expected something like \"info\" or \"info,floopy=debug\"")),
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(value: &Value) -> Read<[u8; 32]> {
    /// The hash of nothing, which an empty variable in a script gives.
    const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let malformed = || Complaint::new("is no SHA-256; expected 64 hexadecimal digits").hidden();
    let text = text(value)?.to_ascii_lowercase();
    if text.starts_with("fl_") {
        return Err(Complaint::new(
            "is a key, not its SHA-256: put the hash here and make a new key, this one was seen",
        )
        .hidden());
    }
    if text == OF_NOTHING {
        return Err(Complaint::new("is the SHA-256 of an empty text"));
    }
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return Err(malformed());
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+')).ok_or_else(malformed)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| malformed())?;
    }
    Ok(bytes)
}
