//! Which language a caller reads: `Accept-Language` as RFC 9110, section 12.5.4, describes it.

/// A language that explanations are written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Brazilian Portuguese.
    Portuguese,
    /// Spanish.
    Spanish,
}

/// Language ranges that are looked at; a longer list is read up to here.
const MAX_RANGES: usize = 32;

impl Language {
    /// All of them, the default first.
    pub const ALL: [Self; 3] = [Self::English, Self::Portuguese, Self::Spanish];

    /// The tag, as `Content-Language` says it.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Portuguese => "pt-BR",
            Self::Spanish => "es",
        }
    }

    /// The language that an `Accept-Language` header likes best; English where it likes none of ours.
    ///
    /// A range counts for a language by the most specific of its matches: the whole tag, then the bare language
    /// (`pt`), then another region of it (`es-MX` is answered in `es`), then `*`. `q=0` refuses. Among equals the one
    /// that the header names first wins; a range with a broken quality is as if it were not there.
    ///
    /// ```
    /// use floopy::resource::explain::Language;
    /// assert_eq!(Language::negotiate("es-MX, pt;q=0.9, en;q=0.8"), Language::Spanish);
    /// assert_eq!(Language::negotiate("de, fr;q=0.5"), Language::English);
    /// ```
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        let ranges: Vec<(&str, u16)> = accept.split(',').take(MAX_RANGES).filter_map(range).collect();
        let mut best: Option<(u16, std::cmp::Reverse<usize>, Self)> = None;
        for language in Self::ALL {
            let matched = ranges.iter().enumerate().filter_map(|(place, (range, quality))| {
                Some((language.closeness(range)?, std::cmp::Reverse(place), *quality))
            });
            let Some((_, place, quality)) = matched.max() else { continue };
            if quality > 0 && best.is_none_or(|(liked, at, _)| (quality, place) > (liked, at)) {
                best = Some((quality, place, language));
            }
        }
        best.map_or_else(Self::default, |(_, _, language)| language)
    }

    /// How closely a range names this language; `None` = not at all.
    fn closeness(self, range: &str) -> Option<u8> {
        let tag = self.tag();
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        if range == "*" {
            Some(0)
        } else if range.eq_ignore_ascii_case(tag) {
            Some(3)
        } else if primary(range) != primary(tag) {
            None
        } else if range.contains('-') {
            Some(1)
        } else {
            Some(2)
        }
    }
}

/// One range and its quality in thousandths.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().filter(|range| !range.is_empty())?;
    let mut quality = 1000;
    for part in parts {
        let (name, value) = part.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("q") {
            quality = thousandths(value.trim())?;
        }
    }
    Some((range, quality))
}

/// `1`, `0.8`, `0.125`: at most three decimals, at most one.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(whole, "0" | "1") {
        return None;
    }
    let value = format!("{whole}{decimals:0<3}").parse().ok()?;
    (value <= 1000).then_some(value)
}
