//! Instants and their text form. Nothing here reads a clock: the impure rooms pass time in.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Microseconds since 1970-01-01T00:00:00Z; prints and parses as RFC 3339.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// The text is not an RFC 3339 instant with an offset, such as `2026-01-31T08:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time such as 2026-01-31T08:00:00Z")]
pub struct NotATimestamp;

impl Timestamp {
    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved by `duration` into the future; saturates.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This instant moved by `duration` into the past; saturates.
    #[must_use]
    pub fn minus(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The first instant of its calendar month (UTC).
    #[must_use]
    pub fn month_begin(self) -> Self {
        let utc = jiff::tz::Offset::UTC;
        let begin = jiff::Timestamp::from_microsecond(self.0).and_then(|time| {
            let first = utc.to_datetime(time).date().first_of_month();
            utc.to_timestamp(first.to_datetime(jiff::civil::Time::midnight()))
        });
        begin.map_or(self, |begin| Self(begin.as_microsecond()))
    }

    /// The last whole multiple of `step` since the epoch that is not after this instant.
    #[must_use]
    pub fn rounded_down(self, step: std::time::Duration) -> Self {
        let step = i64::try_from(step.as_micros()).unwrap_or(i64::MAX).max(1);
        Self(self.0.div_euclid(step).saturating_mul(step))
    }
}

impl From<std::time::SystemTime> for Timestamp {
    fn from(time: std::time::SystemTime) -> Self {
        match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
            Err(before) => Self(i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros)),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => write!(f, "{time:.6}"),
            Err(_) => f.write_str("0000-00-00T00:00:00Z"),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        text.parse::<jiff::Timestamp>().map(|time| Self(time.as_microsecond())).map_err(|_| NotATimestamp)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_rounded_down_on_both_sides_of_the_epoch() {
        let five = std::time::Duration::from_secs(300);
        for (at, rounded) in [(0, 0), (299_999_999, 0), (300_000_001, 300_000_000), (-1, -300_000_000)] {
            assert_eq!(Timestamp(at).rounded_down(five), Timestamp(rounded));
        }
    }

    #[test]
    fn months_begin_with_their_first_instant() {
        for (at, begin) in [
            ("2026-02-28T23:59:59.999999Z", "2026-02-01T00:00:00Z"),
            ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("1969-12-31T00:00:01Z", "1969-12-01T00:00:00Z"),
        ] {
            assert_eq!(at.parse::<Timestamp>().unwrap().month_begin(), begin.parse().unwrap(), "{at}");
        }
        assert_eq!(Timestamp(i64::MAX).month_begin(), Timestamp(i64::MAX));
    }

    #[test]
    fn times_print_as_they_parse() {
        let time = Timestamp(1_768_480_496_123_456);
        assert_eq!(time.to_string(), "2026-01-15T12:34:56.123456Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!("2026-01-15T13:34:56+01:00".parse(), Ok(Timestamp(1_768_480_496_000_000)));
        assert_eq!("yesterday".parse::<Timestamp>(), Err(NotATimestamp));
        assert_eq!(Timestamp(-1).seconds(), -1);
    }
}
