//! One run of the program: parse, run one command, say what went wrong, end with its code.

use super::args::{Cli, Command, command_line};
use super::command;
use super::exit::{Exit, Failure};
use super::output::Terminal;
use clap::FromArgMatches;
use std::io::Write;
use std::panic;
use std::process::ExitCode;

/// Runs the command line and maps its outcome to an exit code.
#[must_use]
pub fn main() -> ExitCode {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        // The text of a panic may quote what a caller sent, so it shows only to somebody who hunts the bug.
        let text = info.payload_as_str().filter(|_| std::env::var_os("RUST_BACKTRACE").is_some());
        let text = text.map_or_else(String::new, |text| format!(": {text}"));
        talk(&format!("floopy: bug{place}{text}\nfloopy: please report it with your version, {VERSION}\n"));
    }));
    let exit = match panic::catch_unwind(parse_and_run) {
        Ok(Ok(())) => Exit::Done,
        Ok(Err(failure)) => {
            say(&failure);
            failure.exit
        }
        Err(_) => Exit::Bug,
    };
    exit.into()
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn parse_and_run() -> Result<(), Failure> {
    let cli = match command_line().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            error.print()?;
            return Err(Failure::said(exit));
        }
    };
    match cli.command {
        Command::Serve(args) => command::serve::run(&args),
        Command::Tui(args) => command::tui::run(&args),
        Command::Explain(args) => command::explain::run(args),
        Command::Decisions(args) => command::decisions::run(args),
        Command::Requests(args) => command::requests::run(&args),
        Command::Feedback(args) => command::feedback::run(args),
        Command::Rate(args) => command::rate::run(args),
        Command::Routes(args) => command::routes::run(args),
        Command::Constraints(args) => command::constraints::run(args),
        Command::Experiments(args) => command::experiments::run(args),
        Command::Eval(args) => command::eval::run(args),
        Command::Priors(args) => command::priors::run(args),
        Command::Sessions(args) => command::sessions::run(args),
        Command::Savings(args) => command::savings::run(&args),
        Command::Export(args) => command::export::run(&args),
        Command::Keys(args) => command::keys::run(args),
        Command::Config(args) => command::config::run(&args),
        Command::Verify(args) => command::verify::run(&args),
        Command::Replay(args) => command::replay::run(&args),
        Command::Doctor(args) => command::doctor::run(&args),
        Command::Demo(args) => command::demo::run(&args),
        Command::Healthz(args) => command::healthz::run(&args),
        Command::Completions(args) => command::completions::run(&args),
        Command::Man(args) => command::man::run(&args),
    }
}

fn say(failure: &Failure) {
    let colour = Terminal::of_stderr();
    if !failure.message.is_empty() {
        talk(&format!("{} {}\n", colour.red("error:"), failure.message));
    }
    if let Some(hint) = &failure.hint {
        talk(&format!("{} {hint}\n", colour.bold("try:")));
    }
}

/// Writes to stderr. Where even that fails, nobody is left to be told.
fn talk(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).unwrap_or_default();
}
