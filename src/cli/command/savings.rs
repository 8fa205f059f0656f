//! `floopy savings`: what was saved, against the hold-out.

use crate::base::{RouteId, Timestamp};
use crate::cli::args::Common;
use crate::cli::exit::Failure;
use crate::cli::output::{Field, Kind, Printer, when};
use crate::cli::{connect, runtime};
use crate::resource::savings::GroupBy;
use clap::{Args, ValueEnum};
use std::time::Duration;

/// A long span is read decision by decision.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Debug, Args)]
pub(crate) struct SavingsArgs {
    /// Only from this time on: RFC 3339, an age such as 2h, 7d, or today, yesterday [default: 90 days before --to]
    #[arg(long, value_name = "TIME", value_parser = when)]
    from: Option<Timestamp>,
    /// Only before this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = when)]
    to: Option<Timestamp>,
    /// What to tell them by
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    by: By,
    /// Verify one route instead: is it cheaper, and no worse?
    #[arg(long, value_name = "ROUTE", conflicts_with_all = ["from", "to", "by"])]
    verify: Option<String>,
    /// Over which time to verify it, such as 24h or 7d
    #[arg(long, value_name = "AGE", default_value = "7d", requires = "verify")]
    window: String,
    #[command(flatten)]
    common: Common,
}

/// What savings are told by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    #[default]
    Route,
    Model,
    Key,
    Project,
    User,
    Session,
}

impl From<By> for GroupBy {
    fn from(by: By) -> Self {
        match by {
            By::Route => Self::Route,
            By::Model => Self::Model,
            By::Key => Self::Key,
            By::Project => Self::Project,
            By::User => Self::User,
            By::Session => Self::Session,
        }
    }
}

macro_rules! fields {
    ($base:literal) => {
        &[
            Field::shown("group", concat!($base, "/group"), Kind::Long),
            Field::shown("calls", concat!($base, "/calls"), Kind::Count),
            Field::shown("actual_micro_usd", concat!($base, "/actual_micro_usd"), Kind::Money),
            Field::wide("baseline_micro_usd", concat!($base, "/baseline_micro_usd"), Kind::Money),
            Field::shown("saved_micro_usd", concat!($base, "/saved_micro_usd"), Kind::Money),
            Field::shown("saved_lower_micro_usd", concat!($base, "/saved_lower_micro_usd"), Kind::Money),
            Field::shown("saved_upper_micro_usd", concat!($base, "/saved_upper_micro_usd"), Kind::Money),
            Field::shown("saved_share", concat!($base, "/saved_share"), Kind::Share),
            Field::wide("measured_calls", concat!($base, "/measured_calls"), Kind::Count),
            Field::wide("holdout_calls", concat!($base, "/holdout_calls"), Kind::Count),
            Field::wide("quality_delta", concat!($base, "/quality_delta/value"), Kind::Decimal(3)),
            Field::detail("quality_delta_lower", concat!($base, "/quality_delta/lower"), Kind::Decimal(3)),
            Field::detail("quality_delta_upper", concat!($base, "/quality_delta/upper"), Kind::Decimal(3)),
            Field::detail("priced_baseline_micro_usd", concat!($base, "/priced_baseline_micro_usd"), Kind::Money),
            Field::detail("priced_saved_micro_usd", concat!($base, "/priced_saved_micro_usd"), Kind::Money),
            Field::shown("invoice_micro_usd", concat!($base, "/invoice_micro_usd"), Kind::Money),
        ]
    };
}

const GROUPS: &[Field] = fields!("");
const TOTAL: &[Field] = fields!("/total");

const VERIFIED: &[Field] = &[
    Field::shown("route", "/route_id", Kind::Text),
    Field::shown("window", "/window", Kind::Text),
    Field::shown("status", "/status", Kind::Text),
    Field::shown("routed_calls", "/floopy/samples", Kind::Count),
    Field::shown("holdout_calls", "/baseline/samples", Kind::Count),
    Field::shown("cost_pct", "/delta/cost_pct", Kind::Decimal(1)),
    Field::shown("cost_pct_lower", "/delta/cost_pct_interval/lower", Kind::Decimal(1)),
    Field::shown("cost_pct_upper", "/delta/cost_pct_interval/upper", Kind::Decimal(1)),
    Field::shown("quality_delta", "/delta/quality_abs", Kind::Decimal(3)),
    Field::shown("quality_delta_lower", "/delta/quality_interval/lower", Kind::Decimal(3)),
    Field::shown("quality_delta_upper", "/delta/quality_interval/upper", Kind::Decimal(3)),
    Field::shown("p50_latency_delta_ms", "/delta/p50_latency_ms", Kind::Decimal(0)),
];

pub(crate) fn run(args: &SavingsArgs) -> Result<(), Failure> {
    let client = connect::client(&args.common.server)?.with_timeout(PATIENCE);
    let mut printer = Printer::stdout(args.common.output.format);
    if let Some(route) = &args.verify {
        let route = RouteId::from(route.as_str());
        let verified = runtime::command(async { Ok(client.verification(&route, &args.window).await?) })?;
        printer.show(VERIFIED, &verified)?;
        return Ok(());
    }
    let savings = runtime::command(async { Ok(client.savings(args.from, args.to, args.by.into()).await?) })?;
    if args.common.output.format == crate::cli::output::Format::Csv {
        let mut listing = printer.listing(GROUPS);
        listing.page(&savings.groups)?;
        listing.end(None, None)?;
        return Ok(());
    }
    printer.show(TOTAL, &savings)?;
    printer.section(&format!("by {}", savings.group_by.as_str()), GROUPS, &savings.groups)?;
    if savings.total.saved_micro_usd.is_none() {
        printer
            .hint("nothing is measured yet: a route that learns needs ten held-out and ten routed calls in the span");
    }
    Ok(())
}
