"""The dashboard in headless Chromium: what a person sees and does, and what the browser had to complain of."""

import pytest
from webdriver import Browser, wait_for

VIEWS = ["/ui", "/ui/decisions", "/ui/sessions", "/ui/routes", "/ui/experiments"]


def test_a_wrong_key_stays_outside(gateway):
    browser = Browser()
    try:
        browser.open(f"{gateway.url}/ui/decisions")
        assert browser.url() == f"{gateway.url}/ui/login"
        browser.write("#key", "fl_wrong")
        browser.click("button")
        assert "not known" in browser.text("[role=alert]")
        assert browser.cookies() == []
    finally:
        browser.close()


def test_the_key_is_out_of_reach_for_scripts_and_other_sites(browser):
    (cookie,) = browser.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/ui")
    assert browser.run("return document.cookie") == ""


def test_every_view_obeys_its_policy_and_asks_nobody_else(gateway, browser):
    gateway.chat()
    for view in VIEWS:
        browser.open(gateway.url + view)
        assert browser.text("h1")
        assert browser.run("return getComputedStyle(document.querySelector('header')).display") == "flex", "it is styled"
    severe = [entry for entry in browser.log("browser") if entry["level"] == "SEVERE"]
    assert severe == []
    asked = [url for url in browser.requested() if not url.startswith("data:")]
    assert asked and all(url.startswith(gateway.url + "/ui") for url in asked), asked


def test_decisions_appear_by_themselves(gateway, browser):
    browser.open(f"{gateway.url}/ui/decisions")
    wait_for("the stream", lambda: browser.shows("#live", "live"))
    marked = browser.run("window.unchanged = true; return window.unchanged")
    made = gateway.chat("appears-live")
    wait_for("the decision", lambda: made in browser.source())
    assert marked and browser.run("return window.unchanged === true"), "the page was never loaded anew"


def test_what_somebody_types_is_never_taken_away(gateway, browser):
    first = gateway.chat()
    browser.open(f"{gateway.url}/ui/decisions/{first}")
    wait_for("the stream", lambda: browser.shows("#live", "live"))
    browser.write("#score", "42")
    second = gateway.chat()
    gateway.decision(second)
    ends = browser.run("return Date.now() + 2500")
    wait_for("two rounds of the clock", lambda: browser.run("return Date.now()") > ends)
    assert browser.run("return document.getElementById('score').value") == "42"


@pytest.mark.parametrize("kind", ["browser", "scriptless"])
def test_a_decision_is_rated_by_hand(gateway, request, kind):
    browser = request.getfixturevalue(kind)
    made = gateway.chat()
    gateway.decision(made)
    browser.open(f"{gateway.url}/ui/decisions/{made}")
    browser.write("#score", "87")
    browser.click(".rate button")
    wait_for("the rating", lambda: browser.shows("main", "87 of 100"))
    assert gateway.decision(made)["rating"]["score"] == 87


def test_a_route_is_pinned_and_freed(gateway, browser):
    for pinned, words in [(True, "Let it choose again"), (False, "Pin to the default model")]:
        browser.open(f"{gateway.url}/ui/routes")
        browser.click("main form button")
        wait_for(words, lambda words=words: browser.shows("main form button", words))
        assert gateway.call("GET", "/v1/routes/auto")[1]["pinned"] is pinned


def test_every_table_is_there_without_a_script(gateway, scriptless):
    made = gateway.chat("no-script")
    gateway.decision(made)
    for view, expected in [
        ("/ui", "gemini-1.5"),
        ("/ui/decisions", "gemini-1.5"),
        (f"/ui/decisions/{made}", "Who could serve"),
        ("/ui/sessions", "no-script"),
        ("/ui/sessions/no-script", "Its calls"),
        ("/ui/routes", "replay/gemini-1.5-pro-002"),
    ]:
        scriptless.open(gateway.url + view)
        assert expected in scriptless.text("main"), view
    assert scriptless.text("#live") == "", "no script ran"


def test_names_from_outside_are_text(gateway, browser):
    gateway.decision(gateway.chat("<img src=x onerror=alert(1)>"))
    browser.open(f"{gateway.url}/ui/sessions")
    assert "<img src=x" in browser.text("main")
    assert browser.run("return document.querySelectorAll('main img, main script').length") == 0


def test_a_reader_gets_no_buttons(gateway):
    key = gateway.create_key("reader", "--permissions", "read")
    made = gateway.chat()
    gateway.decision(made)
    browser = Browser()
    try:
        browser.open(f"{gateway.url}/ui/login")
        browser.write("#key", key)
        browser.click("button")
        for view in ["/ui/routes", f"/ui/decisions/{made}"]:
            browser.open(gateway.url + view)
            assert browser.run("return document.querySelectorAll('main form[method=post]').length") == 0
    finally:
        browser.close()


def test_logging_out_closes_the_door(gateway, browser):
    browser.click("header button")
    wait_for("the login", lambda: browser.url() == f"{gateway.url}/ui/login")
    browser.open(f"{gateway.url}/ui/routes")
    assert browser.url() == f"{gateway.url}/ui/login"


def test_a_whole_page_is_small(gateway, browser):
    for _ in range(30):
        gateway.chat("many")
    browser.open(f"{gateway.url}/ui/decisions")
    sizes = "return performance.getEntries().filter(e => 'decodedBodySize' in e).reduce((sum, e) => sum + e.decodedBodySize, 0)"
    assert 0 < browser.run(sizes) <= 150_000
