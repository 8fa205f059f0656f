//! The names of one model at different providers, brought to one form. `scripts/make-benchmarks` does the same.

/// Small letters and digits with hyphens between them, without the vendor, the region and the provider's version.
pub(super) fn shorten(id: &str) -> String {
    let small = id.to_ascii_lowercase();
    let mut name = small.strip_prefix("ft:").unwrap_or(&small);
    name = name.rsplit('/').next().unwrap_or(name);
    name = name.split(['@', ':']).next().unwrap_or(name);
    while let Some((first, rest)) = name.split_once('.') {
        if first.is_empty() || !first.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
            break;
        }
        name = rest;
    }
    let parts: Vec<&str> =
        name.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let is_version =
        |part: &&str| part.len() == 2 && part.starts_with('v') && part.ends_with(|sign: char| sign.is_ascii_digit());
    match parts.split_last() {
        Some((last, before)) if is_version(last) && !before.is_empty() => before.join("-"),
        _ => parts.join("-"),
    }
}

/// Without a day of release at the end: `-20241022` or `-2024-10-22`.
pub(super) fn undated(name: &str) -> &str {
    let is_digits = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = name.rsplitn(4, '-');
    let (last, month, year, before) = (parts.next(), parts.next(), parts.next(), parts.next());
    if let (Some(day), Some(month), Some(year), Some(before)) = (last, month, year, before)
        && is_digits(day, 2)
        && is_digits(month, 2)
        && is_digits(year, 4)
        && year.starts_with("20")
    {
        return before;
    }
    match name.rsplit_once('-') {
        Some((before, day)) if is_digits(day, 8) && day.starts_with("20") => before,
        _ => name,
    }
}

/// The name, then the name without its last part, and so on.
pub(super) fn beginnings(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.rsplit_once('-').map(|(before, _)| before))
}
