"""Errors by status and class, broken streams, fallbacks, and callers who leave."""

import threading
import uuid

import httpx_of_openai as httpx
import openai
import pytest

from conftest import TEXT, user, whole

# The breaker counts failures per model: these are not the models of the other tests.
FAILING = {
    "openai": "openai/gpt-4o",
    "anthropic": "anthropic/claude-opus-4-6",
    "cohere": "cohere/command-a-03-2025",
    "bedrock": "bedrock/amazon.nova-pro-v1:0",
}


@pytest.fixture
def failing(upstream) -> str:
    return FAILING[upstream]


def refusal(client, model: str, text: str, **more) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        whole(client, model, user(text), **more)
    error = caught.value
    assert set(error.body) >= {"message", "type", "param", "code"}, error.body
    assert error.body["request_id"] == error.request_id
    assert uuid.UUID(error.request_id)
    return error


@pytest.mark.parametrize("stream", [False, True])
def test_the_callers_fault_comes_back_as_it_is(client, model, stream):
    error = refusal(client, model, "[fake status=400]", stream=stream)
    assert isinstance(error, openai.BadRequestError)
    assert "The fake says 400." in error.message


@pytest.mark.parametrize("stream", [False, True])
def test_too_long_a_conversation(client, model, stream):
    error = refusal(client, model, "[fake fault=overflow]", stream=stream)
    assert isinstance(error, openai.BadRequestError)
    assert error.code == "context_length_exceeded"


@pytest.mark.parametrize("stream", [False, True])
def test_the_operators_key_is_no_fault_of_the_caller(client, failing, stream):
    error = refusal(client, failing, "[fake status=401]", stream=stream)
    assert error.status_code == 502
    assert error.code in ("provider_error", "providers_exhausted")


def test_too_many_calls(client, failing):
    error = refusal(client, failing, "[fake status=429 retry-after=1]")
    assert isinstance(error, openai.RateLimitError)
    assert error.code == "provider_rate_limited"
    assert int(error.response.headers["retry-after"]) >= 1


@pytest.mark.parametrize("status", ["500", "503", "529"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_providers_fault(client, failing, status, stream):
    error = refusal(client, failing, f"[fake status={status}]", stream=stream)
    assert isinstance(error, openai.InternalServerError)
    assert error.status_code in (502, 503)
    assert error.code in ("provider_error", "providers_exhausted", "overloaded")


@pytest.mark.parametrize("fault", ["inside", "html", "cut"])
def test_an_answer_that_is_none(client, failing, fault):
    error = refusal(client, failing, f"[fake fault={fault}]")
    assert error.status_code == 502
    assert "<" not in error.message


@pytest.mark.parametrize("fault", ["cut", "midstream"])
def test_a_stream_that_breaks_after_it_began(client, failing, fault):
    seen = []
    with pytest.raises(openai.APIError) as caught:
        for chunk in whole(client, failing, user(f"[fake fault={fault}]"), stream=True):
            seen.append(chunk)
    assert seen
    assert not any(chunk.choices and chunk.choices[0].finish_reason for chunk in seen)
    assert set(caught.value.body) >= {"message", "type", "param", "code"}


def test_a_stream_that_is_an_error_from_the_start(client, failing):
    with pytest.raises(openai.APIError):
        list(whole(client, failing, user("[fake fault=inside]"), stream=True))


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_target_is_tried_again(client, model, stack, tag, stream):
    answer = whole(client, model, user(f"[fake status=500 times=1 tag={tag}]"), stream=stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in answer) if stream else (
        answer.choices[0].message.content)
    assert text == TEXT
    assert [call["status"] for call in stack.calls(tag)] == [500, 200]


@pytest.mark.parametrize("fault", ["status=500", "status=429", "status=401", "fault=inside", "fault=html"])
def test_the_next_of_a_list_answers(client, stack, tag, fault):
    for stream in (False, True):
        answer = whole(client, "openai/gpt-4.1,anthropic/claude-haiku-4-5",
                       user(f"[fake {fault} at=openai tag={tag}]"), stream=stream)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in answer) if stream else (
            answer.choices[0].message.content)
        assert text == TEXT
    assert stack.calls(tag)[-1]["provider"] == "anthropic"


def test_a_route_falls_back(client, tag):
    raw = client.chat.completions.with_raw_response.create(
        model="support-bot", messages=user(f"[fake status=500 at=openai tag={tag}]"))
    assert raw.headers["floopy-provider"] == "anthropic"
    assert raw.parse().choices[0].message.content == TEXT


def test_wrong_key(stack):
    stranger = openai.OpenAI(base_url=stack.url, api_key="fl_" + "N" * 43, max_retries=0)
    error = refusal(stranger, "openai/gpt-4o-mini", "hi")
    assert isinstance(error, openai.AuthenticationError)
    assert error.code == "invalid_api_key"


def test_a_key_that_may_only_read(stack):
    reader = openai.OpenAI(base_url=stack.url, api_key=stack.keys["reader"], max_retries=0)
    error = refusal(reader, "openai/gpt-4o-mini", "hi")
    assert isinstance(error, openai.PermissionDeniedError)
    assert error.code == "write_permission"


def test_a_model_that_nobody_knows(client):
    error = refusal(client, "gpt-4o-mimi", "hi")
    assert isinstance(error, openai.NotFoundError)
    assert error.code == "model_not_found"
    assert "gpt-4o-mini" in error.message


@pytest.mark.parametrize("messages", ["hello", [], [{"role": "narrator", "content": "x"}], [{"content": "x"}], [1]])
def test_a_conversation_that_is_none(client, model, messages):
    with pytest.raises(openai.BadRequestError) as caught:
        whole(client, model, messages)
    assert "messages" in (caught.value.param or "") or "messages" in caught.value.message


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"model":"\xff"}', b"[" * 5000, b'{"model":1}'])
def test_a_body_that_is_none(stack, body):
    headers = {"authorization": f"Bearer {stack.key}", "content-type": "application/json"}
    answer = httpx.post(f"{stack.url}/chat/completions", content=body, headers=headers)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] in ("invalid_body", "invalid_request")
    assert error["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/nowhere", "/chat/completions/", "/../v1/none"])
def test_an_address_that_is_none(stack, path):
    answer = httpx.post(f"{stack.url}{path}", json={}, headers={"authorization": f"Bearer {stack.key}"})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    answer = httpx.get(f"{stack.url}/chat/completions", headers={"authorization": f"Bearer {stack.key}"})
    assert answer.status_code == 405


def test_the_first_piece_is_not_held_back(client, model, stack, tag):
    """The provider goes on only when the caller has what came before."""
    stream = whole(client, model, user(f"[fake fault=hold tag={tag}]"), stream=True)
    first = next(iter(stream))
    assert first.choices[0].delta.role == "assistant"
    assert stack.calls(tag)[0]["ending"] == "open"
    stack.release(tag)
    rest = [chunk.choices[0].delta.content or "" for chunk in stream]
    assert TEXT.endswith("".join(rest))


def test_leaving_a_stream_ends_the_call_upstream(client, model, stack, tag):
    stream = whole(client, model, user(f"[fake fault=hold tag={tag}]"), stream=True)
    next(iter(stream))
    stream.close()
    assert [call["ending"] for call in stack.wait_for(tag, "left")] == ["left"]


@pytest.mark.parametrize("fault", ["hang", "hold"])
def test_leaving_before_the_answer_ends_the_call_upstream(stack, model, tag, fault):
    """A thread asks and is never answered; its connection is closed under it."""
    lone = openai.OpenAI(base_url=stack.url, api_key=stack.key, max_retries=0, timeout=1.0)

    def ask() -> None:
        with pytest.raises(openai.APITimeoutError):
            whole(lone, model, user(f"[fake fault={fault} tag={tag}]"))

    asking = threading.Thread(target=ask)
    asking.start()
    assert [call["ending"] for call in stack.wait_for(tag, "left")] == ["left"]
    asking.join()
