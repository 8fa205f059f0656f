"""Cohere's version 2: what a request must be, and what is answered."""

import base64
import inspect
import json
import typing
from collections.abc import Iterator

from cohere.types import ChatMessageV2
from cohere.v2.client import V2Client

from . import model
from .checks import Modelled


def _members(method: object) -> dict[str, Modelled]:
    """What the published client would send: its parameters, by name."""
    hints = typing.get_type_hints(method)
    names = set(inspect.signature(method).parameters) - {"self", "request_options", "messages"}
    return {name: Modelled(hints[name]) for name in names}


CHAT, EMBED = _members(V2Client.chat), _members(V2Client.embed)
MESSAGE = Modelled(ChatMessageV2)
PURPOSES = {"search_document", "search_query", "classification", "clustering", "image"}
SIZES = {256, 512, 1024, 1536}


def _typed(body: dict, members: dict[str, Modelled], more: set[str]) -> Iterator[str]:
    for key, value in body.items():
        if key in members:
            yield from (f"{key}: {fault}" for fault in members[key].violations(value))
        elif key not in more:
            yield f"unknown key {key}"
        if value is None:
            yield f"{key} is null: leave it out"


def violations(body: dict) -> Iterator[str]:
    """The published types first, then the rules that the server keeps and no type can say."""
    yield from _typed(body, CHAT, {"stream", "messages"})
    for name, low, high in [("p", 0.01, 0.99), ("k", 0, 500), ("frequency_penalty", 0, 1), ("presence_penalty", 0, 1)]:
        if name in body and not low <= body[name] <= high:
            yield f"{name} {body[name]} is not within {low}..{high}"
    if len(body.get("stop_sequences", [])) > 5:
        yield "more than five stop sequences"
    if body.get("tool_choice", "NONE") not in ("REQUIRED", "NONE") or "tool_choice" in body and not body.get("tools"):
        yield f"tool_choice {body['tool_choice']}"
    if body.get("response_format", {}).get("type") == "json_object" and (body.get("tools") or body.get("documents")):
        yield "response_format beside tools or documents"
    if body.get("safety_mode") and (body.get("tools") or body.get("documents")):
        yield "safety_mode beside tools or documents"
    if (body.get("thinking") or {}).get("token_budget", 1) < 1:
        yield "thinking.token_budget must be positive"
    yield from _conversation(body.get("messages"))


def _conversation(messages: object) -> Iterator[str]:
    if not isinstance(messages, list) or not messages:
        yield "messages is no list, or empty"
        return
    open_calls: set[str] = set()
    for index, message in enumerate(messages):
        yield from (f"messages[{index}]: {fault}" for fault in MESSAGE.violations(message))
        if not isinstance(message, dict):
            continue
        if message.get("role") == "tool":
            if message.get("tool_call_id") not in open_calls:
                yield f"messages[{index}] answers {message.get('tool_call_id')}, which was not called just before"
            open_calls.discard(message.get("tool_call_id"))
            continue
        if open_calls:
            yield f"messages[{index}] comes before the results of {sorted(open_calls)}"
        calls = message.get("tool_calls") or []
        open_calls = {call.get("id") for call in calls}
        if message.get("role") == "assistant" and not calls and not message.get("content"):
            yield f"messages[{index}] has neither content nor calls"
        for call in calls:
            if not _is_json_object(call.get("function", {}).get("arguments")):
                yield f"messages[{index}]: arguments are no JSON object"
    if open_calls:
        yield f"the calls {sorted(open_calls)} have no results"


def _is_json_object(text: object) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    pieces = []
    for part in content or []:
        if part["type"] == "text":
            pieces.append(part["text"])
        elif part["type"] == "document":
            pieces.append(json.dumps(part["document"]["data"], ensure_ascii=False))
    return "".join(pieces)


def heard(body: dict) -> model.Heard:
    known = model.Heard()
    names = {}
    for message in body["messages"]:
        text = _text(message.get("content"))
        for call in message.get("tool_calls") or []:
            names[call["id"]] = json.loads(call["function"]["arguments"]).get("city", call["function"]["name"])
        if message["role"] == "tool":
            known.results.append((names.get(message["tool_call_id"], "?"), text))
            continue
        known.results = []
        if message["role"] == "user":
            known.user_text = text
            for part in message["content"] if isinstance(message["content"], list) else []:
                if part["type"] == "image_url":
                    known.images.append(_image_name(part["image_url"]["url"]))
    known.tools = {tool["function"]["name"]: tool["function"]["parameters"] for tool in body.get("tools") or []}
    if body.get("tool_choice") == "REQUIRED":
        known.forced = next(iter(known.tools))
    form = body.get("response_format") or {}
    if form.get("type") == "json_object":
        known.schema = form.get("json_schema", {"type": "object", "properties": {"city": {"type": "string"}}})
    known.reasoning = (body.get("thinking") or {}).get("type") == "enabled"
    return known


def _image_name(url: str) -> str:
    """A base64 image by its type and size, any other by its address."""
    if not url.startswith("data:"):
        return url
    kind, data = url.removeprefix("data:").split(";base64,", 1)
    return f"{kind} {len(base64.b64decode(data, validate=True))}"


REASON = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_calls": "TOOL_CALL", "content_filter": "ERROR_TOXIC"}
PLAN = "I will look."


def usage() -> dict:
    # What is billed leaves Cohere's own template out.
    return {"billed_units": {"input_tokens": 5.0, "output_tokens": 9.0},
            "tokens": {"input_tokens": float(model.PROMPT_TOKENS), "output_tokens": float(model.OUTPUT_TOKENS)},
            "cached_tokens": float(model.CACHED_TOKENS)}


def _calls(reply: model.Reply) -> list[dict]:
    return [{"id": call.id, "type": "function",
             "function": {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}}
            for call in reply.calls]


def _logprobs(pieces: list[str]) -> list[dict]:
    return [{"text": piece, "token_ids": [1], "logprobs": [-0.25]} for piece in pieces]


def answer(body: dict, reply: model.Reply) -> dict:
    content = [{"type": "thinking", "thinking": reply.reasoning}] if reply.reasoning else []
    if reply.text:
        content.append({"type": "text", "text": reply.text})
    message = {"role": "assistant", **({"content": content} if content else {})}
    if reply.calls:
        message |= {"tool_plan": PLAN, "tool_calls": _calls(reply)}
    whole = {"id": "5a50480a-fake", "finish_reason": REASON[reply.finish], "message": message, "usage": usage()}
    return {**whole, "logprobs": _logprobs(reply.text_pieces())} if body.get("logprobs") else whole


def event(kind: str, **more: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more}, ensure_ascii=False)}\n\n".encode()


def stream(body: dict, reply: model.Reply) -> Iterator[bytes]:
    begun = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield event("message-start", id="5a50480a-fake", delta={"message": begun})
    index = 0
    for kind, pieces in [("thinking", reply.reasoning_pieces()), ("text", reply.text_pieces())]:
        if not pieces:
            continue
        yield event("content-start", index=index, delta={"message": {"content": {"type": kind, kind: ""}}})
        for piece in pieces:
            more = {"logprobs": _logprobs([piece])[0]} if body.get("logprobs") and kind == "text" else {}
            yield event("content-delta", index=index, delta={"message": {"content": {kind: piece}}}, **more)
        if kind == "text":
            citation = {"start": 0, "end": 4, "text": "Oslo", "type": "TEXT_CONTENT",
                        "sources": [{"type": "document", "id": "0", "document": {"id": "0"}}]}
            yield event("citation-start", index=0, delta={"message": {"citations": citation}})
            yield event("citation-end", index=0)
        yield event("content-end", index=index)
        index += 1
    if reply.calls:
        for at in range(0, len(PLAN), 5):
            yield event("tool-plan-delta", delta={"message": {"tool_plan": PLAN[at : at + 5]}})
    for number, call in enumerate(_calls(reply)):
        function = call["function"]
        start = {**call, "function": {**function, "arguments": ""}}
        yield event("tool-call-start", index=number, delta={"message": {"tool_calls": start}})
        text = function["arguments"] if function["arguments"] != "{}" else ""
        for at in range(0, len(text), 5):
            piece = {"function": {"arguments": text[at : at + 5]}}
            yield event("tool-call-delta", index=number, delta={"message": {"tool_calls": piece}})
        yield event("tool-call-end", index=number)
    yield event("message-end", id="5a50480a-fake", delta={"finish_reason": REASON[reply.finish], "usage": usage()})


def error(status: int, message: str | None = None) -> dict:
    return {"id": "5a50480a-fake", "message": message or f"The fake says {status}."}


def overflow() -> tuple[int, dict]:
    return 400, error(400, "too many tokens: total number of tokens in the request cannot exceed 8 - received 9.")


def midstream_error() -> bytes:
    return event("message-end", id="5a50480a-fake", delta={"finish_reason": "ERROR", "error": "internal"})


def embed_violations(body: dict) -> Iterator[str]:
    yield from _typed(body, EMBED, set())
    if body.get("input_type") not in PURPOSES:
        yield f"input_type is {body.get('input_type')}"
    texts = body.get("texts")
    if not isinstance(texts, list) or not 1 <= len(texts) <= 96 or not all(texts):
        yield "texts must be 1 to 96 texts, none of them empty"
    if body.get("output_dimension", 256) not in SIZES:
        yield f"output_dimension {body['output_dimension']}"


def embed(body: dict) -> dict:
    vectors = [model.vector(text, body.get("output_dimension", 8)) for text in body["texts"]]
    return {"id": "5a50480a-fake", "embeddings": {"float": vectors}, "texts": body["texts"],
            "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": float(len(vectors))}}}
