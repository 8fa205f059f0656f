//! `floopy man`: the manual, one page a command.

use crate::cli::args::command_line;
use crate::cli::exit::{Exit, Failure};
use clap::Args;
use clap_mangen::Man;
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command whose page to print, such as `serve` or `keys create` [default: floopy itself]
    command: Vec<String>,
    /// Write every page into this folder instead
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &ManArgs) -> Result<(), Failure> {
    let mut command = command_line();
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)
            .and_then(|()| clap_mangen::generate_to(command, folder))
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot write to {}: {error}", folder.display())))?;
        return Ok(());
    }
    command.build();
    for name in &args.command {
        let Some(inner) = command.find_subcommand(name) else {
            return Err(Failure::new(Exit::Usage, format!("there is no command {name:?} here"))
                .hint("`floopy --help` lists the commands"));
        };
        command = inner.clone();
    }
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    std::io::stdout().write_all(&page)?;
    Ok(())
}
