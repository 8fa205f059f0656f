//! `floopy rate`: a rating of one request by hand.

use super::{decisions, dimensions};
use crate::cli::args::Common;
use crate::cli::exit::Failure;
use crate::cli::output::Printer;
use crate::cli::{connect, runtime};
use crate::client::RatingCall;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct RateArgs {
    /// The request id, as in the answer's x-request-id header
    #[arg(value_name = "REQUEST_ID")]
    id: String,
    /// How good it was, 0 to 100
    #[arg(value_name = "0..100")]
    score: f64,
    /// Further scores by name, such as tone=80
    #[arg(long = "dimension", value_name = "NAME=NUMBER", value_parser = dimensions::parse)]
    dimensions: Vec<(String, f64)>,
    /// A remark for people
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(args: RateArgs) -> Result<(), Failure> {
    let id = decisions::request_id(&args.id)?;
    let client = connect::client(&args.common.server)?;
    let call = RatingCall { score: args.score, dimensions: args.dimensions.into_iter().collect(), note: args.note };
    let decision = runtime::command(async { Ok(client.rate(id, &call).await?) })?;
    decisions::show(&mut Printer::stdout(args.common.output.format), &decision)
}
