//! The terminal while the screen has it, and its keys. It is given back however the screen ends.

use crate::tui::{Event, Key};
use crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, KeyCode, KeyEventKind,
    KeyModifiers, MouseButton, MouseEventKind,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use std::io;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the reader of keys waits before it looks whether it is still wanted.
const PATIENCE: Duration = Duration::from_millis(50);
/// Keys that may wait; whoever types faster waits for the screen.
const WAITING: usize = 256;

/// The terminal in the screen's hands; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Taken {
    stop: Arc<AtomicBool>,
}

/// Takes the terminal, and reads its keys from now on.
pub(super) fn take() -> io::Result<(Taken, mpsc::Receiver<Event>)> {
    restore_on_panic();
    let stop = Arc::new(AtomicBool::new(false));
    let taken = Taken { stop: Arc::clone(&stop) };
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, cursor::Hide)?;
    let (sender, receiver) = mpsc::channel(WAITING);
    std::thread::Builder::new().name("floopy-keys".into()).spawn(move || read(&sender, &stop))?;
    Ok((taken, receiver))
}

impl Drop for Taken {
    fn drop(&mut self) {
        // Nobody waits for the reader: of a terminal that was closed it may never come back.
        self.stop.store(true, Ordering::Relaxed);
        give_back();
    }
}

/// Puts the terminal back to what it was. Where even that fails, nothing more can be done.
fn give_back() {
    let left = execute!(io::stdout(), DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, cursor::Show);
    left.and_then(|()| disable_raw_mode()).unwrap_or_default();
}

/// A panic's text has to reach a terminal that can show it.
fn restore_on_panic() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        give_back();
        before(info);
    }));
}

fn read(sender: &mpsc::Sender<Event>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        match event::poll(PATIENCE) {
            Ok(false) => {}
            Ok(true) => match event::read() {
                Ok(event) => {
                    if let Some(event) = understood(event)
                        && sender.blocking_send(event).is_err()
                    {
                        return;
                    }
                }
                Err(_) => return,
            },
            Err(_) => return,
        }
    }
}

/// The events that mean something to the screen.
fn understood(event: event::Event) -> Option<Event> {
    match event {
        event::Event::Key(key) if key.kind != KeyEventKind::Release => {
            let code = match (key.code, key.modifiers.contains(KeyModifiers::CONTROL)) {
                (KeyCode::Char(sign), true) => Key::Ctrl(sign.to_ascii_lowercase()),
                (KeyCode::Char(sign), false) => Key::Char(sign),
                (KeyCode::Enter, _) => Key::Enter,
                (KeyCode::Esc, _) => Key::Esc,
                (KeyCode::Tab, _) => Key::Tab,
                (KeyCode::BackTab, _) => Key::BackTab,
                (KeyCode::Backspace, _) => Key::Backspace,
                (KeyCode::Up, _) => Key::Up,
                (KeyCode::Down, _) => Key::Down,
                (KeyCode::Left, _) => Key::Left,
                (KeyCode::Right, _) => Key::Right,
                (KeyCode::PageUp, _) => Key::PageUp,
                (KeyCode::PageDown, _) => Key::PageDown,
                (KeyCode::Home, _) => Key::Home,
                (KeyCode::End, _) => Key::End,
                _ => return None,
            };
            Some(Event::Key(code))
        }
        event::Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Some(Event::Click(mouse.column, mouse.row)),
            MouseEventKind::ScrollDown => Some(Event::Wheel(true)),
            MouseEventKind::ScrollUp => Some(Event::Wheel(false)),
            _ => None,
        },
        event::Event::Paste(text) => Some(Event::Paste(text)),
        event::Event::Resize(width, height) => Some(Event::Resize(width, height)),
        _ => None,
    }
}
