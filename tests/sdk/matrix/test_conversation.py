"""The scripted conversation, at every provider, whole and streamed: the caller cannot tell who answers."""

import json

import openai
import pytest

from conversation import PING, PNG, REASONING, SCHEMA, TEXT, WEATHER, Result, decision, streamed, user, whole
from table import PLAYED

CITIES = [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Zürich"})]


@pytest.fixture(params=[whole, streamed])
def ask(request):
    """In one piece and as a stream."""
    return request.param


def refused(client, param: str, model: str, messages: list[dict], **more) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=messages, **more)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)


def does_without(client, stack, tag, provider, capability: str, messages: list[dict], **more) -> bool:
    """Whether the table says that the provider cannot; what it says then is shown to be so."""
    cell = provider.cell(capability)
    if cell.refuses:
        for stream in (False, True):
            refused(client, cell.refuses, provider.model(capability), messages, stream=stream, **more)
        assert stack.calls(tag) == []
    if cell.drops:
        raw = client.chat.completions.with_raw_response.create(model=provider.model(capability), messages=messages, **more)
        assert decision(stack, raw.headers["x-request-id"])["dropped_parameters"] == [cell.drops]
        assert raw.parse().choices[0].finish_reason == "stop"
        assert not raw.parse().choices[0].message.tool_calls
        assert cell.drops not in stack.calls(tag)[0]["body"]
        refused(client, cell.drops, provider.strict(capability), messages, **more)
    return not cell.works


def test_text(client, provider, tag):
    _, said = whole(client, provider.model(), user(f"Where? [fake tag={tag}]"))
    assert said == Result(content=TEXT)


def test_a_stream(client, provider, tag):
    message, said = streamed(client, provider.model(), user(f"Where? [fake tag={tag}]"))
    assert said == Result(content=TEXT)
    # Nobody asked for usage: no key and no chunk without choices.
    chunks = list(client.chat.completions.create(model=provider.model(), messages=user("Where?"), stream=True))
    assert all(len(chunk.choices) == 1 and "usage" not in chunk.model_fields_set for chunk in chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == message["content"]
    assert len(chunks) > 4


def test_a_stream_in_pieces_of_seven_bytes(client, provider):
    assert streamed(client, provider.model(), user("Where? [fake chop=7]"))[1] == Result(content=TEXT)


def test_parallel_tools_and_their_results(client, stack, ask, provider, tag):
    model, messages = provider.model("tools"), user(f"Weather? [fake scenario=tools tag={tag}]")
    if provider.cell("tools").drops:
        messages = user(f"Weather? [fake tag={tag}]")
    if does_without(client, stack, tag, provider, "tools", messages, tools=[WEATHER, PING]):
        return
    messages = [{"role": "system", "content": "Be brief."}, {"role": "developer", "content": "Be kind."}, *messages]
    message, said = ask(client, model, messages, tools=[WEATHER, PING], parallel_tool_calls=True)
    # Cohere says what it plans beside its calls.
    plan = said.content if provider.kind == "cohere" else None
    assert said == Result(content=plan, calls=CITIES, finish="tool_calls")

    messages.append(message)
    for call, degrees in zip(message["tool_calls"], ["-3", "7"], strict=True):
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": [{"type": "text", "text": degrees}]})
    message, said = ask(client, model, messages, tools=[WEATHER, PING])
    assert said == Result(content="Oslo: -3; Zürich: 7")

    # A user's word after a tool's, a word of nobody's between two of the user's, and a conversation of another provider.
    messages += user(f"And? [fake tag={tag}]") + user(f"More? [fake tag={tag}]")
    assert ask(client, model, messages, tools=[WEATHER, PING])[1] == Result(content=TEXT)
    assert len(stack.calls(tag)) == 3


@pytest.mark.parametrize("origin", ["openai", "anthropic", "gemini", "cohere", "mistral"])
def test_a_conversation_goes_on_elsewhere(client, provider, origin):
    """What one provider has called, with its ids and signatures, another one hears the results of."""
    begins = next(one for one in PLAYED if one.id == origin)
    messages = user("Weather? [fake scenario=tools]")
    message, _ = whole(client, begins.model("tools"), messages, tools=[WEATHER])
    messages.append(message)
    for call, degrees in zip(message["tool_calls"], ["-3", "7"], strict=True):
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": degrees})
    if not provider.cell("tools").works:
        return refused(client, "messages[1].tool_calls", provider.model("tools"), messages)
    assert whole(client, provider.model("tools"), messages, tools=[WEATHER])[1] == Result(content="Oslo: -3; Zürich: 7")


def test_a_forced_tool(client, stack, ask, provider, tag):
    choice = {"type": "function", "function": {"name": "get_weather"}}
    more = {"tools": [PING, WEATHER], "tool_choice": choice}
    messages = user(f"Go [fake tag={tag}]")
    if does_without(client, stack, tag, provider, "forced_tool", messages, **more):
        return
    _, said = ask(client, provider.model("forced_tool"), messages, **more)
    plan = said.content if provider.kind == "cohere" else None
    assert said.calls == [("get_weather", {"city": "Zürich"})] and said.content == plan
    assert said.finish in ("tool_calls", "stop")


def test_an_image(client, stack, ask, provider, tag):
    content = [{"type": "text", "text": f"What? [fake scenario=seen tag={tag}]"},
               {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}}]
    if does_without(client, stack, tag, provider, "image", user(content)):
        return
    assert ask(client, provider.model("image"), user(content))[1] == Result(content="image/png 70")


def test_an_image_by_its_address(client, stack, provider, tag):
    """Who fetches by itself is given the address. For the others the gateway would fetch it, but not from a private
    network: the caller is told which image it is, and nobody was called."""
    fetches = provider.cell("image_address").fetches
    url = f"http://{stack.fakes}/cat.png" if fetches else "https://images.example/cat.png"
    content = [{"type": "text", "text": f"What? [fake scenario=seen tag={tag}]"},
               {"type": "image_url", "image_url": {"url": url}}]
    if does_without(client, stack, tag, provider, "image_address", user(content)):
        return
    if not fetches:
        assert whole(client, provider.model("image"), user(content))[1] == Result(content=url)
        return
    with pytest.raises(openai.BadRequestError) as caught:
        whole(client, provider.model("image"), user(content))
    assert caught.value.param == "messages[0].content[1].image_url.url"
    assert stack.calls(tag) == []
    assert not any("cat.png" in call["path"] for call in stack.fake("calls"))


def test_a_json_object(client, stack, ask, provider, tag):
    more = {"response_format": {"type": "json_object"}}
    messages = user(f"As JSON. [fake tag={tag}]")
    if does_without(client, stack, tag, provider, "json_object", messages, **more):
        return
    _, said = ask(client, provider.model("json_object"), messages, **more)
    assert isinstance(json.loads(said.content), dict)
    assert said == Result(content=said.content)


def test_a_schema_with_references(client, stack, ask, provider, tag):
    messages = user(f"Which trip? [fake tag={tag}]")
    if does_without(client, stack, tag, provider, "json_schema", messages, response_format=SCHEMA):
        return
    _, said = ask(client, provider.model("json_schema"), messages, response_format=SCHEMA)
    place = {"city": "Zürich", "celsius": 7, "sky": "clear"}
    assert json.loads(said.content) == {"from": place, "to": place}
    assert said == Result(content=said.content)


@pytest.mark.parametrize(("capability", "form"), [
    ("json_beside_tools", {"type": "json_object"}), ("schema_beside_tools", SCHEMA)])
def test_a_format_beside_tools(client, stack, ask, provider, tag, capability, form):
    messages, more = user(f"As JSON. [fake tag={tag}]"), {"response_format": form, "tools": [WEATHER]}
    if does_without(client, stack, tag, provider, capability, messages, **more):
        return
    _, said = ask(client, provider.model(capability), messages, **more)
    assert said == Result(content=said.content)
    assert isinstance(json.loads(said.content), dict)


def test_reasoning(client, stack, ask, provider, tag):
    silent = provider.cell("reasoning").silent
    messages = user(f"Why? [fake scenario={'text' if silent else 'reasoning'} tag={tag}]")
    if does_without(client, stack, tag, provider, "reasoning", messages, reasoning_effort="high"):
        return
    model = provider.model("reasoning")
    message, said = ask(client, model, messages, reasoning_effort="high")
    assert said == Result(content=TEXT, reasoning=None if silent else REASONING)
    body = stack.calls(tag)[0]["body"]
    members = [*body, *body.get("generationConfig", {}), *body.get("additionalModelRequestFields", {})]
    assert any("think" in name.lower() or "reasoning" in name for name in members), members
    # What it has thought goes back with what it has said, and the next word is understood.
    messages += [message, *user(f"And? [fake tag={tag}]")]
    assert ask(client, model, messages, reasoning_effort="high")[1] == Result(content=TEXT)
