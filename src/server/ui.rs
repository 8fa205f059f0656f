//! The dashboard at `/ui`: who asks, whether the order is theirs, and which page shows what the API says.
//!
//! It asks the API's own handlers with the visitor's own key, so it can show and do nothing that the key could not. The
//! key lies in a cookie that no script can read, that goes to `/ui` alone and with no request of another site; an order
//! has to come from a page of this very host besides.

use super::auth::{Needs, caller};
use super::endpoint::{Endpoint, Found, Row, decoded, find};
use super::handle::{Server, read_body, resource};
use crate::api::{self, Answer, Request};
use crate::base::limits::{MAX_CLIENT_ANSWER, MAX_LABEL_BYTES};
use crate::base::{ApiError, Code, RequestId, body};
use crate::gateway::{Body, Caller};
use crate::ui::{self, Page};
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;

/// Where the key lies.
const COOKIE_NAME: &str = "floopy_key";
/// How long, in seconds.
const COOKIE_AGE: u32 = 12 * 3_600;
/// Bytes of a form.
const MAX_FORM: usize = 16 << 10;
/// Decisions on the overview, and in a list.
const LATEST: usize = 200;
const LISTED: usize = 100;
/// What a page may load: its own style and script, and nothing else from anywhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Whether a path is the dashboard's.
pub(super) fn is_ours(path: &str) -> bool {
    path == "/ui" || path.starts_with("/ui/")
}

/// Answers a request for the dashboard.
pub(super) async fn answer(server: &Server, head: Parts, body: Incoming, address: IpAddr, id: RequestId) -> Answer {
    let path = head.uri.path().strip_prefix("/ui").unwrap_or_default().trim_matches('/').to_owned();
    let parts: Vec<String> = path.split('/').map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let is_order = head.method == Method::POST;
    if !is_order && head.method != Method::GET && head.method != Method::HEAD {
        return Err(ApiError::new(Code::MethodNotAllowed, "pages take GET, orders take POST"));
    }
    match (is_order, parts.as_slice()) {
        (false, ["style.css"]) => return Ok(asset(ui::STYLE, "text/css; charset=utf-8")),
        (false, ["live.js"]) => return Ok(asset(ui::SCRIPT, "text/javascript; charset=utf-8")),
        (false, ["login"]) => return Ok(html(StatusCode::OK, ui::login(false))),
        _ => {}
    }
    if is_order && !is_from_here(&head.headers) {
        let error = ApiError::new(Code::FeatureDisabled, "orders are taken from pages of this gateway only");
        return Ok(trouble(&error, false));
    }
    let form = if is_order { form(&read_body(&head, body, MAX_FORM).await?) } else { Vec::new() };
    let mut visitor = Visitor { server, headers: head.headers, address, id, has_key: false };
    visitor.take_key_from_cookie();
    if is_order {
        // Somebody has pressed a button of ours that says what it does: that is the confirmation.
        visitor.headers.insert(api::experiments::CONFIRM.0, HeaderValue::from_static(api::experiments::CONFIRM.1));
    }
    match (is_order, parts.as_slice()) {
        (true, ["login"]) => return Ok(visitor.log_in(&form)),
        (true, ["logout"]) => return Ok(to("/ui/login", Some(cookie(server, "", 0)))),
        _ => {}
    }
    let query = head.uri.query().unwrap_or_default().to_owned();
    let answered = if is_order { visitor.order(&parts, &form).await } else { visitor.page(&parts, &query).await };
    Ok(match answered {
        Ok(response) => response,
        Err(error) if error.code == Code::InvalidApiKey && !is_order => to("/ui/login", None),
        Err(error) => trouble(&error, visitor.has_key),
    })
}

/// Somebody in front of a page.
struct Visitor<'a> {
    server: &'a Server,
    headers: HeaderMap,
    address: IpAddr,
    id: RequestId,
    has_key: bool,
}

impl Visitor<'_> {
    /// The cookie speaks where a program would send a header; whatever else was sent as a key counts for nothing here.
    fn take_key_from_cookie(&mut self) {
        let key = cookie_of(&self.headers).and_then(|key| HeaderValue::try_from(format!("Bearer {key}")).ok());
        for name in ["authorization", "x-api-key", "api-key"] {
            self.headers.remove(name);
        }
        self.has_key = key.is_some();
        if let Some(mut key) = key {
            key.set_sensitive(true);
            self.headers.insert(AUTHORIZATION, key);
        }
    }

    fn caller(&self, needs: Needs) -> Result<Caller, ApiError> {
        caller(&self.server.gateway.keys, &self.headers, self.address, needs)
    }

    fn may_write(&self) -> bool {
        self.caller(Needs::Write).is_ok()
    }

    fn log_in(&self, form: &[(String, String)]) -> Response<Body> {
        let key = field(form, "key").trim();
        let known = self.server.gateway.keys.find(key).is_some_and(|key| key.permissions.read);
        if known {
            to("/ui", Some(cookie(self.server, key, COOKIE_AGE)))
        } else {
            html(StatusCode::FORBIDDEN, ui::login(true))
        }
    }

    async fn page(&self, parts: &[&str], query: &str) -> Answer {
        let shown = |title, is_live, main: &str| {
            let page = Page { title, has_key: self.has_key, is_live, note: None };
            Ok(html(StatusCode::OK, page.around(main)))
        };
        match parts {
            [""] => {
                let decisions = self.get("/v1/decisions", Some(format!("limit={LATEST}"))).await?;
                let routes = self.get("/v1/routes", None).await?;
                shown("Overview", true, &ui::overview(&decisions, &routes))
            }
            ["decisions"] => {
                let asked = form(query.as_bytes());
                let (model, status) = (field(&asked, "model"), field(&asked, "status"));
                let cursor = field(&asked, "cursor");
                let limit = LISTED.to_string();
                let given = [("limit", limit.as_str()), ("model", model), ("status", status), ("cursor", cursor)];
                let page = self.get("/v1/decisions", Some(query_of(&given))).await?;
                shown("Decisions", cursor.is_empty(), &ui::decisions(&page, model, status))
            }
            ["decisions", id] => {
                let decision = self.get(&format!("/v1/decisions/{}", segment(id)), None).await?;
                shown("Decision", true, &ui::decision(&decision, self.may_write()))
            }
            ["sessions"] => {
                let page = self.get("/v1/sessions", Some(format!("limit={LISTED}"))).await?;
                shown("Sessions", true, &ui::sessions(&page))
            }
            ["sessions", id] => {
                let page = self.get("/v1/decisions", Some(query_of(&[("session_id", id), ("limit", "500")]))).await?;
                shown("Session", true, &ui::session(id, &page))
            }
            ["routes"] => {
                let page = self.get("/v1/routes", None).await?;
                shown("Routes", true, &ui::routes(&page, self.may_write()))
            }
            ["experiments"] => {
                let page = self.get("/v1/experiments", Some(format!("limit={LISTED}"))).await?;
                shown("Experiments", true, &ui::experiments(&page, self.may_write()))
            }
            ["events"] => {
                let caller = self.caller(Needs::Read)?;
                api::events::stream(self.request(caller, String::new(), None, Bytes::new())).await
            }
            _ => Err(ApiError::new(Code::NotFound, "there is no such page")),
        }
    }

    async fn order(&self, parts: &[&str], form: &[(String, String)]) -> Answer {
        match parts {
            ["decisions", id, "rating"] => {
                let score: f64 = field(form, "score").trim().parse().map_err(|_| {
                    ApiError::new(Code::InvalidRequest, "a rating is a number from 0 to 100").param("score")
                })?;
                let body = json!({"score": score}).to_string().into();
                self.ask("PUT", &format!("/v1/decisions/{}/rating", segment(id)), None, body).await?;
                Ok(to(&format!("/ui/decisions/{}", segment(id)), None))
            }
            ["routes", route, order @ ("pin" | "unpin")] => {
                let method = if *order == "pin" { "POST" } else { "DELETE" };
                self.ask(method, &format!("/v1/routes/{}/pin", segment(route)), None, Bytes::new()).await?;
                Ok(to("/ui/routes", None))
            }
            ["experiments", id, "rollback"] => {
                self.ask("POST", &format!("/v1/experiments/{}/rollback", segment(id)), None, Bytes::new()).await?;
                Ok(to("/ui/experiments", None))
            }
            _ => Err(ApiError::new(Code::NotFound, "there is no such order")),
        }
    }

    async fn get(&self, path: &str, query: Option<String>) -> Result<Value, ApiError> {
        self.ask("GET", path, query, Bytes::new()).await
    }

    /// Asks the API as the visitor.
    async fn ask(&self, method: &str, path: &str, query: Option<String>, body: Bytes) -> Result<Value, ApiError> {
        let Found::Row(row, name) = find(method, path) else {
            return Err(ApiError::new(Code::NotFound, "not available on this server"));
        };
        let Row { endpoint, needs, .. } = row;
        let caller = self.caller(*needs)?;
        let response = resource(Endpoint::clone(endpoint), self.request(caller, name, query, body)).await?;
        let unreadable = || ApiError::new(Code::Internal, "what the API said could not be shown");
        let bytes = body::read(response.into_body(), MAX_CLIENT_ANSWER).await.map_err(|_| unreadable())?;
        serde_json::from_slice(&bytes).map_err(|_| unreadable())
    }

    fn request(&self, caller: Caller, name: String, query: Option<String>, body: Bytes) -> Request {
        let (gateway, headers) = (Arc::clone(&self.server.gateway), self.headers.clone());
        let batches = Arc::clone(&self.server.batches);
        Request { gateway, batches, caller, id: self.id, name, query, headers, body }
    }
}

fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// A query of what was given.
fn query_of(pairs: &[(&str, &str)]) -> String {
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
}

fn form(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).take(16).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    let value = form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    if value.len() > MAX_LABEL_BYTES.max(4_096) { "" } else { value }
}

fn cookie_of(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE_NAME && !value.is_empty()).map(|(_, value)| value)
}

/// The cookie with a key, or the end of it. Behind TLS it never travels without.
fn cookie(server: &Server, key: &str, age: u32) -> String {
    let secure = if server.gateway.config().server.tls.is_some() { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={key}; Path=/ui; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}

/// Whether an order comes from a page of this host: browsers say where a form was, and no page can make them lie.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST.as_str());
    match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        // Holds behind a proxy that gives the gateway another host's name.
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin.split_once("://").is_some_and(|(_, from)| Some(from) == host),
        (None, None) => false,
    }
}

fn html(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    guard(&mut response, "text/html; charset=utf-8", "no-store");
    response
}

fn asset(text: &'static str, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    guard(&mut response, kind, "max-age=300");
    response
}

fn guard(response: &mut Response<Body>, kind: &'static str, cache: &'static str) {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, cache),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // A form's origin is how an order is told from a stranger's: `no-referrer` would hide it.
        (REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Sends the browser to another page.
fn to(path: &str, cookie: Option<String>) -> Response<Body> {
    let mut response = html(StatusCode::SEE_OTHER, String::new());
    if let Ok(path) = HeaderValue::try_from(path) {
        response.headers_mut().insert(LOCATION, path);
    }
    if let Some(mut cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
        cookie.set_sensitive(true);
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// An error as a page.
fn trouble(error: &ApiError, has_key: bool) -> Response<Body> {
    let page = Page { title: "Not done", has_key, is_live: false, note: None };
    let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    html(status, page.around(&ui::problem(&error.message)))
}
