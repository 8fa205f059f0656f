//! How single values read to people: money, times, counts; and how people write times.

use super::Timestamp;
use std::time::Duration;

const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];

/// Money in dollars: six decimals below a dollar, since single calls cost less than a cent; two above.
pub fn dollars(micro_usd: i64) -> String {
    let sign = if micro_usd < 0 { "-" } else { "" };
    let micros = micro_usd.unsigned_abs();
    if micros < 1_000_000 {
        return format!("{sign}$0.{micros:06}");
    }
    let cents = (micros + 5_000) / 10_000;
    format!("{sign}${}.{:02}", grouped(cents / 100), cents % 100)
}

/// A whole number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds as a person reads them.
pub fn elapsed(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
        _ => format!("{}m {:02}s", millis / 60_000, millis % 60_000 / 1_000),
    }
}

/// Microseconds as a person reads them.
pub fn short_elapsed(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{}.{:03} ms", micros / 1_000, micros % 1_000),
        _ => elapsed(micros / 1_000),
    }
}

/// How long ago `time` was; beyond four weeks its date.
pub fn ago(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.seconds().saturating_sub(time.seconds());
    let Ok(past) = u64::try_from(seconds) else { return time.to_string() };
    let (unit, size) = match past {
        0 => return "now".into(),
        1..60 => ('s', 1),
        60..3_600 => ('m', 60),
        3_600..86_400 => ('h', 3_600),
        86_400..2_419_200 => ('d', 86_400),
        _ => return time.to_string().chars().take(10).collect(),
    };
    format!("{}{unit} ago", past / size)
}

/// A time as people write it: an RFC 3339 instant, an age such as `30m`, `2h`, `7d`, or `now`, `today`, `yesterday`
/// (days begin at midnight UTC).
///
/// # Errors
/// The text is neither; the message shows both forms.
pub fn parse_when(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let trimmed = text.trim().trim_end_matches("ago").trim_end();
    let day = Duration::from_secs(86_400);
    match trimmed {
        "now" => return Ok(now),
        "today" => return Ok(now.rounded_down(day)),
        "yesterday" => return Ok(now.rounded_down(day).minus(day)),
        _ => {}
    }
    parse_age(trimmed).map(|age| now.minus(age)).ok_or_else(|| {
        format!("{text:?} is not a time: write 2026-01-31T08:00:00Z, an age such as 30m, 2h or 7d, or yesterday")
    })
}

fn parse_age(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
    number.checked_mul(*seconds).map(Duration::from_secs)
}

/// Text from outside as a terminal may show it: no control character reaches it.
pub fn visible(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}

/// The same for text of several lines, whose breaks stay.
pub fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_768_480_496_000_000);

    #[test]
    fn money_reads_as_dollars() {
        let cases = [
            (0, "$0.000000"),
            (-5, "-$0.000005"),
            (999_999, "$0.999999"),
            (1_000_000, "$1.00"),
            (1_234_567, "$1.23"),
            (1_995_000, "$2.00"),
            (-1_234_567_890_000, "-$1,234,567.89"),
            (i64::MIN, "-$9,223,372,036,854.78"),
        ];
        for (micros, text) in cases {
            assert_eq!(dollars(micros), text);
        }
    }

    #[test]
    fn spans_read_in_one_unit() {
        let cases = [(0, "now"), (59, "59s ago"), (60, "1m ago"), (7_199, "1h ago"), (86_400 * 27, "27d ago")];
        for (seconds, text) in cases {
            assert_eq!(ago(NOW.minus(Duration::from_secs(seconds)), NOW), text);
        }
        assert_eq!(ago(NOW.minus(Duration::from_secs(86_400 * 28)), NOW), "2025-12-18");
        assert_eq!(ago(NOW.plus(Duration::from_secs(1)), NOW), "2026-01-15T12:34:57.000000Z");
        assert_eq!([999, 1_000, 59_999, 61_000].map(elapsed), ["999 ms", "1.0 s", "59.9 s", "1m 01s"]);
    }

    #[test]
    fn times_are_instants_or_ages() {
        assert_eq!(parse_when("2026-01-15T12:34:56Z", NOW), Ok(NOW));
        assert_eq!(parse_when("2h", NOW), Ok(NOW.minus(Duration::from_secs(7_200))));
        assert_eq!(parse_when("7d ago", NOW), Ok(NOW.minus(Duration::from_secs(604_800))));
        assert_eq!(parse_when("now", NOW), Ok(NOW));
        assert_eq!(parse_when("yesterday", NOW), parse_when("2026-01-14T00:00:00Z", NOW));
        assert_eq!(parse_when("today", NOW), parse_when("2026-01-15T00:00:00Z", NOW));
        for bad in ["", "tomorrow", "h", "-2h", "2x", "99999999999999999999d", "18446744073709551615w", "2 é"] {
            assert!(parse_when(bad, NOW).is_err(), "{bad}");
        }
    }

    #[test]
    fn control_characters_never_reach_a_terminal() {
        assert_eq!(visible("a\x1b[31mb\r\u{9b}c"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c");
    }
}
