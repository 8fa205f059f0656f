//! The demo from its first line to its last.

use super::board::Board;
use super::play::Play;
use super::screen::Screen;
use super::stage::{Folder, LEARNS, ROUTES, address, configuration};
use crate::cli::args::Output;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Printer;
use crate::cli::{runtime, sources};
use crate::client::Client;
use crate::config::Sources;
use crate::server;
use crate::upstream::replay::replay;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The demo ends by itself after this long, however many sessions are left.
const LONGEST: Duration = Duration::from_secs(50);
/// For people sessions follow each other so slowly that the table can be read while it grows.
const PACE: Duration = Duration::from_millis(20);
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Sessions to play; it ends after 50 s even if some are left
    #[arg(long, value_name = "N", default_value_t = 1200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    sessions: u32,
    /// Which sessions: the same number plays the same ones
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Leave the server running afterwards, until it is stopped with Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Data folder [default: a temporary one that is removed afterwards]
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    runtime::server(perform(args))
}

/// The server and the play, side by side until both have ended.
async fn perform(args: &DemoArgs) -> Result<(), Failure> {
    let folder = Folder::open(args.data.as_deref())?;
    let file = folder.path.join("demo.toml");
    std::fs::write(&file, configuration(replay(), &folder.path.join("data"), address()))
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", file.display())))?;
    let from = Sources { file: Some(file), ..Sources::default() };
    let loaded = sources::load(&from)?;
    let (ready, up) = oneshot::channel();
    let server = server::run(from, loaded, |address| ready.send(address).unwrap_or_default());
    let show = async {
        let Ok(address) = up.await else { return Ok(()) };
        let shown = show(args, address).await;
        if !args.keep || shown.is_err() {
            stop()?;
        }
        shown
    };
    let (served, shown) = tokio::join!(server, show);
    served.map_err(|error| Failure::new(Exit::Failed, error))?;
    shown
}

/// The play from its first line to its last.
async fn show(args: &DemoArgs, address: SocketAddr) -> Result<(), Failure> {
    let url = format!("http://{address}");
    let client = Client::new(&url, None)?;
    let mut printer = Printer::stdout(args.output.format);
    if printer.is_human() {
        printer.text(&opening(args, &url))?;
    }
    let mut screen = Screen::new(args.output.format);
    let board = sessions(args, &client, &mut screen).await?;
    screen.draw(&board)?;
    if !printer.is_human() {
        printer.show(&[], &board.summary())?;
    }
    let more = if args.keep { kept(&url) } else { String::from(CLOSING) };
    printer.hint(&more);
    Ok(())
}

fn opening(args: &DemoArgs, url: &str) -> String {
    let mut text = format!(
        "A floopy server at {url} plays {} recorded sessions. Questions, right or wrong answers, token counts and prices\n\
         are records of real models ({} questions, {} models); no model is called. What an answer was worth is said in feedback,\n\
         and the first route learns from it.\n\n",
        args.sessions,
        replay().items.len(),
        replay().models.len(),
    );
    for (route, strategy, meaning) in ROUTES {
        text.push_str(&format!("  {route:<10} {strategy:<14} {meaning}\n"));
    }
    text
}

/// What to do after a demo that has ended.
const CLOSING: &str =
    "`floopy demo --keep` leaves the server running to look around in; `floopy serve` serves for real";

/// What to look at while the server is kept.
fn kept(url: &str) -> String {
    format!(
        "the server goes on at {url} until Ctrl-C; look around with\n  floopy decisions --url {url}\n  \
         floopy sessions --url {url}\n  floopy routes show {LEARNS} --url {url}"
    )
}

/// Ends the server as an operator would, so that it drains and closes its store.
fn stop() -> Result<(), Failure> {
    use rustix::process::{Signal, getpid, kill_process};
    kill_process(getpid(), Signal::TERM).map_err(|error| Failure::new(Exit::Failed, error))
}

/// Plays until the last session, the time limit, or Ctrl-C.
async fn sessions(args: &DemoArgs, client: &Client, screen: &mut Screen) -> Result<Board, Failure> {
    let play = Play::new(args.seed);
    let mut board = Board::default();
    let end = Instant::now() + LONGEST;
    let mut stop = pin!(tokio::signal::ctrl_c());
    for number in 0..u64::from(args.sessions) {
        let began = Instant::now();
        let session = tokio::select! {
            session = play.session(client, number) => session?,
            _ = &mut stop => break,
        };
        session.requests.iter().for_each(|played| board.request(played));
        board.session(session.feedback);
        if session.rated {
            board.rating();
        }
        screen.refresh(&board)?;
        if screen.is_live() {
            tokio::time::sleep_until(began + PACE).await;
        }
        if Instant::now() > end {
            break;
        }
    }
    Ok(board)
}
