"""What the client asks of floopy itself: decisions, feedback, sessions, and the errors of all three."""

import asyncio
import datetime
import uuid

import floopy
import pytest

from conftest import TEXT, chat, connect, eventually

AUDIT_KEYS = {
    "floopy_reason", "routing_strategy", "route", "routing_rule_id", "phase", "weights", "candidates", "filtered",
    "winner", "reason", "propensity", "exploration_rate_effective", "used_shared_pool_prior", "floor", "switch",
    "evidence", "outcome", "scores", "credits", "chain",
}


def turns(client, session: str, count: int) -> list[str]:
    """Request ids of so many calls in the session, oldest first, once all are recorded."""
    made = [chat(client, session, f"turn {n}").headers["x-request-id"] for n in range(count)]
    eventually(lambda: client.decisions.list(session_id=session, limit=500), lambda page: len(page.items) == count)
    return made


# Decisions.


def test_a_decision(client, model, session, upstream):
    request_id = chat(client, session, model=model).headers["x-request-id"]
    decision = eventually(lambda: client.decisions.get(request_id), bool)
    assert decision.request_id == request_id
    assert decision.session_id == session
    assert (decision.provider, decision.model, decision.status) == (upstream, model.split("/")[1], "ok")
    assert decision.cost_micro_usd > 0
    assert decision.latency_ms >= 0
    assert isinstance(decision.explanation, str)
    assert decision.confidence_reason == "not_applicable"
    then = datetime.datetime.fromisoformat(decision.request_created_at)
    assert abs((datetime.datetime.now(datetime.UTC) - then).total_seconds()) < 60
    trace = decision.decision_trace
    assert set(trace) >= AUDIT_KEYS, AUDIT_KEYS - set(trace)
    assert trace["routing_strategy"] == "legacy_model"
    assert trace["winner"] == {"provider": upstream, "model": model.split("/")[1]}
    assert (trace["outcome"]["input_tokens"], trace["outcome"]["output_tokens"]) == (21, 9)
    assert trace["outcome"]["cached_input_tokens"] == 4
    assert len(trace["chain"]["sha256"]) == 64


def test_a_failed_call_leaves_a_decision_too(client, session):
    import openai

    with pytest.raises(openai.InternalServerError) as caught:
        chat(client, session, "[fake status=500]", model="openai/gpt-5-mini")
    decision = eventually(lambda: client.decisions.get(caught.value.request_id), bool)
    assert decision.status == "error"
    assert len(decision.decision_trace["outcome"]["attempts"]) >= 1


def test_a_cancelled_stream_leaves_a_decision_too(client, session, stack, tag):
    raw = chat(client, session, f"[fake fault=hold tag={tag}]", stream=True)
    stream = raw.parse()
    next(iter(stream))
    stream.close()
    assert stack.wait_for(tag, "left")[0]["ending"] == "left"
    decision = eventually(lambda: client.decisions.get(raw.headers["x-request-id"]), bool)
    assert decision.status == "cancelled"


def test_a_list_and_its_pages(client, session):
    made = turns(client, session, 5)
    listed = client.decisions.list(session_id=session)
    assert [item.request_id for item in listed.items] == made[::-1]
    assert (listed.has_more, listed.next_cursor) == (False, None)

    pages = list(client.decisions.pages(session_id=session, limit=2))
    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert [page.has_more for page in pages] == [True, True, False]
    assert pages[0].next_cursor
    assert [item.request_id for page in pages for item in page.items] == made[::-1]
    assert [item.request_id for item in client.decisions.iterate(session_id=session, limit=1)] == made[::-1]
    rest = client.decisions.list(session_id=session, cursor=pages[0].next_cursor, limit=2)
    assert [item.request_id for item in rest.items] == made[::-1][2:4]


def test_a_span_of_time_holds_its_beginning_but_not_its_end(client, session):
    made = turns(client, session, 3)
    times = [client.decisions.get(request_id).request_created_at for request_id in made]
    assert times == sorted(times)
    page = client.decisions.list(session_id=session, from_=times[0], to=times[2])
    assert [item.request_id for item in page.items] == [made[1], made[0]]


@pytest.mark.parametrize("query", [
    {"cursor": "broken"}, {"limit": 0}, {"limit": 501}, {"from_": "yesterday"}, {"to": "tomorrow"},
])
def test_a_list_that_cannot_be_made(client, query):
    with pytest.raises(floopy.FloopyValidationError) as caught:
        client.decisions.list(**query)
    assert caught.value.code == "invalid_request"
    assert caught.value.request_id


def test_a_cursor_of_somebody_else(client, stack, session):
    turns(client, session, 3)
    cursor = client.decisions.list(session_id=session, limit=1).next_cursor
    flipped = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    with pytest.raises(floopy.FloopyValidationError):
        client.decisions.list(session_id=session, cursor=flipped)
    with connect(stack, "stranger") as stranger:
        try:
            assert stranger.decisions.list(session_id=session, cursor=cursor).items == []
        except floopy.FloopyValidationError:
            pass


def test_a_decision_that_is_none(client, stack, session):
    with pytest.raises(floopy.FloopyValidationError) as caught:
        client.decisions.get("not-a-uuid")
    assert caught.value.code == "invalid_request_id"
    with pytest.raises(floopy.FloopyNotFoundError) as missing:
        client.decisions.get(str(uuid.uuid4()))
    assert missing.value.code == "not_found"
    # Another org's record looks just like a missing one.
    made = turns(client, session, 1)[0]
    with connect(stack, "stranger") as stranger, pytest.raises(floopy.FloopyNotFoundError) as foreign:
        stranger.decisions.get(made)
    assert foreign.value.message == missing.value.message
    with connect(stack, "stranger") as stranger:
        assert stranger.decisions.list(session_id=session).items == []


# Feedback.


def test_the_first_feedback_of_a_session_wins(client, session):
    turns(client, session, 1)
    first = client.feedback.submit(score=9, useful=True, session_id=session)
    again = client.feedback.submit(score=1, useful=False, session_id=session)
    assert (first.duplicate, first.session_id) == (False, session)
    assert (again.duplicate, again.session_id) == (True, session)


def test_feedback_by_request_and_completion_id(client, tag):
    by_request = chat(client, f"r-{tag}").headers["x-request-id"]
    completion = chat(client, f"c-{tag}").parse().id
    for given, session in [(by_request, f"r-{tag}"), (completion, f"c-{tag}")]:
        eventually(lambda session=session: client.decisions.list(session_id=session), lambda page: page.items)
        answer = client.feedback.submit(score=5, useful=True, session_id=given)
        assert (answer.duplicate, answer.session_id) == (False, session)


def test_feedback_without_an_id_is_for_the_latest_session_of_the_key(client, session):
    turns(client, session, 1)
    assert client.feedback.submit(score=10, useful=True).session_id == session


def test_feedback_that_cannot_be_taken(client, stack, session):
    turns(client, session, 1)
    for score in (11, -1):
        with pytest.raises(floopy.FloopyValidationError):
            client.feedback.submit(score=score, useful=True, session_id=session)
    with pytest.raises(floopy.FloopyNotFoundError):
        client.feedback.submit(score=5, useful=True, session_id="no-such-session")
    with connect(stack, "stranger") as stranger, pytest.raises(floopy.FloopyNotFoundError):
        stranger.feedback.submit(score=5, useful=True, session_id=session)
    with connect(stack, "reader") as reader, pytest.raises(floopy.FloopyAuthError) as caught:
        reader.feedback.submit(score=5, useful=True, session_id=session)
    assert caught.value.code == "write_permission"
    assert client.feedback.submit(score=5, useful=True, session_id=session).duplicate is False


# Sessions.


def test_a_session_is_restored_and_continued(client, session):
    system = {"role": "system", "content": "Be brief."}
    messages = [system, {"role": "user", "content": "Where?"}]
    headers = {"floopy-session-id": session}
    for question in ["And then?", "Why?"]:
        answer = client.chat.completions.create(
            model="anthropic/claude-haiku-4-5", messages=messages, extra_headers=headers)
        messages += [{"role": "assistant", "content": answer.choices[0].message.content},
                     {"role": "user", "content": question}]
    restored = eventually(lambda: client.sessions.get(session), lambda found: found.turn_count == 2)
    assert restored.session_id == session
    assert [turn.provider for turn in restored.turns] == ["anthropic", "anthropic"]
    assert [(message["role"], message["content"]) for message in restored.messages] == [
        ("system", "Be brief."), ("user", "Where?"), ("assistant", TEXT), ("user", "And then?"), ("assistant", TEXT)]
    answer = client.chat.completions.create(
        model="openai/gpt-4o-mini", messages=[*restored.messages, {"role": "user", "content": "More"}],
        extra_headers=headers)
    assert answer.choices[0].message.content == TEXT
    restored = eventually(lambda: client.sessions.get(session), lambda found: found.turn_count == 3)
    assert len(restored.messages) == 7


def test_a_session_with_tools_is_restored(client, session):
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}]
    messages = [{"role": "user", "content": "Weather? [fake scenario=tools]"}]
    ask = client.chat.completions.create
    headers = {"floopy-session-id": session}
    called = ask(model="openai/gpt-4o-mini", messages=messages, tools=tools, extra_headers=headers).choices[0].message
    messages.append(called.model_dump(exclude_none=True))
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "7"} for call in called.tool_calls]
    ask(model="openai/gpt-4o-mini", messages=messages, tools=tools, extra_headers=headers)
    restored = eventually(lambda: client.sessions.get(session), lambda found: found.turn_count == 2)
    assert [message["role"] for message in restored.messages] == ["user", "assistant", "tool", "tool", "assistant"]
    assert len(restored.messages[1]["tool_calls"]) == 2


def test_a_session_that_is_none(client, stack, session):
    with pytest.raises(floopy.FloopyNotFoundError):
        client.sessions.get("no-such-session")
    turns(client, session, 1)
    with connect(stack, "stranger") as stranger, pytest.raises(floopy.FloopyNotFoundError):
        stranger.sessions.get(session)


# The rest.


def test_errors(stack):
    with floopy.Floopy(api_key="fl_" + "N" * 43, base_url=stack.url, max_retries=0) as nobody:
        with pytest.raises(floopy.FloopyAuthError) as caught:
            nobody.decisions.list()
    assert (caught.value.status, caught.value.code) == (401, "invalid_api_key")
    with floopy.Floopy(api_key=stack.key, base_url="http://127.0.0.1:9/v1", max_retries=0) as unplugged:
        with pytest.raises(floopy.FloopyConnectionError):
            unplugged.decisions.list()


@pytest.mark.parametrize("call", [
    lambda client: client.evaluations.get("e-1"),
], ids=["evaluations"])
def test_what_is_not_served_yet_says_so(client, call):
    with pytest.raises(floopy.FloopyError) as caught:
        call(client)
    assert caught.value.status == 404
    assert caught.value.code == "not_found"


def test_the_asynchronous_client(stack, session):
    async def play() -> None:
        async with floopy.AsyncFloopy(api_key=stack.key, base_url=stack.url, max_retries=0) as client:
            for n in range(3):
                await client.chat.completions.create(
                    model="openai/gpt-4o-mini", messages=[{"role": "user", "content": f"turn {n}"}],
                    extra_headers={"floopy-session-id": session})
            receipt = await client.feedback.submit(score=8, useful=True, session_id=session)
            assert (receipt.duplicate, receipt.session_id) == (False, session)

            async def recorded() -> bool:
                return len((await client.decisions.list(session_id=session)).items) == 3

            async with asyncio.timeout(5):
                while not await recorded():
                    await asyncio.sleep(0)
            found = [item async for item in client.decisions.iterate(session_id=session, limit=2)]
            assert len({item.request_id for item in found}) == 3
            assert [len(page.items) async for page in client.decisions.pages(session_id=session, limit=2)] == [2, 1]
            one = await client.decisions.get(found[0].request_id)
            assert one.decision_trace["winner"]["provider"] == "openai"
            assert (await client.sessions.get(session)).turn_count == 3
            with pytest.raises(floopy.FloopyNotFoundError):
                await client.sessions.get("no-such-session")

    asyncio.run(play())
