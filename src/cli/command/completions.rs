//! `floopy completions`: the script that a shell loads.

use crate::cli::args::command_line;
use crate::cli::exit::Failure;
use clap::Args;
use clap_complete::{Shell, generate};
use std::io::Write;

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut command_line(), "floopy", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(())
}
