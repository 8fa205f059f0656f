//! In which language and script a text is, as far as a glance tells. A glance that is not sure says nothing.

/// Words that are looked at.
const WORDS: usize = 80;
/// Characters that are looked at for the script.
const CHARACTERS: usize = 400;

/// A language that is told by its small words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    English,
    Portuguese,
    Spanish,
    French,
    German,
}

const TONGUES: [Tongue; 5] = [Tongue::English, Tongue::Portuguese, Tongue::Spanish, Tongue::French, Tongue::German];

/// The language of a text in Latin script, where its small words leave no doubt.
pub(super) fn tongue(text: &str) -> Option<Tongue> {
    let mut hits = [0_u32; 5];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(WORDS) {
        // The small words are short; what is longer than their longest is skipped without a look.
        if word.len() > 6 {
            continue;
        }
        let lower = word.to_lowercase();
        for (hit, known) in hits.iter_mut().zip(SMALL_WORDS) {
            *hit += u32::from(known.contains(&lower.as_str()));
        }
    }
    let (best, most) = hits.iter().enumerate().max_by_key(|(_, hits)| **hits)?;
    let second = hits.iter().enumerate().filter(|(place, _)| *place != best).map(|(_, hits)| *hits).max().unwrap_or(0);
    (*most >= 3 && *most >= 2 * second).then(|| TONGUES.get(best).copied()).flatten()
}

/// Words that one of the five has and the others, as far as possible, have not.
const SMALL_WORDS: [&[&str]; 5] = [
    &[
        "the", "is", "of", "and", "to", "what", "how", "are", "in", "it", "that", "this", "for", "with", "you", "i",
        "my", "was", "an", "be",
    ],
    &[
        "o", "os", "um", "uma", "é", "não", "do", "da", "dos", "das", "em", "no", "na", "para", "com", "que", "qual",
        "são", "você", "como", "ao", "mais", "meu",
    ],
    &[
        "el", "los", "las", "un", "una", "es", "no", "del", "en", "para", "con", "que", "cuál", "qué", "son", "usted",
        "cómo", "al", "más", "mi", "y", "lo", "por",
    ],
    &[
        "le", "les", "des", "un", "une", "est", "et", "du", "dans", "pour", "avec", "que", "quel", "sont", "vous",
        "je", "ne", "pas", "au", "sur",
    ],
    &[
        "der", "die", "das", "und", "ist", "ein", "eine", "den", "dem", "mit", "für", "nicht", "sind", "wie", "was",
        "ich", "sie", "zu", "auf", "von",
    ],
];

/// A family of scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Cyrillic,
    Arabic,
    Hebrew,
    Greek,
    Indic,
    Thai,
    EastAsian,
}

/// The script of more than two thirds of a text's letters, where there are at least eight.
pub(super) fn script(text: &str) -> Option<Script> {
    let mut counts = [0_u32; 8];
    for letter in text.chars().take(CHARACTERS) {
        let script = match letter {
            'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' => Script::Latin,
            '\u{370}'..='\u{3ff}' => Script::Greek,
            '\u{400}'..='\u{52f}' => Script::Cyrillic,
            '\u{590}'..='\u{5ff}' => Script::Hebrew,
            '\u{600}'..='\u{77f}' => Script::Arabic,
            '\u{900}'..='\u{dff}' => Script::Indic,
            '\u{e00}'..='\u{e7f}' => Script::Thai,
            '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' => Script::EastAsian,
            _ => continue,
        };
        if let Some(count) = counts.get_mut(script as usize) {
            *count += 1;
        }
    }
    let all: u32 = counts.iter().sum();
    let scripts = [
        Script::Latin,
        Script::Cyrillic,
        Script::Arabic,
        Script::Hebrew,
        Script::Greek,
        Script::Indic,
        Script::Thai,
        Script::EastAsian,
    ];
    let most = scripts.into_iter().zip(counts).max_by_key(|(_, count)| *count)?;
    (all >= 8 && most.1 * 3 > all * 2).then_some(most.0)
}
