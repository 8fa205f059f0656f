"""OpenAI's chat completions, embeddings and models: what a request must be, and what is answered."""

import base64
import json
import struct
from collections.abc import Iterator

from openai.types import EmbeddingCreateParams
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)

from . import model
from .checks import Typed

PLAIN, STREAMING = Typed(CompletionCreateParamsNonStreaming), Typed(CompletionCreateParamsStreaming)
EMBEDDINGS = Typed(EmbeddingCreateParams)
KNOWN_KEYS = set(CompletionCreateParamsStreaming.__required_keys__ | CompletionCreateParamsStreaming.__optional_keys__)
# Callers may send what no type knows: it passes through. The suites do so under this prefix only.
FREE_PREFIX = "x_"
CREATED = 1_768_480_496


def chat_violations(body: dict) -> Iterator[str]:
    yield from (STREAMING if body.get("stream") else PLAIN).violations(body)
    for key, value in body.items():
        if key not in KNOWN_KEYS and not key.startswith(FREE_PREFIX):
            yield f"unknown key {key}"
        if value is None:
            yield f"{key} is null: leave it out"
    if "max_tokens" in body and "max_completion_tokens" in body:
        yield "both max_tokens and max_completion_tokens"
    if "stream_options" in body and not body.get("stream"):
        yield "stream_options without stream"
    yield from calls_violations(body)


def calls_violations(body: dict) -> Iterator[str]:
    """Calls and their results."""
    open_calls: set[str] = set()
    for index, message in enumerate(body.get("messages") or []):
        if not isinstance(message, dict):
            continue
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in open_calls:
                yield f"messages[{index}] answers {message.get('tool_call_id')}, which was not called just before"
            open_calls.discard(message.get("tool_call_id"))
            continue
        if open_calls:
            yield f"messages[{index}] comes before the results of {sorted(open_calls)}"
        open_calls = {call.get("id") for call in message.get("tool_calls") or []}
        for call in message.get("tool_calls") or []:
            arguments = call.get("function", {}).get("arguments")
            if call.get("type") == "function" and not is_json_object(arguments):
                yield f"messages[{index}]: arguments are no JSON object: {arguments!r}"


def is_json_object(text: object) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False


def heard(body: dict) -> model.Heard:
    known = model.Heard()
    names = {}
    for message in body["messages"]:
        role, content = message["role"], message.get("content")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        text = "".join(part["text"] for part in parts if part.get("type") == "text")
        for call in message.get("tool_calls") or []:
            names[call["id"]] = json.loads(call["function"]["arguments"]).get("city", call["function"]["name"])
        if role == "tool":
            known.results.append((names.get(message["tool_call_id"], "?"), text))
            continue
        known.results = []
        if role == "user":
            known.user_text = text
            for part in parts:
                if part.get("type") == "image_url":
                    known.images.append(image_name(part["image_url"]["url"]))
    for tool in body.get("tools") or []:
        if tool["type"] == "function":
            known.tools[tool["function"]["name"]] = tool["function"].get("parameters") or {}
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function":
        known.forced = choice["function"]["name"]
    form = body.get("response_format") or {}
    if form.get("type") == "json_schema":
        known.schema = form["json_schema"].get("schema", {})
    elif form.get("type") == "json_object":
        known.schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return known


def image_name(url: str) -> str:
    """A base64 image by its type and size, any other by its address."""
    if not url.startswith("data:"):
        return url
    kind, data = url.removeprefix("data:").split(";base64,", 1)
    return f"{kind} {len(base64.b64decode(data, validate=True))}"


def usage(reply: model.Reply) -> dict:
    reasoning = model.REASONING_TOKENS if reply.reasoning else 0
    return {
        "prompt_tokens": model.PROMPT_TOKENS,
        "completion_tokens": model.OUTPUT_TOKENS,
        "total_tokens": model.PROMPT_TOKENS + model.OUTPUT_TOKENS,
        "prompt_tokens_details": {"cached_tokens": model.CACHED_TOKENS, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0,
                                      "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    }


def tool_calls(reply: model.Reply) -> list[dict]:
    return [
        {"id": call.id, "type": "function",
         "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}}
        for call in reply.calls
    ]


def _logprobs(pieces: list[str], top: int) -> dict:
    def one(piece: str) -> dict:
        return {"token": piece, "logprob": -0.25, "bytes": list(piece.encode())}

    return {"content": [{**one(piece), "top_logprobs": [one(piece)] * top} for piece in pieces], "refusal": None}


def answer(body: dict, reply: model.Reply) -> dict:
    message = {"role": "assistant", "content": reply.text or None, "refusal": None, "annotations": []}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    if reply.calls:
        message["tool_calls"] = tool_calls(reply)
    logprobs = _logprobs(reply.text_pieces(), body.get("top_logprobs", 0)) if body.get("logprobs") else None
    choices = [
        {"index": index, "finish_reason": reply.finish, "logprobs": logprobs, "message": message}
        for index in range(body.get("n") or 1)
    ]
    return {
        "id": "chatcmpl-fake1", "object": "chat.completion", "created": CREATED, "model": body["model"],
        "choices": choices, "usage": usage(reply), "service_tier": "default", "system_fingerprint": None,
        "x_provider_extra": {"kept": True},
    }


def stream(body: dict, reply: model.Reply) -> Iterator[bytes]:
    """One event after another; `[DONE]` is the last."""
    with_usage = (body.get("stream_options") or {}).get("include_usage")
    base = {"id": "chatcmpl-fake1", "object": "chat.completion.chunk", "created": CREATED, "model": body["model"],
            "service_tier": "default", "system_fingerprint": None}

    def event(choices: list[dict], **more: object) -> bytes:
        chunk = {**base, "choices": choices, **({"usage": None} if with_usage else {}), **more}
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()

    def delta(index: int, finish: str | None = None, logprobs: object = None, **content: object) -> bytes:
        return event([{"index": index, "delta": content, "logprobs": logprobs, "finish_reason": finish}])

    for index in range(body.get("n") or 1):
        yield delta(index, role="assistant", content=None if reply.calls else "", refusal=None)
        for piece in reply.reasoning_pieces():
            yield delta(index, reasoning_content=piece)
        for piece in reply.text_pieces():
            logprobs = _logprobs([piece], body.get("top_logprobs", 0)) if body.get("logprobs") else None
            yield delta(index, logprobs=logprobs, content=piece)
        for number, call in enumerate(tool_calls(reply)):
            function = call["function"]
            start = {**call, "index": number, "function": {**function, "arguments": ""}}
            yield delta(index, tool_calls=[start])
            for at in range(0, len(function["arguments"]), 5):
                piece = {"index": number, "function": {"arguments": function["arguments"][at : at + 5]}}
                yield delta(index, tool_calls=[piece])
        yield delta(index, finish=reply.finish)
    if with_usage:
        yield event([], usage=usage(reply))
    yield b"data: [DONE]\n\n"


def error(status: int, message: str | None = None, code: str | None = None) -> dict:
    kinds = {400: "invalid_request_error", 401: "invalid_request_error", 404: "invalid_request_error",
             429: "requests"}
    codes = {400: "invalid_value", 401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
    return {"error": {"message": message or f"The fake says {status}.", "type": kinds.get(status, "server_error"),
                      "param": "messages" if status == 400 else None, "code": code or codes.get(status)}}


def overflow() -> tuple[int, dict]:
    text = "This model's maximum context length is 8 tokens. However, your messages resulted in 9 tokens."
    return 400, error(400, text, "context_length_exceeded")


def midstream_error() -> bytes:
    return f"data: {json.dumps(error(500, 'The server had an error while processing.'))}\n\n".encode()


def embeddings_violations(body: dict) -> Iterator[str]:
    given = body.get("input")
    # The published union is lazy in both of its token forms, so that pydantic settles for the first: lists of token
    # lists are taken apart here.
    lists = given if isinstance(given, list) and given and all(isinstance(part, list) for part in given) else [given]
    for part in lists:
        yield from EMBEDDINGS.violations({**body, "input": part})
    for key in set(body) - {"input", "model", "dimensions", "encoding_format", "user"}:
        yield f"unknown key {key}"
    if given in ("", []) or "" in lists or [] in lists or (isinstance(given, list) and "" in given):
        yield "input is empty"


def embeddings(body: dict) -> dict:
    given = body["input"]
    inputs = given if isinstance(given, list) and not all(isinstance(part, int) for part in given) else [given]
    data = []
    for index, text in enumerate(inputs):
        numbers = model.vector(str(text), body.get("dimensions", 8))
        packed = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
        embedding = packed if body.get("encoding_format") == "base64" else numbers
        data.append({"object": "embedding", "index": index, "embedding": embedding})
    return {"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": 5, "total_tokens": 5}}


def models() -> dict:
    names = ["gpt-4o-mini", "gpt-4o", "text-embedding-3-small"]
    data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "fake"} for name in names]
    return {"object": "list", "data": data}
