"""Chat completions over every dialect: the caller cannot tell which provider answers."""

import json
import uuid

import pytest
from pydantic import BaseModel

from conftest import TEXT, user, whole

PNG = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5Erk"
       "Jggg==")
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of one city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
PING = {"type": "function", "function": {"name": "ping"}}


def test_text(client, ask, model, tag):
    completion = ask(client, model, user(f"Where? [fake tag={tag}]"))
    choice = completion.choices[0]
    assert choice.message.content == TEXT
    assert choice.message.role == "assistant"
    assert choice.finish_reason == "stop"
    assert not choice.message.tool_calls
    assert completion.id.startswith("chatcmpl-")
    usage = completion.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (21, 9, 30)
    assert usage.prompt_tokens_details.cached_tokens == 4


@pytest.mark.parametrize("chop", ["1", "7", "50"])
def test_a_stream_cut_anywhere(client, model, chop):
    chunks = list(whole(client, model, user(f"[fake scenario=tools chop={chop}]"), tools=[WEATHER], stream=True))
    pieces = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    for index, city in enumerate(["Oslo", "Zürich"]):
        mine = [piece for piece in pieces if piece.index == index]
        assert json.loads("".join(piece.function.arguments or "" for piece in mine)) == {"city": city}
        assert len([piece for piece in mine if piece.id]) == 1
    chunks = list(whole(client, model, user(f"[fake chop={chop}]"), stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT


def test_the_shape_of_a_stream(client, model):
    chunks = list(whole(client, model, user("hi"), stream=True))
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len(chunks) > 4
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    assert reasons[-1] == "stop"
    assert set(reasons[:-1]) == {None}
    # Nobody asked for usage: no key and no chunk without choices.
    assert all(len(chunk.choices) == 1 and "usage" not in chunk.model_fields_set for chunk in chunks)


def test_usage_in_a_stream(client, model):
    chunks = list(whole(client, model, user("hi"), stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == 30
    assert all(chunk.usage is None and "usage" in chunk.model_fields_set for chunk in chunks[:-1])


def test_a_whole_conversation(client, ask, model, stack, tag):
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "And"},
        {"role": "user", "content": [{"type": "text", "text": f"more [fake tag={tag}]"}]},
    ]
    completion = ask(client, model, messages, temperature=0.5, top_p=0.9, stop=["END"], max_tokens=64, seed=7, user="u-1")
    assert completion.choices[0].message.content == TEXT
    body = stack.calls(tag)[0]["body"]
    settings = body.get("inferenceConfig", body)
    assert [settings[name] for name in ("max_tokens", "max_completion_tokens", "maxTokens") if name in settings] == [64]
    assert [settings[name] for name in ("stop", "stop_sequences", "stopSequences") if name in settings] == [["END"]]
    assert "Be brief." in json.dumps(body)
    assert "Be kind." in json.dumps(body)


def test_parallel_tools_and_their_results(client, ask, model, stack, tag):
    messages = user(f"The weather in Oslo and Zürich? [fake scenario=tools tag={tag}]")
    completion = ask(client, model, messages, tools=[WEATHER])
    choice = completion.choices[0]
    assert choice.finish_reason == "tool_calls"
    calls = choice.message.tool_calls
    assert [(call.type, call.function.name) for call in calls] == [("function", "get_weather")] * 2
    assert [json.loads(call.function.arguments) for call in calls] == [{"city": "Oslo"}, {"city": "Zürich"}]
    assert len({call.id for call in calls}) == 2

    messages.append(choice.message.model_dump(exclude_none=True, exclude={"parsed"}))
    for call, degrees in zip(calls, ["-3", "7"], strict=True):
        messages.append({"role": "tool", "tool_call_id": call.id, "content": degrees})
    completion = ask(client, model, messages, tools=[WEATHER])
    assert completion.choices[0].message.content == "Oslo: -3; Zürich: 7"
    assert completion.choices[0].finish_reason == "stop"

    messages += [{"role": "assistant", "content": "Cold."}, *user(f"Thanks [fake tag={tag}]")]
    assert ask(client, model, messages, tools=[WEATHER]).choices[0].message.content == TEXT
    assert len(stack.calls(tag)) == 3


def test_a_plan_is_said_and_a_result_that_is_an_object_is_a_document(client, ask, stack, tag):
    """What Cohere alone has: it must not get lost on the way out, nor on the way back."""
    model = "cohere/command-a-plus-05-2026"
    messages = user(f"The weather? [fake scenario=tools tag={tag}]")
    message = ask(client, model, messages, tools=[WEATHER]).choices[0].message
    assert message.content == "I will look."
    messages.append(message.model_dump(exclude_none=True, exclude={"parsed"}))
    for call in message.tool_calls:
        messages.append({"role": "tool", "tool_call_id": call.id, "content": '{"celsius": 3}'})
    text = ask(client, model, messages, tools=[WEATHER]).choices[0].message.content
    assert text == 'Oslo: {"celsius": 3}; Zürich: {"celsius": 3}'
    sent = stack.calls(tag)[1]["body"]["messages"]
    assert sent[1]["tool_plan"] == "I will look."
    assert sent[2]["content"] == [{"type": "document", "document": {"data": {"celsius": 3}}}]


def test_a_tool_without_arguments(client, ask, model):
    completion = ask(client, model, user("[fake scenario=bare-tool]"), tools=[PING])
    assert completion.choices[0].message.tool_calls[0].function.arguments == "{}"


def test_a_forced_tool(client, ask, model):
    completion = ask(client, model, user("go"), tools=[PING, WEATHER],
                     tool_choice={"type": "function", "function": {"name": "get_weather"}})
    call = completion.choices[0].message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Zürich"})


@pytest.mark.parametrize(("choice", "anthropic", "cohere"), [
    ("auto", "auto", None), ("required", "any", "REQUIRED"), ("none", "none", "NONE")])
def test_tool_choice_by_word(client, model, upstream, stack, tag, choice, anthropic, cohere):
    whole(client, model, user(f"go [fake tag={tag}]"), tools=[WEATHER], tool_choice=choice, parallel_tool_calls=False)
    body = stack.calls(tag)[0]["body"]
    if upstream == "openai":
        assert (body["tool_choice"], body["parallel_tool_calls"]) == (choice, False)
    elif upstream == "cohere":
        assert body.get("tool_choice") == cohere
    elif upstream == "bedrock":
        # Said in Claude's own words, beside Converse's; what is not to be called is not offered.
        assert ("toolConfig" in body) == (choice != "none")
        if choice != "none":
            chosen = body["additionalModelRequestFields"]["tool_choice"]
            assert chosen == {"type": anthropic, "disable_parallel_tool_use": True}
    else:
        assert body["tool_choice"]["type"] == anthropic
        assert body["tool_choice"].get("disable_parallel_tool_use", anthropic == "none")


def test_images(client, ask, model, upstream):
    content = [
        {"type": "text", "text": "What is it? [fake scenario=seen]"},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "image_url", "image_url": {"url": "https://images.example/cat.png", "detail": "low"}},
    ]
    seen = "image/png 70; https://images.example/cat.png"
    if upstream == "bedrock":
        # It fetches nothing: the gateway would, and this address is nobody's.
        content, seen = content[:2], "image/png 70"
    completion = ask(client, model, [{"role": "user", "content": content}])
    assert completion.choices[0].message.content == seen


class Place(BaseModel):
    city: str
    celsius: int
    tags: list[str]


def test_structured_output(client, model):
    completion = client.chat.completions.parse(model=model, messages=user("Where?"), response_format=Place)
    assert completion.choices[0].message.parsed == Place(city="Zürich", celsius=7, tags=["Zürich"])
    with client.chat.completions.stream(model=model, messages=user("Where?"), response_format=Place) as stream:
        assert stream.get_final_completion().choices[0].message.parsed.city == "Zürich"


def test_json_object(client, ask, model):
    completion = ask(client, model, user("Answer as JSON."), response_format={"type": "json_object"})
    assert isinstance(json.loads(completion.choices[0].message.content), dict)
    assert completion.choices[0].finish_reason == "stop"


def test_reasoning(client, model):
    text = "[fake scenario=reasoning]"
    message = whole(client, model, user(text), reasoning_effort="low").choices[0].message
    assert message.content == TEXT
    assert message.model_extra["reasoning_content"] == "Two cities, two calls: Oslo und Zürich."
    chunks = list(whole(client, model, user(text), reasoning_effort="low", stream=True))
    reasoning = "".join((chunk.choices[0].delta.model_extra or {}).get("reasoning_content") or "" for chunk in chunks)
    assert reasoning == "Two cities, two calls: Oslo und Zürich."
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT


@pytest.mark.parametrize(("scenario", "reason"), [("length", "length"), ("refusal", "content_filter")])
def test_other_endings(client, model, scenario, reason):
    text = user(f"[fake scenario={scenario}]")
    assert whole(client, model, text).choices[0].finish_reason == reason
    assert list(whole(client, model, text, stream=True))[-1].choices[0].finish_reason == reason


def test_logprobs_pass_through_or_are_left_out(client, model, upstream):
    completion = whole(client, model, user("hi"), logprobs=True, top_logprobs=2)
    logprobs = completion.choices[0].logprobs
    if upstream != "anthropic":
        assert logprobs.content[0].token == TEXT[:9]
        assert len(logprobs.content[0].top_logprobs) == (2 if upstream == "openai" else 0)
        chunks = list(whole(client, model, user("hi"), logprobs=True, stream=True))
        tokens = [part.token for chunk in chunks if chunk.choices[0].logprobs for part in chunk.choices[0].logprobs.content]
        assert "".join(tokens) == TEXT
    else:
        assert logprobs is None


def test_several_choices(client):
    completion = whole(client, "openai/gpt-4o-mini", user("hi"), n=2)
    assert [(choice.index, choice.message.content) for choice in completion.choices] == [(0, TEXT), (1, TEXT)]
    chunks = list(whole(client, "openai/gpt-4o-mini", user("hi"), n=2, stream=True))
    for index in (0, 1):
        mine = [choice for chunk in chunks for choice in chunk.choices if choice.index == index]
        assert "".join(choice.delta.content or "" for choice in mine) == TEXT
        assert [choice.finish_reason for choice in mine if choice.finish_reason] == ["stop"]


@pytest.mark.parametrize("model_name", ["openai/gpt-4o-mini", "local/llama"])
def test_what_no_type_knows_passes_both_ways(client, stack, tag, model_name):
    extra = {"x_free": {"deep": [1, 2.50, None, "ü"]}, "x_number": 12345678901234567890}
    completion = whole(client, model_name, user(f"[fake tag={tag}]"), extra_body=extra)
    body = stack.calls(tag)[0]["body"]
    assert {key: body[key] for key in extra} == extra
    assert completion.model_extra["x_provider_extra"] == {"kept": True}


def test_headers(client, model, upstream, tag):
    raw = client.chat.completions.with_raw_response.create(
        model=model, messages=user(f"[fake tag={tag}]"), extra_headers={"floopy-session-id": f"s-{tag}"})
    headers = raw.headers
    assert str(uuid.UUID(headers["x-request-id"])) == headers["x-request-id"]
    assert headers["floopy-session-id"] == f"s-{tag}"
    assert headers["floopy-provider"] == upstream
    assert headers["floopy-model"] == model.split("/")[1]
    assert "::" in headers["floopy-reason"]
    assert headers["floopy-strategy"] == "legacy_model"
    assert int(headers["floopy-cost-micro-usd"]) > 0
    assert headers["content-type"].startswith("application/json")
    leaked = {"set-cookie", "openai-organization", "request-id"} & set(headers)
    assert not leaked


def test_headers_of_a_stream(client, model, upstream):
    raw = client.chat.completions.with_raw_response.create(model=model, messages=user("hi"), stream=True)
    headers = raw.headers
    assert headers["content-type"].startswith("text/event-stream")
    assert headers["floopy-provider"] == upstream
    assert "content-length" not in headers
    assert "floopy-cost-micro-usd" not in headers
    assert uuid.UUID(headers["x-request-id"])
    list(raw.parse())


def test_request_ids_reach_the_caller(client, model):
    assert uuid.UUID(whole(client, model, user("hi"))._request_id)


def test_the_model_by_its_bare_name_by_route_and_by_list(client, stack, tag):
    for name in ["gpt-4o-mini", "support-bot", "openai/gpt-4o-mini,anthropic/claude-haiku-4-5"]:
        assert whole(client, name, user(f"[fake tag={tag}]")).choices[0].message.content == TEXT
    assert [call["provider"] for call in stack.calls(tag)] == ["openai"] * 3
