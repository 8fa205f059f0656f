//! The demo from its first line to its last.

use super::board::Board;
use super::play::Play;
use super::screen::Screen;
use super::stage::{Folder, address, configuration};
use crate::cli::args::Output;
use crate::cli::exit::{Exit, Failure};
use crate::cli::runtime;
use crate::client::Client;
use crate::upstream::replay::replay;
use clap::Args;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use tokio::time::Instant;

/// The demo ends by itself after this long, however many sessions are left.
const LONGEST: Duration = Duration::from_secs(30);
/// For people sessions follow each other so slowly that the table can be read while it grows.
const PACE: Duration = Duration::from_millis(100);
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Sessions to play; it ends after 30 s even if some are left
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
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
    runtime::server(play(args))
}

async fn play(args: &DemoArgs) -> Result<(), Failure> {
    let folder = Folder::open(args.data.as_deref())?;
    let address = address()?;
    let play = Play::new(args.seed);
    let file = folder.path.join("demo.toml");
    std::fs::write(&file, configuration(replay(), &folder.path.join("data"), address))
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", file.display())))?;
    let client = Client::new(&format!("http://{address}"), None)?;
    let mut screen = Screen::new();
    let board = sessions(args, &play, &client, &mut screen).await?;
    screen.draw(&board)?;
    Ok(())
}

/// Plays until the last session, the time limit, or Ctrl-C.
async fn sessions(args: &DemoArgs, play: &Play, client: &Client, screen: &mut Screen) -> Result<Board, Failure> {
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
        board.session();
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
