"""Messages through the official client, answered by a provider of either dialect."""

import base64
import uuid

import anthropic
import pytest

from conftest import TEXT, user, whole

WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(24)).decode()


def text_of(message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_text(ask, client, model):
    message = ask(client, model, user("Where?"), system="Be brief.", stop_sequences=["END"])
    assert text_of(message) == TEXT
    assert (message.role, message.type, message.stop_reason) == ("assistant", "message", "end_turn")
    assert message.id.startswith("msg_")
    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (17, 4, 9)


def test_the_answer_says_why_and_how_it_was_routed(client, model):
    answer = client.messages.with_raw_response.create(model=model, messages=user("Where?"), max_tokens=9)
    assert uuid.UUID(answer.headers["request-id"])
    assert answer.headers["floopy-provider"] + "/" + answer.headers["floopy-model"] == model
    assert "::" in answer.headers["floopy-reason"]


@pytest.mark.parametrize("chop", [1, 7])
def test_a_stream_cut_between_the_bytes_of_a_sign(client, model, chop):
    with client.messages.stream(model=model, messages=user(f"[fake chop={chop}]"), max_tokens=500) as stream:
        assert "".join(stream.text_stream) == TEXT


def test_parallel_tools_and_their_results(ask, client, model):
    messages = user("The weather in Oslo and Zürich? [fake scenario=tools]")
    asked = ask(client, model, messages, tools=[WEATHER])
    assert asked.stop_reason == "tool_use"
    calls = [block for block in asked.content if block.type == "tool_use"]
    assert [call.input for call in calls] == [{"city": "Oslo"}, {"city": "Zürich"}]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "snow"} for call in calls]
    messages += [{"role": "assistant", "content": asked.content}, {"role": "user", "content": results}]
    answer = ask(client, model, messages, tools=[WEATHER])
    assert text_of(answer) == "Oslo: snow; Zürich: snow"


def test_a_call_without_arguments(ask, client, model):
    tool = {"name": "ping", "input_schema": {"type": "object", "properties": {}}}
    message = ask(client, model, user("[fake scenario=bare-tool]"), tools=[tool])
    assert [block.input for block in message.content if block.type == "tool_use"] == [{}]


def test_a_forced_tool(ask, client, model):
    message = ask(client, model, user("Now."), tools=[WEATHER], tool_choice={"type": "tool", "name": "get_weather"})
    assert [block.name for block in message.content if block.type == "tool_use"] == ["get_weather"]


def test_thoughts_come_first_with_a_signature_and_can_be_sent_back(ask, client, model, upstream):
    # The budget must lie below the answer's own limit.
    more = {"thinking": {"type": "enabled", "budget_tokens": 1024}} if upstream == "anthropic" else {}
    question = user("Think. [fake scenario=reasoning]")
    message = client.messages.create(model=model, messages=question, max_tokens=2048, **more)
    assert [block.type for block in message.content] == ["thinking", "text"]
    thought = message.content[0]
    assert thought.thinking == "Two cities, two calls: Oslo und Zürich."
    assert thought.signature == ("floopy-unsigned" if upstream == "openai" else "c2lnbmVk")
    # To either dialect: thoughts that nobody signed stay away from a provider that checks signatures.
    history = question + [{"role": "assistant", "content": message.content}] + user("And now?")
    for other in ("openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"):
        assert text_of(ask(client, other, history)) == TEXT


def test_images(ask, client, model):
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "[fake scenario=seen]"}]
    assert text_of(ask(client, model, user(content))) == "image/png 32"


def test_cut_short(ask, client, model):
    assert ask(client, model, user("[fake scenario=length]")).stop_reason == "max_tokens"


def test_a_route_falls_back_and_says_so(client):
    answer = client.messages.with_raw_response.create(
        model="support-bot", messages=user("[fake status=503 at=openai]"), max_tokens=9)
    assert text_of(answer.parse()) == TEXT
    assert answer.headers["floopy-provider"] == "anthropic"


def test_both_ways_to_send_the_key(stack, model):
    with anthropic.Anthropic(base_url=f"http://{stack.address}", auth_token=stack.key, max_retries=0) as bearer:
        assert text_of(whole(bearer, model, user("Where?"))) == TEXT
    with anthropic.Anthropic(base_url=f"http://{stack.address}", api_key="fl_wrong", max_retries=0) as wrong:
        with pytest.raises(anthropic.AuthenticationError) as caught:
            whole(wrong, model, user("Where?"))
    assert caught.value.body["error"]["type"] == "authentication_error"
    assert caught.value.request_id == caught.value.body["request_id"]


@pytest.mark.parametrize("marker, kind, word", [
    ("status=400", anthropic.BadRequestError, "invalid_request_error"),
    ("fault=overflow", anthropic.BadRequestError, "invalid_request_error"),
    ("status=429", anthropic.RateLimitError, "rate_limit_error"),
    ("status=500", anthropic.InternalServerError, "api_error"),
])
def test_errors_have_their_classes(ask, client, model, marker, kind, word):
    with pytest.raises(kind) as caught:
        ask(client, model, user(f"[fake {marker}]"))
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["type"] == word


def test_an_error_inside_a_stream(client, model):
    with pytest.raises(anthropic.APIStatusError) as caught:
        with client.messages.stream(model=model, messages=user("[fake fault=midstream]"), max_tokens=99) as stream:
            stream.get_final_message()
    assert caught.value.body["error"]["type"] in ("api_error", "overloaded_error")


def test_tokens_are_counted(client):
    counted = client.messages.count_tokens(model="openai/gpt-4o-mini", messages=user("Hello,"), tools=[WEATHER])
    assert 10 < counted.input_tokens < 100
