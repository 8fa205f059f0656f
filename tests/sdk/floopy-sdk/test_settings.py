"""What the client asks of the router beforehand: dry runs and constraints."""

import asyncio
import dataclasses
import json
import urllib.request

import floopy
import pytest
from floopy.types.constraints import OrgConstraints

from conftest import chat, connect

MESSAGES = [{"role": "user", "content": "Where?"}]


@pytest.fixture
def restored(client):
    """Leaves the org's constraints as they were found."""
    before = client.constraints.get()
    yield before
    client.constraints.put(before)


def raw(stack, method: str, path: str, body: object = None) -> dict:
    """What the client does not cover, asked without it."""
    request = urllib.request.Request(
        f"{stack.url}{path}", method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": f"Bearer {stack.key}", "content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=15) as response:
        return json.load(response)


# Dry runs.


def test_a_dry_run_tells_what_would_be(client, session):
    told = client.routing.explain(model="support-bot", messages=MESSAGES, temperature=0.2, max_tokens=100)
    assert told.would_select == {"provider": "openai", "model": "gpt-4o-mini"}
    assert (told.firewall_decision, told.routing_rule_id) == ("allow", "support-bot")
    assert told.reasoning == "gpt-4o-mini::fallback"
    served = chat(client, session, model="support-bot")
    assert served.headers["floopy-reason"] == told.reasoning


def test_a_dry_run_reaches_no_provider_and_leaves_no_record(client, session):
    # A list shows what is written: by a decision that is read by its id, all before it are.
    client.decisions.get(chat(client, session).headers["x-request-id"])
    before = client.decisions.list(limit=1).items
    for model in ("support-bot", "anthropic/claude-haiku-4-5"):
        client.routing.explain(model=model, messages=MESSAGES, top_p=0.5, max_completion_tokens=10)
    assert client.decisions.list(limit=1).items == before


def test_a_dry_run_of_a_model_that_is_none(client):
    with pytest.raises(floopy.FloopyError) as caught:
        client.routing.explain(model="support-bt", messages=MESSAGES)
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")
    with pytest.raises(floopy.FloopyError) as caught:
        client.routing.explain(model="support-bot", messages=[{"role": "user", "content": "x" * 70_000}])
    assert (caught.value.status, caught.value.code) == (400, "body_too_large")


# Constraints.


def test_constraints_are_replaced_as_a_family(client, restored):
    wanted = OrgConstraints(cost_limit_monthly_usd=250.5, token_window_seconds=60, max_tokens_per_window=100_000,
                            max_requests_per_minute=100_000)
    assert client.constraints.put(wanted) == wanted
    assert client.constraints.get() == wanted
    less = OrgConstraints(max_requests_per_minute=50_000)
    assert client.constraints.put(less) == less, "what is left out is taken away"
    assert client.constraints.get() == less


def test_the_optimisers_family_is_left_alone(client, stack, restored):
    raw(stack, "PUT", "/constraints", {"quality_floor": 0.9})
    client.constraints.put(OrgConstraints(max_requests_per_minute=90_000))
    held = raw(stack, "GET", "/constraints")
    assert (held["quality_floor"], held["max_requests_per_minute"]) == (0.9, 90_000)
    assert held["defaults"]["quality_floor"] == 0.95
    raw(stack, "PUT", "/constraints", {"quality_floor": None})


def test_constraints_that_cannot_be(client, restored):
    for wrong in ({"cost_limit_monthly_usd": -1.0}, {"max_requests_per_minute": 0}, {"token_window_seconds": -5}):
        with pytest.raises(floopy.FloopyValidationError):
            client.constraints.put(OrgConstraints(**wrong))
    assert client.constraints.get() == restored


def test_an_orgs_constraints_are_its_own(client, stack, restored):
    client.constraints.put(OrgConstraints(max_requests_per_minute=77_777))
    with connect(stack, "stranger") as stranger:
        assert dataclasses.asdict(stranger.constraints.get())["max_requests_per_minute"] is None
    with connect(stack, "reader") as reader:
        assert reader.constraints.get().max_requests_per_minute == 77_777
        with pytest.raises(floopy.FloopyAuthError) as caught:
            reader.constraints.put(OrgConstraints())
    assert caught.value.code == "write_permission"


def test_a_rate_above_the_orgs_is_refused_with_its_wait(client, session, restored):
    client.constraints.put(OrgConstraints(max_requests_per_minute=1))
    import openai

    chat(client, session)
    with pytest.raises(openai.RateLimitError) as caught:
        chat(client, session)
    assert caught.value.code == "rate_limited"
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60


# Feedback with dimensions, which the client does not send by itself.


def test_dimensions_rest_with_the_vote(client, stack, session):
    request_id = chat(client, session).headers["x-request-id"]
    vote = {"request_id": request_id, "score": 7, "useful": True, "dimensions": {"tone": 9, "clarity": 2.5}}
    assert raw(stack, "POST", "/feedback", vote) == {"duplicate": False, "session_id": session}
    assert raw(stack, "POST", "/feedback", vote)["duplicate"] is True
    assert client.feedback.submit(score=3, useful=False, session_id=session).duplicate is False, "the session's own vote"
    decision = client.decisions.get(request_id)
    credits = {credit["source"]: credit for credit in decision.decision_trace["credits"]}
    assert credits["session"]["share"] == 1.0
    assert credits["request"]["outcome"] == pytest.approx((7 - 3.5) / 5)


def test_the_asynchronous_client_asks_the_same(stack, restored):
    async def play() -> None:
        async with floopy.AsyncFloopy(api_key=stack.key, base_url=stack.url, max_retries=0) as client:
            told = await client.routing.explain(model="support-bot", messages=MESSAGES)
            assert told.would_select["provider"] == "openai"
            held = await client.constraints.put(OrgConstraints(max_tokens_per_window=5))
            assert held == await client.constraints.get()

    asyncio.run(play())
