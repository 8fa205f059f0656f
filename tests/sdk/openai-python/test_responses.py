"""Responses: from a provider that serves the API itself, and from those that are asked for chat completions instead."""

import asyncio
import json

import openai
import pytest
from pydantic import BaseModel

from conftest import TEXT, user
from harness.stack import UPSTREAM_MODELS
from test_chat import PNG

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of one city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
                   "additionalProperties": False},
    "strict": True,
}
PING = {"type": "function", "name": "ping", "parameters": {"type": "object", "properties": {}}, "strict": False}
THOUGHT = "Two cities, two calls: Oslo und Zürich."


# The first serves the API itself.
UPSTREAMS = ["openai", "local", "anthropic"]
MODELS = [UPSTREAM_MODELS[name] for name in UPSTREAMS]


@pytest.fixture(params=UPSTREAMS)
def upstream(request) -> str:
    return request.param


def whole(client, model: str, given, **more):
    return client.responses.create(model=model, input=given, **more)


def streamed(client, model: str, given, **more):
    """What the SDK's own accumulator makes of the events, which have to agree with the last one."""
    with client.responses.stream(model=model, input=given, **more) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert [event.sequence_number for event in events] == list(range(len(events)))
    return final


def asynchronous(client, model: str, given, **more):
    async def ask():
        async with openai.AsyncOpenAI(base_url=client.base_url, api_key=client.api_key, max_retries=0,
                                      _strict_response_validation=True) as made:
            return await made.responses.create(model=model, input=given, **more)

    return asyncio.run(ask())


@pytest.fixture(params=[whole, streamed, asynchronous])
def ask(request):
    return request.param


def items(response, kind: str) -> list:
    return [item for item in response.output if item.type == kind]


def test_text(client, ask, model, tag, stack, upstream):
    response = ask(client, model, f"Where? [fake tag={tag}]", instructions="Be brief.", max_output_tokens=64, store=False,
                   temperature=0.5, metadata={"ticket": "7"})
    assert response.output_text == TEXT
    assert (response.status, response.error, response.incomplete_details) == ("completed", None, None)
    assert response.id.startswith("resp_")
    usage = response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (21, 9, 30)
    assert usage.input_tokens_details.cached_tokens == 4
    assert (response.instructions, response.metadata, response.store) == ("Be brief.", {"ticket": "7"}, False)
    call = stack.calls(tag)[0]
    assert call["path"].endswith("/responses") == (upstream == "openai")
    assert "Be brief." in json.dumps(call["body"])


def test_the_answer_says_why_and_how_it_was_routed(client, model):
    raw = client.responses.with_raw_response.create(model=model, input="Where?")
    assert raw.headers["floopy-provider"] + "/" + raw.headers["floopy-model"] == model
    assert raw.headers["x-request-id"] and "::" in raw.headers["floopy-reason"]


@pytest.mark.parametrize("chop", ["1", "7"])
def test_a_stream_cut_anywhere(client, model, chop):
    deltas = [event.delta for event in whole(client, model, f"[fake chop={chop}]", stream=True)
              if event.type == "response.output_text.delta"]
    assert "".join(deltas) == TEXT and len(deltas) > 2


def test_the_order_of_events(client, model):
    seen = [event.type.removeprefix("response.")
            for event in whole(client, model, "[fake scenario=reasoning]", stream=True, reasoning={"effort": "low"})]
    order = [name for name, before in zip(seen, [None, *seen], strict=False) if name != before]
    assert order == [
        "created", "in_progress",
        "output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta",
        "reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done",
        "output_item.added", "content_part.added", "output_text.delta", "output_text.done", "content_part.done",
        "output_item.done", "completed",
    ]


def test_parallel_tools_and_their_results(client, ask, model, stack, tag):
    given = user(f"The weather in Oslo and Zürich? [fake scenario=tools tag={tag}]")
    response = ask(client, model, given, tools=[WEATHER], store=False)
    calls = items(response, "function_call")
    assert [json.loads(call.arguments) for call in calls] == [{"city": "Oslo"}, {"city": "Zürich"}]
    assert len({call.call_id for call in calls} | {call.id for call in calls}) == 4
    given = [*given, *(item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in response.output)]
    for call, degrees in zip(calls, ["-3", "7"], strict=True):
        given.append({"type": "function_call_output", "call_id": call.call_id, "output": degrees})
    response = ask(client, model, given, tools=[WEATHER], store=False)
    assert response.output_text == "Oslo: -3; Zürich: 7"
    assert len(stack.calls(tag)) == 2


def test_tokens_are_counted(client, model, upstream):
    asked = {"instructions": "Be brief.", "tools": [WEATHER]}
    one = client.responses.input_tokens.count(model=model, input="Hello,", **asked)
    more = client.responses.input_tokens.count(model=model, input=user("Hello, " * 100), **asked)
    assert one.object == more.object == "response.input_tokens"
    assert 30 < one.input_tokens < more.input_tokens
    if upstream != "openai":
        assert abs(more.input_tokens - one.input_tokens - 198) < 10, "by our own tokenizer"


def test_a_tool_without_arguments(client, ask, model):
    response = ask(client, model, "[fake scenario=bare-tool]", tools=[PING])
    assert [call.arguments for call in items(response, "function_call")] == ["{}"]


def test_a_forced_tool(client, ask, model):
    response = ask(client, model, "go", tools=[PING, WEATHER], tool_choice={"type": "function", "name": "get_weather"})
    assert [(call.name, json.loads(call.arguments)) for call in items(response, "function_call")] == [
        ("get_weather", {"city": "Zürich"})]


def test_images(client, ask, model):
    content = [
        {"type": "input_text", "text": "What is it? [fake scenario=seen]"},
        {"type": "input_image", "image_url": PNG, "detail": "auto"},
        {"type": "input_image", "image_url": "https://images.example/cat.png", "detail": "low"},
    ]
    response = ask(client, model, [{"role": "user", "content": content}])
    assert response.output_text == "image/png 70; https://images.example/cat.png"


class Place(BaseModel):
    city: str
    celsius: int
    tags: list[str]


def test_structured_output(client, model):
    place = Place(city="Zürich", celsius=7, tags=["Zürich"])
    assert client.responses.parse(model=model, input="Where?", text_format=Place).output_parsed == place
    with client.responses.stream(model=model, input="Where?", text_format=Place) as stream:
        assert stream.get_final_response().output_parsed == place


def test_json_object(client, ask, model):
    response = ask(client, model, "Answer as JSON.", text={"format": {"type": "json_object"}})
    assert isinstance(json.loads(response.output_text), dict)


def test_reasoning_goes_out_and_comes_back_to_any_provider(client, ask, model, upstream, tag):
    include = ["reasoning.encrypted_content"]
    # A budget of thoughts must lie below the answer's own limit.
    response = ask(client, model, "Think. [fake scenario=reasoning]", reasoning={"effort": "low"}, include=include,
                   max_output_tokens=4096, store=False)
    assert [item.type for item in response.output] == ["reasoning", "message"]
    thought = response.output[0]
    assert "".join(part.text for part in thought.summary) == THOUGHT
    assert bool(thought.encrypted_content) == (upstream == "anthropic")
    history = [*user("Think."), *(item.model_dump(exclude_none=True) for item in response.output), *user("And now?")]
    for other in MODELS:
        assert ask(client, other, history, store=False).output_text == TEXT


def test_logprobs(client, stack):
    response = whole(client, UPSTREAM_MODELS["local"], "Where?", top_logprobs=2, include=["message.output_text.logprobs"])
    assert len(response.output[0].content[0].logprobs[0].top_logprobs) == 2


def test_an_item_can_be_named(client, model):
    """Clients that count on the server's memory name items instead of sending them back."""
    given = user("Oslo and Zürich? [fake scenario=tools]")
    calls = items(whole(client, model, given, tools=[WEATHER]), "function_call")
    named = [{"type": "item_reference", "id": call.id} for call in calls]
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "snow"} for call in calls]
    answers = {whole(client, other, [*given, *named, *results], tools=[WEATHER]).output_text
               for other in MODELS}
    assert answers == {"Oslo: snow; Zürich: snow"}


@pytest.mark.parametrize(("scenario", "reason"), [("length", "max_output_tokens"), ("refusal", "content_filter")])
def test_an_answer_that_is_not_whole(client, ask, model, scenario, reason):
    if ask is streamed:
        # The accumulator knows no end but `response.completed`: the last event is looked at instead.
        response = list(whole(client, model, f"[fake scenario={scenario}]", stream=True))[-1].response
    else:
        response = ask(client, model, f"[fake scenario={scenario}]")
    assert (response.status, response.incomplete_details.reason) == ("incomplete", reason)


@pytest.mark.parametrize(("marker", "kind", "code"), [
    ("status=400", openai.BadRequestError, None),
    ("fault=overflow", openai.BadRequestError, "context_length_exceeded"),
    ("status=429", openai.RateLimitError, "provider_rate_limited"),
    ("status=500", openai.InternalServerError, "provider_error"),
])
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_their_classes(client, model, marker, kind, code, stream):
    with pytest.raises(kind) as caught:
        whole(client, model, f"[fake {marker}]", stream=stream)
    if code:
        assert caught.value.code == code
    assert caught.value.request_id


@pytest.mark.parametrize("fault", ["cut", "midstream"])
def test_a_stream_that_breaks_after_it_began(client, model, upstream, fault):
    seen = []
    try:
        seen.extend(whole(client, model, f"[fake fault={fault}]", stream=True))
        raised = False
    except openai.APIError as error:
        raised = set(error.body) >= {"message", "type", "param", "code"}
    assert seen or raised
    assert not any(event.type == "response.completed" for event in seen)
    # What a provider says of its own failure in this API is handed on as it is, and no client raises at it.
    assert raised or (upstream, fault, seen[-1].type) == ("openai", "midstream", "error")


def test_a_route_falls_back(client):
    raw = client.responses.with_raw_response.create(model="support-bot", input="[fake status=500 at=openai]")
    assert raw.headers["floopy-provider"] == "anthropic"
    assert raw.parse().output_text == TEXT


@pytest.mark.parametrize(("more", "param"), [
    ({"previous_response_id": "resp_1"}, "previous_response_id"),
    ({"background": True}, "background"),
    ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
    ({"conversation": "conv_1"}, "conversation"),
])
def test_what_needs_the_api_itself_is_refused_by_others(client, more, param):
    for model in (UPSTREAM_MODELS["local"], UPSTREAM_MODELS["anthropic"]):
        with pytest.raises(openai.BadRequestError) as caught:
            whole(client, model, "hi", **more)
        assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)


def test_hosted_tools_of_a_provider_that_has_them(client, stack, tag):
    response = whole(client, UPSTREAM_MODELS["openai"], f"hi [fake tag={tag}]", tools=[{"type": "web_search"}])
    assert response.output_text == TEXT
    assert stack.calls(tag)[0]["body"]["tools"] == [{"type": "web_search"}]


def test_no_response_is_kept(client, model):
    made = whole(client, model, "hi")
    for act in (client.responses.retrieve, client.responses.delete, client.responses.cancel):
        with pytest.raises(openai.NotFoundError) as caught:
            act(made.id)
        assert caught.value.code == "not_found"


def test_leaving_ends_the_call_upstream(client, model, stack, tag):
    stream = whole(client, model, f"[fake fault=hold tag={tag}]", stream=True)
    next(iter(stream))
    stream.close()
    assert [call["ending"] for call in stack.wait_for(tag, "left")] == ["left"]
