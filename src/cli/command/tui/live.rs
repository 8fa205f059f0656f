//! The loop of the live screen: keys, the stream, answers and the clock in; frames and questions out.

use super::frame::{Shown, lines};
use super::{link, terminal};
use crate::cli::exit::{Exit, Failure};
use crate::client::{Client, Error, Event as Told, EventStream};
use crate::tui::{App, Ask, Effect, Event, Link, Live, Look, Problem, draw};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use serde_json::Value;
use std::io;
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

/// The least time between two frames that nobody asked for with a key.
const FRAME: Duration = Duration::from_millis(250);
/// How often the clock goes on, and with it what is asked anew.
const TICK: Duration = Duration::from_secs(1);
/// How long to wait before the stream is opened again.
const AGAIN: Duration = Duration::from_secs(1);
/// How long one frame may wait for its answers.
const ONCE: Duration = Duration::from_secs(10);

fn frame(app: &mut App, size: (u16, u16)) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
    let hits = draw(app, &mut buffer);
    app.drawn(hits);
    buffer
}

/// Draws one frame with all that the view asks for, and prints it.
pub(super) async fn once(client: Client, mut app: App, size: (u16, u16)) -> Result<(), Failure> {
    // Whether anybody is there at all is worth an exit code of its own.
    client.healthz().await?;
    let coloured = app.look() != Look::Plain;
    let mut effects = app.on(Event::Resize(size.0, size.1));
    effects.extend(app.on(Event::Link(Link::Live)));
    effects.extend(app.on(Event::Tick(SystemTime::now().into())));
    let asking = async {
        // What was answered may lead to one more question.
        for _ in 0..2 {
            for effect in std::mem::take(&mut effects) {
                let Effect::Ask(ask) = effect else { continue };
                let answer = link::ask(&client, &ask).await;
                if let Err(Problem { status: Some(401), message }) = &answer {
                    return Err(Failure::new(Exit::NotAllowed, message));
                }
                app.on(Event::Answer(ask, answer));
            }
            effects = app.on(Event::Tick(SystemTime::now().into()));
        }
        Ok(())
    };
    timeout(ONCE, asking).await.map_err(|_| Failure::new(Exit::Unreachable, "the server did not answer in time"))??;
    let buffer = frame(&mut app, size);
    lines(&buffer, coloured, &mut io::stdout().lock())?;
    Ok(())
}

/// The stream, and where it is in being opened.
struct Stream {
    open: Option<EventStream>,
    /// The last event that was heard: it is gone on with from there.
    heard: Option<String>,
}

impl Stream {
    /// What the stream does next: it is opened, says something, or ends. Cut short, nothing is lost.
    async fn next(&mut self, client: &Client, not_before: Instant) -> Result<Option<Told>, Error> {
        let Some(open) = &mut self.open else {
            tokio::time::sleep_until(not_before).await;
            self.open = Some(client.events(self.heard.as_deref()).await?);
            return Ok(Some(Told { kind: "opened".into(), ..Told::default() }));
        };
        let told = open.next().await?;
        if let Some(id) = told.as_ref().and_then(|told| told.id.as_ref()) {
            self.heard = Some(id.clone());
        }
        Ok(told)
    }
}

fn heard(told: Told) -> Option<Event> {
    Some(match told.kind.as_str() {
        "opened" => Event::Link(Link::Live),
        "decision" => Event::Live(Live::Decision(told.data)),
        "feedback" | "rating" => Event::Live(Live::Vote(told.data)),
        "missed" => {
            let missed = serde_json::from_str::<Value>(&told.data).ok()?.get("missed")?.as_u64()?;
            Event::Live(Live::Missed(missed))
        }
        _ => return None,
    })
}

/// The signals that ask a program to end: the terminal is given back first.
struct Ending {
    terminate: Signal,
    hang_up: Signal,
}

fn ending() -> Result<Ending, Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::new(Exit::Failed, format!("no signals: {error}")));
    Ok(Ending { terminate: listen(SignalKind::terminate())?, hang_up: listen(SignalKind::hangup())? })
}

impl Ending {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Runs the screen until somebody quits it.
pub(super) async fn run(client: Client, mut app: App) -> Result<(), Failure> {
    let broken = |error: io::Error| Failure::new(Exit::Failed, format!("the terminal cannot be used: {error}"));
    let mut size = crossterm::terminal::size().map_err(broken)?;
    let (taken, mut keys) = terminal::take().map_err(broken)?;
    let mut shown = Shown::new();
    let mut answers = FuturesUnordered::new();
    let mut stream = Stream { open: None, heard: None };
    let mut open_at = Instant::now();
    let mut clock = interval(TICK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut drawn_at = Instant::now();
    let mut effects = app.on(Event::Resize(size.0, size.1));
    // Whether something changed since the last frame, and whether a person waits for it.
    let (mut changed, mut hurry) = (true, true);
    let mut asked_to_end = ending()?;
    loop {
        for effect in effects.drain(..) {
            match effect {
                Effect::Quit => {
                    drop(taken);
                    return Ok(());
                }
                Effect::Redraw => shown.forget(),
                Effect::Ask(ask) => {
                    let client = client.clone();
                    answers.push(async move {
                        let answer = link::ask(&client, &ask).await;
                        (ask, answer)
                    });
                }
            }
        }
        if changed && (hurry || drawn_at.elapsed() >= FRAME) {
            shown.write(frame(&mut app, size), &mut io::stdout().lock())?;
            (changed, hurry, drawn_at) = (false, false, Instant::now());
        }
        let due = drawn_at + FRAME;
        let event = tokio::select! {
            biased;
            key = keys.recv() => {
                hurry = true;
                let Some(key) = key else { return Err(Failure::new(Exit::Failed, "the terminal went away")) };
                if let Event::Resize(width, height) = key {
                    size = (width, height);
                }
                Some(key)
            }
            () = asked_to_end.next() => {
                drop(taken);
                return Ok(());
            }
            now = clock.tick() => {
                let _: Instant = now;
                // A change of size that nobody told of: before the keys were read, or by a terminal that never tells.
                if let Ok(fresh) = crossterm::terminal::size()
                    && fresh != size
                {
                    size = fresh;
                    effects.extend(app.on(Event::Resize(size.0, size.1)));
                }
                Some(Event::Tick(SystemTime::now().into()))
            }
            Some((ask, answer)) = answers.next() => {
                let asked: Ask = ask;
                Some(Event::Answer(asked, answer))
            }
            () = sleep(due.saturating_duration_since(Instant::now())), if changed => None,
            told = stream.next(&client, open_at) => match told {
                Ok(Some(told)) => heard(told),
                ended => {
                    stream.open = None;
                    open_at = Instant::now() + AGAIN;
                    let why = ended.err().map_or_else(|| "the server closed it".to_owned(), |error| error.to_string());
                    Some(Event::Link(Link::Lost(why)))
                }
            },
        };
        if let Some(event) = event {
            changed = true;
            effects.extend(app.on(event));
        }
    }
}
