//! `floopy verify`: proving that the record is whole.

use crate::cli::args::Common;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::{connect, runtime};
use crate::resource::Verification;
use crate::store;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Every entry is read and hashed: a large store takes its time.
const PATIENCE: Duration = Duration::from_secs(3_600);

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A store that no server has open: its folder, or the file floopy.redb in it [default: ask the running server]
    #[arg(long, value_name = "PATH")]
    store: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

const FIELDS: &[Field] = &[
    Field::shown("whole", "/whole", Kind::Text),
    Field::shown("orgs", "/orgs", Kind::Count),
    Field::shown("entries", "/entries", Kind::Count),
    Field::shown("decisions", "/decisions", Kind::Count),
    Field::shown("pruned", "/pruned", Kind::Count),
    Field::shown("broken_org", "/broken/org", Kind::Text),
    Field::shown("broken_at", "/broken/sequence", Kind::Text),
    Field::shown("broken_because", "/broken/what", Kind::Text),
];

pub(crate) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let found = match &args.store {
        Some(path) => file(path)?,
        None => {
            let client = connect::client(&args.common.server)?.with_timeout(PATIENCE);
            runtime::command(async { Ok(client.verify().await?) })?
        }
    };
    Printer::stdout(args.common.output.format).show(FIELDS, &found)?;
    if found.whole { Ok(()) } else { Err(Failure::new(Exit::Failed, "the record is not whole").hint(RESTORE)) }
}

const RESTORE: &str = "keep this file, and restore the latest backup that `floopy verify --store` proves whole";

fn file(path: &Path) -> Result<Verification, Failure> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if !path.is_dir() && path.file_name().is_some_and(|name| name != store::FILE) {
        let message = format!("{} is neither a data folder nor a {}", path.display(), store::FILE);
        return Err(Failure::new(Exit::Usage, message));
    }
    store::verify_folder(folder).map(Verification::from).map_err(|error| {
        let failure = Failure::new(Exit::Failed, format!("{}: {error}", path.display()));
        match error {
            store::Error::Locked => failure.hint("leave out --store to ask the server that has it open"),
            _ => failure,
        }
    })
}
