"""Failures, at every provider: each says it in its own words, and the caller hears the same."""

import uuid

import openai
import pytest

from conversation import TEXT, user, whole


def failure(client, model: str, text: str, **more) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        answer = client.chat.completions.create(model=model, messages=user(text), **more)
        list(answer)
    error = caught.value
    assert set(error.body) >= {"message", "type", "param", "code"}
    assert error.body["request_id"] == error.request_id
    assert uuid.UUID(error.request_id)
    return error


@pytest.mark.parametrize("stream", [False, True])
def test_the_callers_fault(client, provider, stream):
    error = failure(client, provider.model(), "[fake status=400]", stream=stream)
    assert error.status_code == 400
    assert error.type == "invalid_request_error"
    assert "The fake says 400." in error.message


@pytest.mark.parametrize("stream", [False, True])
def test_the_providers_fault(client, stack, provider, tag, stream):
    error = failure(client, provider.model(), f"[fake status=500 tag={tag}]", stream=stream)
    assert (error.status_code, error.code) == (502, "provider_error")
    assert "The fake says" not in error.message
    assert [call["status"] for call in stack.calls(tag)] == [500] * 3


@pytest.mark.parametrize("stream", [False, True])
def test_too_many_calls(client, provider, stream):
    error = failure(client, provider.model(), "[fake status=429 retry-after=7]", stream=stream)
    assert (error.status_code, error.code) == (429, "provider_rate_limited")
    assert error.response.headers["retry-after"] == "7"


@pytest.mark.parametrize("stream", [False, True])
def test_too_long_a_conversation(client, stack, provider, tag, stream):
    error = failure(client, provider.model(), f"[fake fault=overflow tag={tag}]", stream=stream)
    assert (error.status_code, error.code) == (400, "context_length_exceeded")
    assert "maximum context length" in error.message
    assert len(stack.calls(tag)) == 1


def test_a_stream_that_is_cut(client, provider):
    said, ends = "", []
    with pytest.raises(openai.APIError) as caught:
        for chunk in client.chat.completions.create(model=provider.model(), messages=user("[fake fault=cut]"), stream=True):
            said += chunk.choices[0].delta.content or ""
            ends.append(chunk.choices[0].finish_reason)
    assert said and TEXT.startswith(said) and said != TEXT
    assert set(ends) == {None}
    assert caught.value.body["code"] == "provider_error"


def test_an_answer_that_is_cut(client, provider):
    error = failure(client, provider.model(), "[fake fault=cut]")
    assert error.status_code == 502


def test_the_same_provider_is_tried_again(client, stack, provider, tag):
    _, said = whole(client, provider.model(), user(f"[fake status=500 times=1 tag={tag}]"))
    assert said.content == TEXT
    assert [call["status"] for call in stack.calls(tag)] == [500, 200]
