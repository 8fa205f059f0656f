//! The phrases that heuristics look for. Word boundaries are those of ASCII, so that the automata stay fast on any text.

use regex::Regex;
use std::sync::LazyLock;

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of this file: the tests compile them all")
}

/// The question wants JSON and says so in words.
pub(super) static JSON_ASKED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)(?-u:\b)(?:(?:in|as|em|en|como|valid|only|return|respond with|answer with|reply with|output|formato|apenas|solo|retorne|responda|devuelve|responde)(?: (?:a|an|um|un|valid|the|formato|com|con|em|en|only|just|s(?:ó|o)lo))? json)(?-u:\b)",
    )
});

/// The question wants code.
pub(super) static CODE_ASKED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)(?-u:\b)(?:write|create|implement|generate|give me|show me|escreva|crie|implemente|gere|escribe|crea|implementa|genera)(?: \w+){0,4} (?:function|script|code|snippet|query|regex|unit test|função|funcao|código|codigo|consulta|función|funcion)(?-u:\b)",
    )
});

/// The question is about something, not an order for it: `how do I return JSON`.
pub(super) static ABOUT: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)(?-u:\b)(?:how (?:do|does|can|to|would|should)|why|what (?:is|does|are)|error|exception|como (?:faço|posso|fazer|se)|cómo|por qu)",
    )
});

/// The question wants something said again and again.
pub(super) static REPETITION_ASKED: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)[0-9]+ (?:times|vezes|veces)|(?-u:\b)(?:repeat|repita|repite)(?-u:\b)"));

/// The question wants an explanation rather than a word.
pub(super) static EXPLANATION_ASKED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)(?-u:\b)(?:explain|describe|why|compare|write (?:a|an) (?:essay|story|article|email|letter|report)|step by step|in detail|explique|descreva|por que|porque|compare|escreva um|passo a passo|explica|describe|por qu|compara|escribe un|paso a paso)",
    )
});

/// The question speaks of a language: whichever the answer is in may be what was wanted.
pub(super) static LANGUAGE_NAMED: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)translat|traduz|traduc|traduir|(?-u:\b)(?:english|spanish|portuguese|french|german|italian|japanese|chinese|korean|russian|arabic|ingl(?:ê|e|é)s|espanhol|español|espanol|portugu(?:ê|e|é)s|franc(?:ê|e|é)s|alem(?:ã|a|á)[on]|japon(?:ê|e|é)s|chin(?:ê|e|é)s|language|idioma|l(?:í|i)ngua|lengua)",
    )
});

/// The answer refuses.
pub(super) static REFUSAL: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)(?-u:\b)(?:i (?:can['’]?t|cannot|can not|won['’]?t|will not|am unable to|am not able to|must decline|have to decline|need to decline)(?: (?:help|assist|provide|comply|fulfil|do that|do this|create|generate|answer|discuss|engage|continue|support|share|to (?:help|assist|provide|answer))|[.,!]|$)|i['’]m (?:unable|not able) to (?:help|assist|provide|comply|fulfil|create|generate|answer|discuss|continue|share)|n(?:ã|a)o (?:posso|consigo|vou) (?:ajudar|te ajudar|lhe ajudar|auxiliar|fornecer|atender|fazer isso|responder|cumprir|criar|gerar|continuar|compartilhar)|(?:desculpe|lamento|sinto muito),? (?:mas )?n(?:ã|a)o (?:posso|consigo)|no (?:puedo|voy a) (?:ayudar|asistir|proporcionar|cumplir|hacer eso|hacerlo|responder|crear|generar|continuar|ofrecer|compartir)|lo siento,? (?:pero )?no puedo)",
    )
});

/// The answer speaks of itself instead of the matter.
pub(super) static BOILERPLATE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)as an ai(?: language)?(?: model)?,|como (?:um modelo de linguagem|uma ia|uma inteligência artificial|un modelo de lenguaje|una ia|una inteligencia artificial)",
    )
});

/// Something that opens a door.
pub(super) static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?-u)sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,200}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,80}|xox[abprs]-[A-Za-z0-9-]{10,80}|AIza[0-9A-Za-z_-]{30,40}|\bfl_[A-Za-z0-9_-]{43}|eyJ[A-Za-z0-9_-]{10,200}\.eyJ[A-Za-z0-9_-]{10,200}\.|-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----",
    )
});

/// Builds the automata, so that the first answer need not wait for them: it takes some milliseconds, once.
pub fn prepare() {
    for pattern in [
        &JSON_ASKED,
        &ABOUT,
        &REPETITION_ASKED,
        &CODE_ASKED,
        &EXPLANATION_ASKED,
        &LANGUAGE_NAMED,
        &REFUSAL,
        &BOILERPLATE,
        &SECRET,
    ] {
        // A search fills the lazily built parts too.
        LazyLock::force(pattern).is_match("Why is this a text with sk- and json in it?");
    }
}
