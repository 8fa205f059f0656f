//! What a request is about, by cheap rules over the user's last turn.
//!
//! Words of three languages vote; code and mathematics need one telling sign or two weak ones, reasoning one. What is
//! most specific wins: code before mathematics before reasoning. Whoever needs more than a hint should not use this.
//!
//! ```
//! use floopy::resource::assessment::Intent;
//! use floopy::routing::intent::intent;
//! assert_eq!(intent("Write a Python function that parses dates"), Intent::Code);
//! assert_eq!(intent("What is 12 * 7?"), Intent::Math);
//! assert_eq!(intent("Why did the Roman republic fall?"), Intent::Reasoning);
//! assert_eq!(intent("Say hello to Ana"), Intent::General);
//! ```

use crate::resource::assessment::Intent;
use regex::Regex;
use std::sync::LazyLock;

fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of this file: the tests compile them all")
}

/// One of these is enough for code.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)```|(?-u:\b)(?:python|javascript|typescript|rust|golang|java|kotlin|c\+\+|c#|php|ruby|sql|bash|regex|html|css|json schema|stack trace|traceback|compiler?|refactor|unit tests?|pull request|segfault|null pointer|código|codigo)(?-u:\b)|(?-u:\b)(?:def|fn|func|class|import|const|let|var|public static) [a-z_*]+ ?[(={.:;,]|(?-i:SELECT [^;]{1,200} FROM )|#include|=>|\(\) *\{|;\s*\n",
    )
});
/// Two of these are.
static CODE_HINT: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)(?-u:\b)(?:code|function|method|class|script|bug|debug|api|array|string|loop|variable|exception|database|query|library|endpoint|função|funcao|función|funcion|erro|error|variável|variable|biblioteca|consulta)s?(?-u:\b)",
    )
});
/// One of these is enough for mathematics.
static MATH: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)(?-u:\b)(?:equations?|integral|derivatives?|theorem|polynomial|matrix|eigenvalues?|logarithm|square root|prove that|probability|arithmetic|algebra|geometry|calculus|equaç(?:ão|ões)|derivada|teorema|probabilidade|raiz quadrada|ecuaci(?:ó|o)n|probabilidad|ra(?:í|i)z cuadrada|demuestra que|prove que|demonstre que)(?-u:\b)|(?-u:\b)(?:calculate|compute|solve|calcule|resolva|calcula|resuelve|how many|how much is|quantos|quantas|cu(?:á|a)ntos|cu(?:á|a)ntas)(?-u:\b)[^.?!]*[0-9]|[0-9)x](?: *[+*^×÷=] *| [-/] )[0-9(x]|\\(?:frac|sum|int|sqrt)",
    )
});
/// One of these is enough for reasoning.
static REASONING: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?i)(?-u:\b)(?:why|explain|analy[sz]e|compare|contrast|evaluate|assess|argue|justify|infer|deduce|trade-?offs?|pros and cons|step by step|strategy|root cause|implications?|what if|por que|porque|explique|explica|analise|analiza|compara|avalie|eval(?:ú|u)a|justifique|justifica|passo a passo|paso a paso|estrat(?:é|e)gia|prós e contras|pros y contras)(?-u:\b)|(?-u:\b)por qué",
    )
});

/// What a text asks for.
#[must_use]
pub fn intent(text: &str) -> Intent {
    if CODE.is_match(text) || CODE_HINT.find_iter(text).nth(1).is_some() {
        Intent::Code
    } else if MATH.is_match(text) {
        Intent::Math
    } else if REASONING.is_match(text) {
        Intent::Reasoning
    } else {
        Intent::General
    }
}

/// Builds the automata, so that the first request need not wait for them.
pub fn prepare() {
    for pattern in [&CODE, &CODE_HINT, &MATH, &REASONING] {
        LazyLock::force(pattern).is_match("Is 1 a number and why?");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rules_tell_what_is_asked() {
        for (text, expected) in [
            ("Fix this:\n```\nx = 1\n```", Intent::Code),
            ("def add(a, b): return a+b  # what does this do", Intent::Code),
            ("There is a bug in the loop of my script", Intent::Code),
            ("SELECT * FROM users; what does it do", Intent::Code),
            ("Escreva um código que ordene uma lista", Intent::Code),
            ("Hay un error en la función de ordenar", Intent::Code),
            ("What is the zip code of Faro?", Intent::General),
            ("Which class is my daughter in?", Intent::General),
            ("Solve x^2 + 3x = 10", Intent::Math),
            ("How many apples are left if 3 of 12 are eaten", Intent::Math),
            ("Prove that the square root of 2 is irrational", Intent::Math),
            ("Calcule a probabilidade de chover", Intent::Math),
            ("¿Cuántos días hay en 3 semanas?", Intent::Math),
            ("How many people live there?", Intent::General),
            ("Compare the two plans", Intent::Reasoning),
            ("Explique as causas da guerra", Intent::Reasoning),
            ("¿Por qué el cielo es azul?", Intent::Reasoning),
            ("Translate: good morning", Intent::General),
            ("Call 555-0100 on 2026-01-31, they are there 24/7", Intent::General),
            ("What is 10 - 4 / 2?", Intent::Math),
            ("Select a gift from the list", Intent::General),
            ("", Intent::General),
        ] {
            assert_eq!(intent(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_intent(text in ".{0,400}") {
            prop_assert_eq!(intent(&text), intent(&text));
        }
    }
}
