"""Experiments and exports, which change who serves and hand out the record: played to their ends."""

import asyncio
import datetime
import hashlib
import json
import urllib.error
import urllib.request

import floopy
import pytest
from floopy.types.shared import RequestOptions

from conftest import TEXT, chat, connect, eventually

A, B = "trial-a", "trial-b"


def span() -> dict[str, str]:
    now = datetime.datetime.now(datetime.UTC)
    return {"from_": (now - datetime.timedelta(hours=1)).isoformat(), "to": (now + datetime.timedelta(hours=1)).isoformat()}


@pytest.fixture
def trial(client, tag):
    """A split between the two routes, rolled back in the end whatever happens."""
    made = client.experiments.create(
        name=f"split {tag}", variant_a_routing_rule_id=A, variant_b_routing_rule_id=B, description="for the suite",
        split_percentage=50)
    yield made
    try:
        client.experiments.rollback(made.id)
    except floopy.FloopyConflictError:
        pass


# Experiments.


def test_a_split_from_its_beginning_to_its_end(client, trial, tag):
    assert (trial.name, trial.description, trial.status) == (f"split {tag}", "for the suite", "active")
    assert (trial.variant_a_routing_rule_id, trial.variant_b_routing_rule_id) == (A, B)
    assert (trial.split_percentage, trial.rolled_back_at) == (50, None)
    assert trial.id in {one.id for one in client.experiments.list(status="active").items}

    fresh = client.experiments.results(trial.id)
    assert (fresh.experiment_id, fresh.winner) == (trial.id, None)
    assert (fresh.variant_a.sample_size, fresh.variant_b.sample_size) == (0, 0)
    assert isinstance(fresh.variant_a.success_rate, float), "typed clients read a number before the first call too"

    served = {}
    for n in range(24):
        raw = chat(client, f"{tag}-{n}", model=A)
        assert raw.parse().choices[0].message.content == TEXT
        served[f"{tag}-{n}"] = raw.headers["floopy-provider"]
    assert set(served.values()) == {"openai", "anthropic"}, "either side has sessions"
    again = {session: chat(client, session, model=A).headers["floopy-provider"] for session in served}
    assert again == served, "a session stays on its side"

    counted = eventually(
        lambda: client.experiments.results(trial.id),
        lambda found: found.variant_a.sample_size + found.variant_b.sample_size == 48)
    for side, provider in ((counted.variant_a, "openai"), (counted.variant_b, "anthropic")):
        assert side.sample_size == 2 * list(served.values()).count(provider)
        assert side.success_rate == 1.0
        assert side.average_cost_micro_usd > 0
    assert (counted.variant_a.routing_rule_id, counted.variant_b.routing_rule_id) == (A, B)

    ended = client.experiments.rollback(trial.id)
    assert (ended.id, ended.status) == (trial.id, "rolled_back")
    assert ended.rolled_back_at
    assert client.experiments.rollback(trial.id).rolled_back_at == ended.rolled_back_at, "the same wish twice"
    assert trial.id in {one.id for one in client.experiments.list(status="rolled_back").items}
    assert trial.id not in {one.id for one in client.experiments.list(status="active").items}
    assert {chat(client, session, model=A).headers["floopy-provider"] for session in served} == {"openai"}


def test_two_experiments_do_not_share_a_route(client, trial):
    with pytest.raises(floopy.FloopyConflictError) as caught:
        client.experiments.create(name="another", variant_a_routing_rule_id=A, variant_b_routing_rule_id=B)
    assert (caught.value.status, caught.value.code) == (409, "conflict")
    assert caught.value.request_id


def test_experiments_in_pages(client, tag):
    made = []
    for n in range(3):
        one = client.experiments.create(name=f"{tag} {n}", variant_a_routing_rule_id=A, variant_b_routing_rule_id=B)
        made.append(client.experiments.rollback(one.id).id)
    first = client.experiments.list(limit=2)
    assert [one.id for one in first.items] == made[:0:-1], "the latest first"
    assert first.has_more and first.next_cursor
    rest = client.experiments.list(limit=2, cursor=first.next_cursor)
    assert rest.items[0].id == made[0]
    with pytest.raises(floopy.FloopyValidationError):
        client.experiments.list(cursor=first.next_cursor[:-2] + "AA")
    none = client.experiments.list(from_="2001-01-01T00:00:00Z", to="2001-01-02T00:00:00Z")
    assert (none.items, none.next_cursor, none.has_more) == ([], None, False)


@pytest.mark.parametrize(("wrong", "code"), [
    ({"variant_b_routing_rule_id": "no-such-route"}, "invalid_route_id"),
    ({"variant_b_routing_rule_id": A}, "invalid_request"),
    ({"split_percentage": 0}, "invalid_request"),
    ({"split_percentage": 100}, "invalid_request"),
])
def test_experiments_that_cannot_be(client, wrong, code):
    asked = {"name": "n", "variant_a_routing_rule_id": A, "variant_b_routing_rule_id": B} | wrong
    with pytest.raises(floopy.FloopyValidationError) as caught:
        client.experiments.create(**asked)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_experiments_that_are_none_or_somebody_elses(client, stack, trial):
    for call in (client.experiments.rollback, client.experiments.results):
        with pytest.raises(floopy.FloopyNotFoundError) as missing:
            call("exp_none")
    with connect(stack, "stranger") as stranger:
        assert stranger.experiments.list().items == []
        with pytest.raises(floopy.FloopyNotFoundError) as foreign:
            stranger.experiments.rollback(trial.id)
    assert foreign.value.message == missing.value.message
    with connect(stack, "reader") as reader:
        assert reader.experiments.results(trial.id).experiment_id == trial.id
        with pytest.raises(floopy.FloopyAuthError) as caught:
            reader.experiments.rollback(trial.id)
    assert caught.value.code == "write_permission"


def test_without_the_clients_confirmation_nothing_is_moved(client, stack, trial):
    """The client sends the header by itself, so a call without it is made without the client."""
    for path, body in (("", {"name": "n", "variant_a_routing_rule_id": A, "variant_b_routing_rule_id": B}),
                       (f"/{trial.id}/rollback", None)):
        request = urllib.request.Request(
            f"{stack.url}/experiments{path}", method="POST", data=json.dumps(body).encode() if body else b"",
            headers={"authorization": f"Bearer {stack.key}", "content-type": "application/json"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=15)
        assert refused.value.code == 422
        assert json.load(refused.value)["error"]["code"] == "confirmation_required"
    assert client.experiments.list(status="active").items[0].id == trial.id


# Exports.


def test_an_export_with_its_trailer(client, session):
    ids = [chat(client, session, f"turn {n}").headers["x-request-id"] for n in range(3)]
    eventually(lambda: client.decisions.list(session_id=session), lambda page: len(page.items) == 3)
    stream = client.export.decisions_with_trailer(**span())
    assert stream.trailer is None
    rows = list(stream)
    mine = [row for row in rows if row.session_id == session]
    assert [row.request_id for row in mine] == ids, "oldest first"
    assert (mine[0].organization_id, mine[0].provider, mine[0].model) == ("default", "openai", "gpt-4o-mini")
    assert (mine[0].status, mine[0].cost_micro_usd > 0, mine[0].latency_ms >= 0) == ("ok", True, True)
    assert (stream.trailer.rows_emitted, stream.trailer.truncated, stream.trailer.reason) == (len(rows), False, None)
    plain = list(client.export.decisions(**span(), format="jsonl"))
    assert {row.request_id for row in plain} >= set(ids), "rows without the trailer"


def test_an_exports_checksum_is_of_its_bytes(stack, session, client):
    chat(client, session)
    times = span()
    query = f"from={times['from_']}&to={times['to']}".replace("+", "%2B")
    request = urllib.request.Request(
        f"{stack.url}/export/decisions?{query}", headers={"authorization": f"Bearer {stack.key}"})
    with urllib.request.urlopen(request, timeout=15) as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        whole = response.read()
    rows, _, trailer = whole.rstrip(b"\n").rpartition(b"\n")
    said = json.loads(trailer)
    assert said["checksum_sha256"] == hashlib.sha256(rows + b"\n").hexdigest()
    assert (said["row_count"], said["byte_count"]) == (rows.count(b"\n") + 1, len(rows) + 1)


@pytest.mark.parametrize(("query", "status", "code"), [
    ({"from_": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 400, "invalid_request"),
    ({"from_": "2025-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, 400, "invalid_request"),
    ({"from_": "yesterday", "to": "2026-01-01T00:00:00Z"}, 400, "invalid_request"),
    ({"from_": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "format": "parquet"}, 415, "unsupported_format"),
])
def test_exports_that_cannot_be(client, query, status, code):
    with pytest.raises(floopy.FloopyError) as caught:
        list(client.export.decisions(**query))
    assert (caught.value.status, caught.value.code) == (status, code)


def test_nobody_exports_what_is_not_theirs(client, stack, session):
    chat(client, session)
    eventually(lambda: client.decisions.list(session_id=session), lambda page: page.items)
    with connect(stack, "stranger") as stranger:
        stream = stranger.export.decisions_with_trailer(**span())
        assert session not in {row.session_id for row in stream}


# Errors by status.


def test_each_status_is_its_own_error(client, stack):
    cases = [
        (lambda: client.decisions.get("not-a-uuid"), floopy.FloopyValidationError, 400),
        (lambda: client.sessions.get("no-such-session"), floopy.FloopyNotFoundError, 404),
        (lambda: client.feedback.submit(score=99, useful=True), floopy.FloopyValidationError, 400),
        (lambda: client.experiments.results("exp_none"), floopy.FloopyNotFoundError, 404),
        (lambda: list(client.export.decisions(**span(), format="parquet")), floopy.FloopyError, 415),
    ]
    for call, kind, status in cases:
        with pytest.raises(kind) as caught:
            call()
        assert caught.value.status == status
        assert caught.value.request_id, "an id to ask about"
        assert caught.value.body["error"]["message"] == caught.value.message
    with pytest.raises(floopy.FloopyTimeoutError):
        client.decisions.list(request_options=RequestOptions(timeout=1e-4))


# All of it again, asynchronously.


def test_the_asynchronous_client(stack, session, tag):
    async def play() -> None:
        async with floopy.AsyncFloopy(api_key=stack.key, base_url=stack.url, max_retries=0) as client:
            made = await client.experiments.create(
                name=f"async {tag}", variant_a_routing_rule_id=A, variant_b_routing_rule_id=B)
            assert made.split_percentage == 50
            try:
                assert made.id in {one.id for one in (await client.experiments.list(status="active")).items}
                await client.chat.completions.create(
                    model=A, messages=[{"role": "user", "content": "Where?"}], extra_headers={"floopy-session-id": session})
                assert (await client.experiments.results(made.id)).winner is None
                with pytest.raises(floopy.FloopyConflictError):
                    await client.experiments.create(
                        name="another", variant_a_routing_rule_id=A, variant_b_routing_rule_id=B)
            finally:
                assert (await client.experiments.rollback(made.id)).status == "rolled_back"
            with pytest.raises(floopy.FloopyNotFoundError):
                await client.experiments.results("exp_none")
            stream = client.export.decisions_with_trailer(**span())
            rows = [row async for row in stream]
            assert session in {row.session_id for row in rows}
            assert (stream.trailer.rows_emitted, stream.trailer.truncated) == (len(rows), False)
            plain = [row async for row in client.export.decisions(**span())]
            assert {row.request_id for row in plain} >= {row.request_id for row in rows}
            with pytest.raises(floopy.FloopyError) as caught:
                [row async for row in client.export.decisions(**span(), format="parquet")]
            assert caught.value.status == 415

    asyncio.run(play())
