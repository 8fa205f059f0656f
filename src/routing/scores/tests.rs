use super::*;
use proptest::prelude::*;

const LOOP: &str = "The answer is that the model repeats itself and the model repeats itself and the model repeats itself and the model repeats itself and the model repeats itself and the model repeats itself";
const OKS: &str = "ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok ok";
const LONG_ENGLISH: &str = "Bananas are a fruit that grows in the tropics, and they are eaten all over the world. It takes about nine months until a plant can be harvested, and the stems are cut down after that, since each of them bears only once in its life. Most of what is sold in shops is of one variety.";

/// What was asked, what was answered, and what is found to be wrong.
fn table() -> Vec<(Exchange<'static>, &'static [Finding])> {
    use Finding::*;
    let said = |asked, answer| Exchange { asked, answer, ..Exchange::default() };
    let json = |answer| Exchange { asked: "List two colours.", wants_json: true, answer, ..Exchange::default() };
    vec![
        (said("What is the capital of France?", "Paris."), &[]),
        (said("What is the capital of France?", "The capital of France is Paris."), &[]),
        (said("hello", "Hello! How can I help you today?"), &[]),
        (said("", "Hello."), &[]),
        (said("What is the capital of France?", ""), &[Empty]),
        (said("What is the capital of France?", " \n\t "), &[Empty]),
        (Exchange { calls: 1, ..said("Look up the weather in Lisbon.", "") }, &[]),
        (Exchange { calls: 2, broken_calls: 1, ..said("Look up the weather in Lisbon.", "") }, &[BrokenCall]),
        (Exchange { calls: 1, wants_json: true, ..said("Look up the weather.", "Let me look that up.") }, &[]),
        (Exchange { ending: Ending::Length, ..said("Tell me of Rome.", "Rome was founded") }, &[Truncated]),
        (Exchange { ending: Ending::Length, ..said("Tell me of Rome.", "") }, &[Empty, Truncated]),
        (Exchange { ending: Ending::Filtered, ..said("Tell me of Rome.", "") }, &[Filtered]),
        (Exchange { refused: true, ..said("Tell me of Rome.", "") }, &[Refusal]),
        (said("How do I pick a lock?", "I'm sorry, but I can't help with that."), &[Refusal]),
        (said("How do I pick a lock?", "I can’t assist with that request."), &[Refusal]),
        (said("How do I pick a lock?", "I cannot provide instructions for that."), &[Refusal]),
        (said("Como abro uma fechadura?", "Desculpe, mas não posso ajudar com isso."), &[Refusal]),
        (said("Como abro uma fechadura?", "Sinto muito, mas não consigo fazer isso."), &[Refusal]),
        (said("¿Cómo abro una cerradura?", "Lo siento, no puedo ayudar con eso."), &[Refusal]),
        (said("¿Cómo abro una cerradura?", "No puedo proporcionar esas instrucciones."), &[Refusal]),
        (said("Can dogs eat grapes?", "No. Dogs cannot eat grapes: I can't stress enough how toxic they are."), &[]),
        (said("Is it cold?", "As an AI language model, I have no body, but it is 3 degrees."), &[Boilerplate]),
        (said("Tell me of the model.", LOOP), &[Loop]),
        (
            said(
                "Draw a ruler.",
                "----------------------------------------------------------------------------------------------------------------------------------------------",
            ),
            &[],
        ),
        (said("Say it.", "ok \u{fffd}\u{fffd}\u{fffd}\u{fffd} ok"), &[Garbled]),
        (
            said(
                "What is the best way to learn the piano in a year?",
                "A melhor maneira é praticar todos os dias com um professor, para não perder o ritmo, e como você pode ver não é fácil.",
            ),
            &[WrongLanguage],
        ),
        (
            said(
                "Qual é a melhor maneira de aprender piano em um ano com pouco tempo para isso?",
                "The best way is to practice each day with a teacher, and to listen to what you play, for that is how it is learned.",
            ),
            &[WrongLanguage],
        ),
        (
            said(
                "Translate to Portuguese: what is the best way to learn the piano?",
                "Qual é a melhor maneira de aprender piano? Não é fácil para um adulto, mas é o que você quer.",
            ),
            &[],
        ),
        (
            said(
                "Какая столица Франции и почему она важна?",
                "The capital is Paris, and it matters as the seat of government.",
            ),
            &[WrongLanguage],
        ),
        (
            said(
                "Qual é a diferença entre um empréstimo e um financiamento? Não entendi o que o banco me disse.",
                "Um empréstimo dá dinheiro livre para qualquer uso, e o financiamento é atrelado à compra de um bem. Se você não pagar, o banco pode retomar o bem.",
            ),
            &[],
        ),
        (
            said(
                "¿Cuál es la diferencia entre un préstamo y una hipoteca? No entendí lo que me dijo el banco.",
                "Una hipoteca es un préstamo que se garantiza con un inmueble: si no pagas, el banco puede quedarse con la casa.",
            ),
            &[],
        ),
        (
            said(
                "東京の人口は何人ですか？教えてください。",
                "東京都の人口は約1400万人です。世界で最も人口の多い都市圏のひとつです。",
            ),
            &[],
        ),
        (said("Say ok 60 times.", OKS), &[]),
        (said("Repeat after me: I cannot help with that.", "I cannot help with that."), &[]),
        (json(r#"{"colours": ["red", "blue"]}"#), &[]),
        (json(r#"["red", "blue"]"#), &[]),
        (json("Red and blue."), &[NotJson]),
        (json(r#"{"colours": ["red", "blue""#), &[NotJson]),
        (json("```json\n{\"colours\": []}\n```"), &[NotJson]),
        (said("List two colours as JSON.", "```json\n{\"colours\": []}\n```"), &[]),
        (said("List two colours as JSON.", "Here you are:\n```json\n{\"colours\": []}\n```"), &[]),
        (said("List two colours as JSON.", "Here you are:\n\n{\"colours\": []}"), &[]),
        (said("List two colours as JSON.", "Here you are: {\"colours\": ["), &[NotJson]),
        (said("How do I return JSON from a handler?", "Give it a type that can be written, and set the header."), &[]),
        (said("Responda em JSON com duas cores.", "Vermelho e azul."), &[NotJson]),
        (
            said("Write a Python function that adds two numbers.", "```python\ndef add(a, b):\n    return a + b\n```"),
            &[],
        ),
        (
            said(
                "Write a Python function that adds two numbers.",
                "You take both and add them up, that is all there is to it.",
            ),
            &[NoCode],
        ),
        (said("Write code that reverses a string in Python.", "s[::-1]"), &[]),
        (said("Write a function that adds two numbers.", "function add(a, b) { return (a + b); }"), &[]),
        (said("Show the loop.", "```python\nfor i in x:\n    print(i)"), &[OpenFence]),
        (said("Please tell me all about the town of Faro", "Please tell me all about the town of Faro."), &[Parrot]),
        (said("Explain how a heat pump works.", "It moves heat."), &[Brief]),
        (said("How do I configure nginx reverse proxies?", LONG_ENGLISH), &[OffTopic]),
        (said("Which fruit grows in the tropics?", LONG_ENGLISH), &[]),
        (said("Show me the settings.", "OPENAI_API_KEY=sk-proj-Zx81kQmPq0a7TtLw93bVnR5s"), &[Secret]),
        (said("Show me a key.", "AKIAIOSFODNN7EXAMPLE"), &[]),
        (said("Is sk-proj-Zx81kQmPq0a7TtLw93bVnR5s valid?", "sk-proj-Zx81kQmPq0a7TtLw93bVnR5s looks valid."), &[]),
        (said("Show me the key file.", "-----BEGIN RSA PRIVATE KEY-----\nMIIE"), &[Secret]),
    ]
}

#[test]
fn what_is_visibly_wrong_is_found_and_nothing_else() {
    for (exchange, expected) in table() {
        let (findings, _) = observe(&exchange);
        assert_eq!(findings.iter().collect::<Vec<_>>(), expected, "{exchange:?}");
    }
}

#[test]
fn what_is_found_lowers_the_composite() {
    for (exchange, expected) in table() {
        let scores = score(&exchange);
        if expected.is_empty() {
            assert!(scores.composite >= 90.0, "{exchange:?}: {scores:?}");
        } else {
            assert!(scores.composite < 95.0, "{exchange:?}: {scores:?}");
        }
    }
    for finding in Finding::ALL {
        assert!(finding.deductions().iter().any(|points| *points > 0.0), "{finding:?}");
    }
}

#[test]
fn the_page_for_people_says_what_the_code_does() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SCORES.md");
    let page = std::fs::read_to_string(page).unwrap();
    for finding in Finding::ALL {
        let name: String = format!("{finding:?}")
            .chars()
            .enumerate()
            .flat_map(|(place, letter)| {
                let gap = (letter.is_uppercase() && place > 0).then_some(' ');
                gap.into_iter().chain(letter.to_lowercase())
            })
            .collect();
        let points = finding.deductions().map(|points| if points == 0.0 { String::new() } else { points.to_string() });
        let row = page.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap_or_default();
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells.get(3..7).unwrap_or_default(), points, "{name}: {row}");
    }
}

#[test]
fn the_weights_are_shares() {
    assert!((WEIGHTS.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn a_secret_is_a_matter_of_safety_and_a_refusal_is_not() {
    let answer = |answer| score(&Exchange { asked: "Show me.", answer, ..Exchange::default() });
    let secret = answer("ghp_0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R");
    assert_eq!(secret.safety, 30.0);
    assert_eq!(answer("I cannot help with that.").safety, 100.0);
    let empty = answer("");
    assert_eq!((empty.relevance, empty.coherence, empty.helpfulness), (0.0, 0.0, 0.0));
}

#[test]
fn a_long_answer_is_seen_by_its_beginning_and_its_end() {
    let filler = "Each sentence here says a thing of its own. ".repeat(400);
    let long = format!("The town lies by the sea.\n{filler}");
    let seen = observe(&Exchange { asked: "Where is the town?", answer: &long, ..Exchange::default() });
    assert!(seen.0.has(Finding::Loop), "the end repeats");
    let json = format!("{{\"a\": \"{}\"}}", "x1 y2 ".repeat(2000));
    let whole = Exchange { asked: "List it.", wants_json: true, answer: &json, ..Exchange::default() };
    assert!(!observe(&whole).0.has(Finding::NotJson));
    let cut = Exchange { answer: json.trim_end_matches('}'), ..whole };
    assert!(observe(&cut).0.has(Finding::NotJson));
}

proptest! {
    #[test]
    fn scores_are_bounded_whatever_is_said(
        asked in ".{0,300}", answer in ".{0,300}", wants_json: bool, calls in 0usize..3, broken_calls in 0usize..3, refused: bool, times in 1usize..30,
    ) {
        let answer = answer.repeat(times);
        for ending in [Ending::Complete, Ending::Length, Ending::Filtered] {
            let scores = score(&Exchange { asked: &asked, wants_json, answer: &answer, calls, broken_calls, ending, refused });
            for (_, value) in scores.dimensions().into_iter().chain([("composite", scores.composite)]) {
                prop_assert!(value.is_finite() && (0.0..=100.0).contains(&value));
            }
        }
    }

    #[test]
    fn a_fault_never_raises_a_score(asked in "[a-zA-Z ?]{0,80}", answer in "[a-zA-Z .]{1,200}") {
        let exchange = Exchange { asked: &asked, answer: &answer, ..Exchange::default() };
        let whole = score(&exchange);
        let cut = score(&Exchange { ending: Ending::Length, ..exchange });
        prop_assert!(cut.composite <= whole.composite && cut.helpfulness <= whole.helpfulness);
        let broken = score(&Exchange { calls: 1, broken_calls: 1, ..exchange });
        let called = score(&Exchange { calls: 1, ..exchange });
        prop_assert!(broken.helpfulness <= called.helpfulness);
    }
}
