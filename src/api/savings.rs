//! `GET /v1/savings` and `GET /v1/optimization/verification`: what routing has saved, against the hold-out.

use super::input::{Query, one_of};
use super::span::{bounded, span};
use super::{Answer, Request, blocking, not_found, ok};
use crate::base::{ApiError, Code, OrgId, limits};
use crate::resource::savings::{GroupBy, Savings, Verified};
use crate::routing::Account;
use crate::store::{Span, Store};
use std::ops::ControlFlow;
use std::time::Duration;

/// Decisions that are read from one snapshot.
const SLICE: u32 = 10_000;
/// Parts of one answer.
const MAX_PARTS: usize = 10_000;

/// Reads a span into an account; `None` where it has too many parts.
fn fold(store: &Store, org: &OrgId, span: Span, group_by: GroupBy) -> Result<Option<Account>, crate::store::Error> {
    let (mut account, mut after) = (Account::new(group_by), None);
    loop {
        let mut left = SLICE;
        after = store.rest_of(org, span, after, |resting| {
            account.add(&resting.facts, &resting.beside);
            left -= 1;
            if left > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if account.parts() > MAX_PARTS {
            return Ok(None);
        }
        if after.is_none() {
            return Ok(Some(account));
        }
    }
}

async fn account(request: &Request, span: Span, group_by: GroupBy) -> Result<Account, ApiError> {
    let (store, org) = (request.gateway.store.clone(), request.caller.org.clone());
    store.flush().await.map_err(crate::store::Error::into_api_error)?;
    let most = request.gateway.config().export_max_rows;
    let found = blocking(move || {
        let rows = store.most_in(&org, span)?;
        if rows > most { Ok(Err(rows)) } else { fold(&store, &org, span, group_by).map(Ok) }
    });
    match found.await? {
        Ok(Some(account)) => Ok(account),
        Ok(None) => {
            let message =
                format!("there are more than {MAX_PARTS} parts: ask for a shorter span, or by something else");
            Err(ApiError::new(Code::InvalidRequest, message).param("group_by"))
        }
        Err(rows) => {
            bounded(rows, most)?;
            Err(not_found())
        }
    }
}

/// What was saved, part by part.
pub(crate) async fn savings(request: Request) -> Answer {
    let query = Query::read(request.query.as_deref(), &["from", "to", "group_by"])?;
    let span = span(&query, request.gateway.now())?;
    let group_by = match query.text("group_by") {
        None => GroupBy::default(),
        Some(text) => one_of("group_by", text, GroupBy::ALL, GroupBy::as_str)?,
    };
    let account = account(&request, span, group_by).await?;
    let rate = request.gateway.config().savings_rate;
    let (total, groups) = account.savings(rate);
    ok(&Savings { from: span.from, to: span.to, group_by, rate, total, groups })
}

/// A window such as `7d` or `24h`.
fn window(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let window = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?);
    (!window.is_zero() && window <= limits::MAX_EXPORT_SPAN).then_some(window)
}

/// Whether a route is cheaper than its default model, and not worse than its org allows.
pub(crate) async fn verification(request: Request) -> Answer {
    let query = Query::read(request.query.as_deref(), &["route_id", "window"])?;
    let text = query.text("window").unwrap_or("7d").to_owned();
    let bad = || ApiError::new(Code::InvalidRequest, "window takes an age of 1h to 90d, such as 7d").param("window");
    let window = window(&text).ok_or_else(bad)?;
    let config = request.gateway.config();
    let route = match (query.text("route_id"), config.routes.as_slice()) {
        (Some(name), routes) => routes.iter().find(|route| route.id.as_str() == name).ok_or_else(not_found)?,
        (None, [only]) => only,
        (None, _) => {
            let message = "route_id takes the name of a route: see GET /v1/routes";
            return Err(ApiError::new(Code::InvalidRouteId, message).param("route_id"));
        }
    };
    let to = request.gateway.now();
    let account = account(&request, Span { from: to.minus(window), to }, GroupBy::Route).await?;
    let regression = request.gateway.constraints(&request.caller.org).optimization.regression();
    let (status, baseline, floopy, delta) = account.verify(route.id.as_str(), regression);
    ok(&Verified { route_id: route.id.to_string(), window: text, status, baseline, floopy, delta })
}
