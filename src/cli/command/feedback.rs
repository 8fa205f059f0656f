//! `floopy feedback`: what a session or a request was worth.

use super::dimensions;
use crate::cli::args::Common;
use crate::cli::exit::Failure;
use crate::cli::output::{Field, Kind, Printer};
use crate::cli::{connect, runtime};
use crate::client::FeedbackCall;
use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct FeedbackArgs {
    /// The session; a request id or a completion id will do [default: the latest session of the key]
    #[arg(value_name = "SESSION")]
    session: Option<String>,
    /// One request of it only
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// How good it was, 0 to 10
    #[arg(long, value_name = "0..10")]
    score: f64,
    /// Whether it was of use [default: yes from a score of 5]
    #[arg(long, value_enum)]
    useful: Option<YesNo>,
    /// A remark for people
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Further scores by name, such as tone=8
    #[arg(long = "dimension", value_name = "NAME=NUMBER", value_parser = dimensions::parse)]
    dimensions: Vec<(String, f64)>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

const FIELDS: &[Field] =
    &[Field::shown("session_id", "/session_id", Kind::Text), Field::shown("duplicate", "/duplicate", Kind::Text)];

pub(crate) fn run(args: FeedbackArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?;
    let call = FeedbackCall {
        session_id: args.session,
        request_id: args.request,
        score: args.score,
        useful: args.useful.map_or(args.score >= 5.0, |useful| useful == YesNo::Yes),
        comment: args.comment,
        dimensions: args.dimensions.into_iter().collect(),
    };
    let receipt = runtime::command(async { Ok(client.feedback(&call).await?) })?;
    let mut printer = Printer::stdout(args.common.output.format);
    printer.show(FIELDS, &receipt)?;
    if receipt.duplicate {
        printer.hint("it had feedback already: the first one stands, nothing was changed");
    }
    Ok(())
}
