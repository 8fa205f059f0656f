//! `floopy tui`: the gateway, live in a terminal.
//!
//! Here are the terminal, the connection and the clock; what is shown and what keys do is decided in `tui`.

mod frame;
mod link;
mod live;
mod terminal;

use crate::cli::args::Server;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{connect, runtime};
use crate::tui::{App, Look, View};
use clap::Args;
use std::io::IsTerminal;
use std::time::SystemTime;

/// Columns and lines of a frame where there is no terminal to ask.
const DEFAULT_SIZE: (u16, u16) = (120, 40);

#[derive(Debug, Args)]
pub(crate) struct TuiArgs {
    /// Print one frame and end; works without a terminal
    #[arg(long)]
    once: bool,
    /// The view to begin with
    #[arg(long, value_enum, default_value_t = Begin::Overview)]
    view: Begin,
    /// Colours [auto: by NO_COLOR, TERM and COLORTERM]
    #[arg(long, value_enum, default_value_t = Theme::Auto)]
    theme: Theme,
    /// Size of the frame that --once prints [default: the terminal's, else 120x40]
    #[arg(long, value_name = "COLUMNSxLINES", value_parser = size, requires = "once")]
    size: Option<(u16, u16)>,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Begin {
    /// How everything stands
    Overview,
    /// Request by request
    Decisions,
    /// Session by session
    Sessions,
    /// Routes and their models
    Routes,
    /// Canaries, shadows, splits
    Experiments,
    /// How the providers do
    Providers,
    /// What the screen noticed
    Log,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Theme {
    /// As the terminal says
    Auto,
    /// Millions of colours on a dark ground
    Dark,
    /// Millions of colours on a light ground
    Light,
    /// The terminal's own sixteen colours
    #[value(name = "16")]
    Sixteen,
    /// No colour
    None,
}

pub(crate) fn run(args: &TuiArgs) -> Result<(), Failure> {
    let client = connect::client(&args.server)?;
    let is_terminal = std::io::stdout().is_terminal();
    let look = look(args.theme, is_terminal);
    let view = View::ALL.get(args.view as usize).copied().unwrap_or(View::Overview);
    let app = App::new(client.url(), look, view, SystemTime::now().into());
    if args.once {
        let size =
            args.size.or_else(|| crossterm::terminal::size().ok().filter(|_| is_terminal)).unwrap_or(DEFAULT_SIZE);
        return runtime::command(live::once(client, app, size));
    }
    if !is_terminal || !std::io::stdin().is_terminal() {
        return Err(Failure::new(Exit::Usage, "the screen needs a terminal on both stdin and stdout")
            .hint("`floopy tui --once` prints one frame anywhere"));
    }
    runtime::command(live::run(client, app))
}

/// The colours to begin with; a pipe gets none unless they are asked for.
fn look(theme: Theme, is_terminal: bool) -> Look {
    match theme {
        Theme::Dark => Look::Dark,
        Theme::Light => Look::Light,
        Theme::Sixteen => Look::Sixteen,
        Theme::None => Look::Plain,
        Theme::Auto => {
            let is_set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
            let is_dumb = is_set("TERM").is_none_or(|term| term == "dumb");
            let many = is_set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
            match (is_terminal && is_set("NO_COLOR").is_none() && !is_dumb, many) {
                (false, _) => Look::Plain,
                (true, true) => Look::Dark,
                (true, false) => Look::Sixteen,
            }
        }
    }
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let parsed = text.split_once('x').and_then(|(columns, lines)| {
        let (columns, lines) = (columns.parse().ok()?, lines.parse().ok()?);
        ((1..=1_000).contains(&columns) && (1..=1_000).contains(&lines)).then_some((columns, lines))
    });
    parsed.ok_or_else(|| format!("{text:?} is not a size: write it as 120x40, at most 1000x1000"))
}
