//! `floopy verify`: proving that the record, or an export of it, is whole.

use crate::cli::args::Common;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::{connect, packing, runtime};
use crate::resource::Verification;
use crate::store;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Every entry is read and hashed: a large store takes its time.
const PATIENCE: Duration = Duration::from_secs(3_600);

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// An export, as `floopy export` has written it; .gz and .zst are unpacked [default: the record itself]
    #[arg(value_name = "FILE", conflicts_with = "store")]
    file: Option<PathBuf>,
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

const EXPORT: &[Field] = &[
    Field::shown("whole", "/whole", Kind::Text),
    Field::shown("rows", "/rows", Kind::Count),
    Field::shown("bytes", "/bytes", Kind::Count),
    Field::shown("checksum_sha256", "/checksum_sha256", Kind::Text),
    Field::shown("chain_sequence", "/chain_sequence", Kind::Text),
    Field::shown("chain_head", "/chain_head", Kind::Text),
    Field::shown("broken_line", "/broken/line", Kind::Text),
    Field::shown("broken_because", "/broken/what", Kind::Text),
];

/// Proves an export whole: the file alone.
fn export(path: &Path, args: &VerifyArgs) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Failed, format!("{}: {error}", path.display()));
    let proof = packing::open(path).and_then(store::prove).map_err(failed)?;
    let trailer = proof.trailer.as_ref();
    let found = json!({
        "whole": proof.is_whole(), "rows": proof.rows, "bytes": proof.bytes,
        "checksum_sha256": trailer.map(|trailer| &trailer.checksum_sha256),
        "chain_sequence": trailer.map(|trailer| trailer.chain_sequence),
        "chain_head": trailer.and_then(|trailer| trailer.chain_head.as_ref()),
        "broken": proof.broken.as_ref().map(|(line, what)| json!({"line": line, "what": what})),
    });
    Printer::stdout(args.common.output.format).show(EXPORT, &found)?;
    if proof.is_whole() {
        return Ok(());
    }
    let hint = "export it again; where it was cut, `floopy export --resume` goes on with it";
    Err(Failure::new(Exit::Failed, "the export is not whole").hint(hint))
}

pub(crate) fn run(args: &VerifyArgs) -> Result<(), Failure> {
    if let Some(path) = &args.file {
        return export(path, args);
    }
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
