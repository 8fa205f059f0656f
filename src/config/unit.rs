//! Durations and sizes as people write them: `"30d"`, `"1h30m"`, `"20MiB"`.

use std::time::Duration;

const DAY: u64 = 86_400_000;

/// Units of time in milliseconds, longest first.
const TIMES: &[(&str, u64)] = &[("w", 7 * DAY), ("d", DAY), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Units of size in bytes.
const SIZES: &[(&str, u64)] = &[
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1000),
    ("kB", 1000),
    ("B", 1),
];

/// Reads `"30d"`, `"1h30m"`, `"20ms"` or `"0"`: whole numbers with units, each unit once, longest first.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let (mut rest, mut total, mut last) = (text, 0_u64, u64::MAX);
    while !rest.is_empty() {
        let (number, after) = whole(rest)?;
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at_checked(end)?;
        let (_, millis) = TIMES.iter().find(|(name, _)| *name == unit)?;
        if *millis >= last {
            return None;
        }
        total = total.checked_add(number.checked_mul(*millis)?)?;
        (rest, last) = (next, *millis);
    }
    (last != u64::MAX).then(|| Duration::from_millis(total))
}

/// Reads `"20MiB"`, `"1GB"` or `"512B"`.
pub(super) fn size(text: &str) -> Option<u64> {
    let (number, unit) = whole(text)?;
    let (_, bytes) = SIZES.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.checked_mul(*bytes)
}

/// The whole number at the beginning and the text after it.
fn whole(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

/// A duration as it is written, to the millisecond.
pub(super) fn show_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (name, millis) in TIMES {
        if rest >= *millis {
            text.push_str(&format!("{}{name}", rest / millis));
            rest %= millis;
        }
    }
    if text.is_empty() { String::from("0") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_carry_units() {
        for (text, millis) in [
            ("20ms", 20),
            ("600s", 600_000),
            ("30m", 1_800_000),
            ("1h30m", 5_400_000),
            ("30d", 30 * DAY),
            ("2w", 14 * DAY),
            ("0", 0),
            ("0s", 0),
            ("1s500ms", 1500),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            " ",
            "30",
            "s",
            "-1s",
            "1.5h",
            "30 d",
            "1s1s",
            "1m1h",
            "1y",
            "30D",
            "1ms1s",
            "٣s",
            "99999999999999999999s",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(duration(&format!("{}w", u64::MAX)), None);
    }

    #[test]
    fn sizes_carry_units() {
        for (text, bytes) in
            [("20MiB", 20 << 20), ("1GiB", 1 << 30), ("5MB", 5_000_000), ("512B", 512), ("1 KiB", 1024)]
        {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "20", "20 mib", "MiB", "-1B", "1.5GiB", "20MiBx", "20TiB"] {
            assert_eq!(size(text), None, "{text}");
        }
        assert_eq!(size(&format!("{}GiB", u64::MAX)), None);
    }

    proptest! {
        #[test]
        fn a_duration_reads_as_it_is_shown(millis in prop_oneof![0..10_000_u64, any::<u64>()]) {
            let value = Duration::from_millis(millis);
            prop_assert_eq!(duration(&show_duration(value)), Some(value));
        }

        #[test]
        fn a_size_is_its_number_times_its_unit(number in 0..8_000_000_000_u64, unit in 0..SIZES.len()) {
            let (name, bytes) = SIZES[unit];
            prop_assert_eq!(size(&format!("{number}{name}")), Some(number * bytes));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,12}") {
            let _ = (duration(&text), size(&text));
        }
    }
}
