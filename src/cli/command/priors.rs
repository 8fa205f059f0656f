//! `floopy priors`: what is pooled across orgs, and whether this org takes part.

use crate::cli::args::Common;
use crate::cli::exit::Failure;
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::{connect, runtime};
use crate::resource::PriorsSetting;
use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct PriorsArgs {
    #[command(subcommand)]
    command: Option<PriorsCommand>,
    #[command(flatten)]
    get: Common,
}

#[derive(Debug, Subcommand)]
enum PriorsCommand {
    /// Show whether the org takes part, and what is published
    Get(Common),
    /// Contribute to the pool and use it
    On(Common),
    /// Neither contribute nor use; what was contributed is subtracted
    Off(Common),
}

const FIELDS: &[Field] = &[
    Field::shown("pooling", "/pooling", Kind::Text),
    Field::shown("installation", "/installation", Kind::Text),
    Field::shown("organization", "/organization", Kind::Text),
    Field::shown("min_orgs", "/min_orgs", Kind::Count),
    Field::shown("contributed_cells", "/contributed_cells", Kind::Count),
];

const CELLS: &[Field] = &[
    Field::shown("provider", "/provider", Kind::Text),
    Field::shown("model", "/model", Kind::Long),
    Field::shown("task_class", "/task_class", Kind::Text),
    Field::shown("quality", "/quality", Kind::Quality),
    Field::shown("pseudo_samples", "/pseudo_samples", Kind::Text),
];

pub(crate) fn run(args: PriorsArgs) -> Result<(), Failure> {
    let (common, setting) = match args.command {
        None => (args.get, None),
        Some(PriorsCommand::Get(common)) => (common, None),
        Some(PriorsCommand::On(common)) => (common, Some(PriorsSetting { pooling: true })),
        Some(PriorsCommand::Off(common)) => (common, Some(PriorsSetting { pooling: false })),
    };
    let client = connect::client(&common.server)?;
    let view = runtime::command(async {
        Ok(match setting {
            Some(setting) => client.put_priors(setting).await?,
            None => client.priors().await?,
        })
    })?;
    let mut printer = Printer::stdout(common.output.format);
    printer.show(FIELDS, &view)?;
    printer.section("published", CELLS, &view.cells)?;
    if setting.is_some_and(|setting| setting.pooling) && !view.installation {
        printer.hint("pooling is off for the whole installation (priors.pooling): the org's word waits for it");
    }
    Ok(())
}
