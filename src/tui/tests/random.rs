//! Random keys, clicks, sizes and answers: nothing panics and nothing grows without end.
//!
//! The ordinary run plays some ten thousand; `FLOOPY_TUI_KEYS=1000000` plays a million.

use super::story::{NOW, app, decision, frame, reply, traffic};
use crate::tui::{Ask, Effect, Event, Key, Link, Live, Problem, View};
use serde_json::{Value, json};

/// A small generator: the same seed plays the same keys.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }

    fn small(&mut self, most: u16) -> u16 {
        u16::try_from(self.below(u64::from(most))).expect("below a u16")
    }
}

const SIGNS: &[char] = &[
    'j', 'k', 'g', 'G', 'h', 'l', '1', '2', '3', '4', '5', '6', '7', '/', ' ', 'r', 'f', 's', 'p', 'e', 'b', 't', '?',
    '[', ']', 'y', 'n', '0', '9', 'é', '漢', '\u{200d}', '🦀',
];

fn key(chance: &mut Chance) -> Key {
    let named = [
        Key::Enter,
        Key::Esc,
        Key::Tab,
        Key::BackTab,
        Key::Backspace,
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::Ctrl('u'),
        Key::Ctrl('d'),
        Key::Ctrl('l'),
    ];
    if chance.below(3) == 0 {
        named[usize::from(chance.small(16))]
    } else {
        Key::Char(SIGNS[usize::try_from(chance.below(SIGNS.len() as u64)).expect("small")])
    }
}

/// An answer that may be good, a refusal, or nothing that makes sense.
fn answer(ask: &Ask, chance: &mut Chance) -> Result<Value, Problem> {
    match chance.below(8) {
        0 => Err(Problem { status: Some([401, 403, 404, 500][usize::from(chance.small(4))]), message: "no".into() }),
        1 => Ok(json!({"items": [null, 1, "x", {"arms": 3, "floor": {}, "session_id": 7, "name": []}]})),
        2 => Ok(Value::Null),
        _ => reply(ask),
    }
}

fn play(seed: u64, steps: u32) {
    let mut chance = Chance(seed);
    let mut app = app(View::Overview);
    traffic(&mut app);
    let mut now = NOW;
    let mut size = (80, 24);
    for step in 0..steps {
        let event = match chance.below(20) {
            0 => {
                size = if chance.below(4) == 0 {
                    (chance.small(12), chance.small(8))
                } else {
                    (chance.small(220), chance.small(70))
                };
                Event::Resize(size.0, size.1)
            }
            1 => Event::Click(chance.small(230), chance.small(80)),
            2 => Event::Wheel(chance.below(2) == 0),
            3 => Event::Paste("some text\u{1b}[2J\nmore 12 漢字".into()),
            4 => {
                now = now.plus(std::time::Duration::from_secs(chance.below(5)));
                Event::Tick(now)
            }
            5 => Event::Live(Live::Decision(
                decision(step, i64::from(chance.small(400)), "gpt-4o", "guard", "ok").to_string(),
            )),
            6 => Event::Live(
                [Live::Vote("{\"score\":3}".into()), Live::Missed(5), Live::Decision("{".into())]
                    [usize::from(chance.small(3))]
                .clone(),
            ),
            7 => Event::Link(
                [Link::Live, Link::Lost("gone".into()), Link::Opening][usize::from(chance.small(3))].clone(),
            ),
            _ => Event::Key(key(&mut chance)),
        };
        let mut effects = app.on(event);
        while let Some(effect) = effects.pop() {
            if let Effect::Ask(ask) = effect {
                let answer = answer(&ask, &mut chance);
                effects.extend(app.on(Event::Answer(ask, answer)));
            }
        }
        // Drawing costs more than all the rest: a share of the steps is enough to meet every state.
        if chance.below(8) == 0 {
            frame(&mut app, size.0, size.1);
        }
    }
    assert!(app.log.len() <= 500 && app.rows.len() <= 2_000);
}

#[test]
fn random_keys_and_sizes_never_panic() {
    let steps: u32 = std::env::var("FLOOPY_TUI_KEYS").ok().and_then(|keys| keys.parse().ok()).unwrap_or(12_000);
    for seed in 1..=4 {
        play(seed * 0x9e37_79b9, steps / 4);
    }
}
