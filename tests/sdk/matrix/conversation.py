"""One conversation and the one result that all providers have in common."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

# As in tests/fakes/model.py.
TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done."
REASONING = "Two cities, two calls: Oslo und Zürich."
PNG = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5Erk"
       "Jggg==")
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of one city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
                       "additionalProperties": False},
        "strict": True,
    },
}
PING = {"type": "function", "function": {"name": "ping"}}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "trip", "strict": True,
        "schema": {
            "type": "object",
            "properties": {"from": {"$ref": "#/$defs/Place"}, "to": {"$ref": "#/$defs/Place"}},
            "required": ["from", "to"], "additionalProperties": False,
            "$defs": {"Place": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "celsius": {"type": "integer"},
                               "sky": {"enum": ["clear", "cloudy"], "type": "string"}},
                "required": ["city", "celsius", "sky"], "additionalProperties": False,
            }},
        },
    },
}


@dataclass
class Result:
    """An answer without what may differ: ids, times and names."""

    content: str | None = None
    reasoning: str | None = None
    calls: list[tuple[str, dict]] = field(default_factory=list)
    finish: str = "stop"
    usage: tuple[int, int, int] = (21, 9, 30)


def user(text: str | list) -> list[dict]:
    return [{"role": "user", "content": text}]


def whole(client, model: str, messages: list[dict], **more):
    """The message as it is sent back, and its result."""
    completion = client.chat.completions.create(model=model, messages=messages, **more)
    assert completion.id and completion.object == "chat.completion" and completion.created and completion.model
    assert len(completion.choices) == 1
    choice = completion.choices[0]
    return choice.message.model_dump(exclude_none=True), result(choice.message, choice.finish_reason, completion.usage)


def streamed(client, model: str, messages: list[dict], **more):
    """The same, put together from a stream whose every chunk is looked at."""
    chunks = list(client.chat.completions.create(model=model, messages=messages, stream=True,
                                                 stream_options={"include_usage": True}, **more))
    assert len({(chunk.id, chunk.created, chunk.model, chunk.object) for chunk in chunks}) == 1
    *pieces, last = chunks
    assert last.choices == [] and last.usage
    assert all(len(chunk.choices) == 1 and chunk.usage is None for chunk in pieces)
    choices = [chunk.choices[0] for chunk in pieces]
    assert choices[0].delta.role == "assistant"
    assert [choice.finish_reason for choice in choices[:-1]] == [None] * (len(choices) - 1)
    message = {"role": "assistant"}
    calls: list[dict] = []
    for choice in choices:
        for name in ("content", "reasoning_content"):
            if piece := choice.delta.model_dump().get(name):
                message[name] = message.get(name, "") + piece
        for call in choice.delta.tool_calls or []:
            if call.index == len(calls):
                assert call.id and call.type == "function" and call.function.name
                calls.append({"id": call.id, "type": "function",
                              "function": {"name": call.function.name, "arguments": ""}})
            else:
                assert call.index == len(calls) - 1 and call.id is None and call.function.name is None
            calls[-1]["function"]["arguments"] += call.function.arguments or ""
    if calls:
        message["tool_calls"] = calls
    return message, result(message, choices[-1].finish_reason, last.usage)


def result(message, finish: str, usage) -> Result:
    said = message if isinstance(message, dict) else message.model_dump(exclude_none=True)
    calls = said.get("tool_calls") or []
    assert len({call["id"] for call in calls}) == len(calls)
    return Result(
        content=said.get("content") or None,
        reasoning=said.get("reasoning_content"),
        calls=[(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls],
        finish=finish,
        usage=(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens),
    )


def decision(stack, request_id: str) -> dict:
    """The record of a request, as soon as it is written."""
    request = urllib.request.Request(f"{stack.url}/decisions/{request_id}", headers={"authorization": f"Bearer {stack.key}"})
    deadline = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 404 or time.monotonic() > deadline:
                raise
