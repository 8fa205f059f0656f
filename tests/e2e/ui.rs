//! The dashboard's pages over HTTP: who sees them, whose orders they take, and what they let a browser do.
//! What a browser makes of them is tested in `tests/ui/`.

use crate::commands::{data, json};
use crate::fake::Fake;
use crate::harness::Gateway;
use crate::http::{self, Answer};

const ROUTE: &str = "[[route]]\nname = \"auto\"\nstrategy = \"feedback_driven\"\ndefault_model = \"up/dear\"\ncandidates = [\"up/cheap\"]\n";

fn get(gateway: &Gateway, path: &str, cookie: &str) -> Answer {
    http::call(gateway.address, "GET", path, &[("cookie", cookie)], b"")
}

fn post(gateway: &Gateway, path: &str, cookie: &str, origin: &str, form: &str) -> Answer {
    let headers = [("cookie", cookie), ("origin", origin), ("content-type", "application/x-www-form-urlencoded")];
    http::call(gateway.address, "POST", path, &headers, form.as_bytes())
}

/// Where a form of this gateway's own pages was, by the name that the tests call it by.
const HERE: &str = "http://127.0.0.1";

/// Makes a key and logs in with it; gives the cookie.
fn logged_in(gateway: &Gateway, name: &str, more: &[&str]) -> String {
    let made = json(&data(gateway, &[&["keys", "create", name, "--format", "json"], more].concat()));
    let secret = made["secret"].as_str().unwrap_or_else(|| panic!("{made}"));
    let answer = post(gateway, "/ui/login", "", HERE, &format!("key={secret}"));
    assert_eq!((answer.status, answer.header("location")), (303, Some("/ui")), "{}", answer.text());
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/ui", "Max-Age=43200"] {
        assert!(cookie.contains(word), "{word}: {cookie}");
    }
    cookie.split(';').next().expect("name and value").to_owned()
}

#[test]
fn every_view_is_whole_without_a_script() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let id = gateway.decision(&gateway.chat("auto", &[("floopy-session-id", "a/b <c>")]))["request_id"].clone();
    let id = id.as_str().unwrap();
    for (path, expected) in [
        ("/ui", "Quality and savings of routes that learn"),
        ("/ui/decisions", id),
        ("/ui/decisions?model=cheap&status=ok", "Newest first"),
        (&format!("/ui/decisions/{id}"), "Who could serve"),
        ("/ui/sessions", "/ui/sessions/a%2Fb%20%3Cc%3E"),
        ("/ui/sessions/a%2Fb%20%3Cc%3E", id),
        ("/ui/routes", "Pin to the default model"),
        ("/ui/experiments", "<h1>Experiments</h1>"),
        ("/ui/login", "API key"),
    ] {
        let page = get(&gateway, path, "");
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text().contains(expected), "{path}: {}", page.text());
        assert!(!page.text().contains("a/b <c>"), "{path} shows text as text");
    }
    assert_eq!(get(&gateway, "/ui/nonsense", "").status, 404);
    assert_eq!(get(&gateway, "/ui/decisions/nonsense", "").status, 400);
    assert_eq!(http::call(gateway.address, "DELETE", "/ui/routes", &[], b"").status, 405);
}

#[test]
fn a_browser_may_load_nothing_but_what_is_here() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, "");
    for path in ["/ui", "/ui/login", "/ui/style.css", "/ui/live.js", "/ui/nonsense"] {
        let answer = get(&gateway, path, "");
        let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{path} has no policy"));
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    assert_eq!(get(&gateway, "/ui", "").header("cache-control"), Some("no-store"));
}

#[test]
fn with_keys_nobody_sees_anything_without_one() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let cookie = logged_in(&gateway, "writer", &[]);
    for path in ["/ui", "/ui/decisions", "/ui/sessions", "/ui/routes", "/ui/experiments", "/ui/events"] {
        for none in ["", "floopy_key=fl_wrong", "floopy_key=", "other=x"] {
            let answer = get(&gateway, path, none);
            assert_eq!((answer.status, answer.header("location")), (303, Some("/ui/login")), "{path} {none:?}");
        }
    }
    assert_eq!(get(&gateway, "/ui", &cookie).status, 200);
    assert_eq!(get(&gateway, "/ui", &format!("theme=dark; {cookie}; x=y")).status, 200);
    let wrong = post(&gateway, "/ui/login", "", HERE, "key=fl_wrong");
    assert_eq!((wrong.status, wrong.header("set-cookie")), (403, None));
    let out = post(&gateway, "/ui/logout", &cookie, HERE, "");
    assert!(out.header("set-cookie").expect("an end to the cookie").contains("Max-Age=0"));
    // The cookie opens the dashboard and nothing else.
    assert_eq!(get(&gateway, "/v1/decisions", &cookie).status, 401);
}

#[test]
fn orders_come_from_pages_of_this_host_and_from_those_who_may() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let id = gateway.decision(&gateway.chat("auto", &[]))["request_id"].as_str().unwrap().to_owned();
    let (writer, reader) =
        (logged_in(&gateway, "writer", &[]), logged_in(&gateway, "reader", &["--permissions", "read"]));
    let rating = format!("/ui/decisions/{id}/rating");
    for stranger in ["http://evil.example", "null", "", "https://127.0.0.1:1"] {
        let answer = post(&gateway, &rating, &writer, stranger, "score=1");
        assert_eq!(answer.status, 403, "{stranger}");
        assert_eq!(post(&gateway, "/ui/login", "", stranger, "key=x").status, 403, "{stranger}");
    }
    let no_origin = http::call(gateway.address, "POST", &rating, &[("cookie", &writer)], b"score=1");
    assert_eq!(no_origin.status, 403, "whoever does not say where a form was is refused");
    for site in ["cross-site", "same-site", "none"] {
        let headers = [("cookie", writer.as_str()), ("origin", HERE), ("sec-fetch-site", site)];
        assert_eq!(http::call(gateway.address, "POST", &rating, &headers, b"score=1").status, 403, "{site}");
    }
    assert_eq!(post(&gateway, &rating, &reader, HERE, "score=1").status, 403);
    assert_eq!(post(&gateway, "/ui/routes/auto/pin", &reader, HERE, "").status, 403);
    assert!(!get(&gateway, "/ui/routes", &reader).text().contains("/pin"), "no buttons that would be refused");
    for bad in ["score=101", "score=x", "", "score=-1"] {
        assert_eq!(post(&gateway, &rating, &writer, HERE, bad).status, 400, "{bad}");
    }
    let path = format!("/ui/decisions/{id}");
    assert!(get(&gateway, &path, &writer).text().contains("<dd>none</dd>"), "nothing of that changed anything");
    let rated = post(&gateway, &rating, &writer, HERE, "score=87");
    assert_eq!((rated.status, rated.header("location")), (303, Some(path.as_str())));
    assert!(get(&gateway, &path, &writer).text().contains("87 of 100"));
    assert_eq!(post(&gateway, "/ui/routes/auto/pin", &writer, HERE, "").status, 303);
    assert!(get(&gateway, "/ui/routes", &writer).text().contains("Let it choose again"));
    assert_eq!(post(&gateway, "/ui/routes/auto/unpin", &writer, HERE, "").status, 303);
    assert_eq!(post(&gateway, "/ui/routes/nobody/pin", &writer, HERE, "").status, 404);
}

#[test]
fn an_experiment_is_rolled_back_by_whoever_may_write() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let (writer, reader) =
        (logged_in(&gateway, "writer", &[]), logged_in(&gateway, "reader", &["--permissions", "read"]));
    let begun = json(&data(
        &gateway,
        &["experiments", "create", "--route", "auto", "--candidate", "up/cheap", "--format", "json"],
    ));
    let id = begun["id"].as_str().unwrap_or_else(|| panic!("{begun}"));
    let order = format!("/ui/experiments/{id}/rollback");
    assert!(get(&gateway, "/ui/experiments", &writer).text().contains(&order));
    assert!(!get(&gateway, "/ui/experiments", &reader).text().contains("/rollback"), "no button that would be refused");
    assert_eq!(post(&gateway, &order, &reader, HERE, "").status, 403);
    assert_eq!(post(&gateway, &order, &writer, "http://evil.example", "").status, 403);
    assert_eq!(post(&gateway, "/ui/experiments/none/rollback", &writer, HERE, "").status, 404);
    assert!(get(&gateway, "/ui/experiments", &writer).text().contains("active"), "nothing of that changed anything");
    let done = post(&gateway, &order, &writer, HERE, "");
    assert_eq!((done.status, done.header("location")), (303, Some("/ui/experiments")));
    let page = get(&gateway, "/ui/experiments", &writer).text().to_owned();
    assert!(page.contains("rolled back") && !page.contains(&order), "{page}");
}

#[test]
fn another_org_sees_nothing_of_this_one() {
    let fake = Fake::start();
    let gateway = Gateway::start(&fake, ROUTE);
    let id = gateway.decision(&gateway.chat("auto", &[]))["request_id"].as_str().unwrap().to_owned();
    let stranger = logged_in(&gateway, "stranger", &["--org", "other"]);
    assert!(!get(&gateway, "/ui/decisions", &stranger).text().contains(&id));
    let foreign = get(&gateway, &format!("/ui/decisions/{id}"), &stranger);
    let missing = get(&gateway, "/ui/decisions/00000000-0000-4000-8000-000000000000", &stranger);
    assert_eq!((foreign.status, foreign.body), (404, missing.body));
}
