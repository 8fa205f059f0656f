"""Anthropic's Messages: what a request must be, and what is answered."""

import base64
import json
import re
from collections.abc import Iterator

from anthropic.types.message_create_params import MessageCreateParamsNonStreaming, MessageCreateParamsStreaming

from . import model
from .checks import Typed

PLAIN, STREAMING = Typed(MessageCreateParamsNonStreaming), Typed(MessageCreateParamsStreaming)
KNOWN_KEYS = set(MessageCreateParamsStreaming.__required_keys__ | MessageCreateParamsStreaming.__optional_keys__)
# Sampling was taken out of the types with version 2026-10-21; the older version keeps it.
SAMPLING = {"temperature", "top_p", "top_k"}
VERSIONS = {"2023-06-01", "2026-10-21"}


def header_violations(headers: dict[str, str]) -> Iterator[str]:
    if headers.get("anthropic-version") not in VERSIONS:
        yield f"anthropic-version is {headers.get('anthropic-version')}"


def violations(body: dict, version: str) -> Iterator[str]:
    """The published types first, then the rules that the server keeps and no type can say."""
    kinds = STREAMING if body.get("stream") else PLAIN
    yield from kinds.violations({key: value for key, value in body.items() if key not in SAMPLING})
    for key in body:
        if key not in KNOWN_KEYS | (SAMPLING if version == "2023-06-01" else set()):
            yield f"{key}: Extra inputs are not permitted"
    if SAMPLING & set(body) and not 0 <= body.get("temperature", 0) <= 1:
        yield f"temperature {body['temperature']} is not within 0..1"
    if any(not text.strip() for text in body.get("stop_sequences", [])):
        yield "a stop sequence is only white space"
    yield from _conversation(body.get("messages") or [])
    yield from _tools(body)


def _conversation(messages: list[dict]) -> Iterator[str]:
    if not messages or messages[0].get("role") != "user":
        yield "the first message is not the user's"
    asked: list[str] = []
    for index, message in enumerate(messages):
        blocks = _blocks(message.get("content"))
        if index and message.get("role") == messages[index - 1].get("role"):
            yield f"messages[{index}] has the role of the one before: merge them"
        if not blocks:
            yield f"messages[{index}] has no content"
        results = [block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"]
        if sorted(results) != sorted(asked):
            yield f"messages[{index}] answers {results}, but {asked} were asked just before"
        if any(block.get("type") != "tool_result" for block in blocks[: len(results)]):
            yield f"messages[{index}]: tool results do not come first"
        asked = [block.get("id") for block in blocks if block.get("type") == "tool_use"]
        for block in blocks:
            if block.get("type") == "text" and not block.get("text", "").strip():
                yield f"messages[{index}] has an empty text block"
            if block.get("type") == "tool_use" and not re.fullmatch(r"[a-zA-Z0-9_-]+", block.get("id", "")):
                yield f"messages[{index}]: tool_use.id {block.get('id')!r}"
            source = block.get("source") or {}
            if block.get("type") == "image" and source.get("type") == "base64":
                yield from _picture(source, f"messages[{index}]")
    if asked:
        yield f"the calls {asked} have no results"


def _picture(source: dict, where: str) -> Iterator[str]:
    try:
        base64.b64decode(source["data"], validate=True)
    except (KeyError, ValueError):
        yield f"{where}: the image is not base64"


def _tools(body: dict) -> Iterator[str]:
    for tool in body.get("tools") or []:
        schema = tool.get("input_schema", {})
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", tool.get("name", "")):
            yield f"tool name {tool.get('name')!r}"
        if schema.get("type") != "object" or {"anyOf", "oneOf", "allOf"} & set(schema):
            yield f"tool {tool.get('name')}: the schema's root must be a plain object"
    blocks = [block for message in body.get("messages") or [] for block in _blocks(message.get("content"))]
    if any(block.get("type") in ("tool_use", "tool_result") for block in blocks) and not body.get("tools"):
        yield "tools are in the history, but none are declared"
    forced = (body.get("tool_choice") or {}).get("type") in ("any", "tool")
    thinking = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    if forced and thinking:
        yield "a forced tool choice together with thinking"
    if "tool_choice" in body and not body.get("tools"):
        yield "tool_choice without tools"
    if thinking and body.get("temperature", 1) != 1:
        yield "temperature together with thinking"


def _blocks(content: object) -> list[dict]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or [] if isinstance(block, dict)]


def heard(body: dict) -> model.Heard:
    known = model.Heard()
    names = {}
    for message in body["messages"]:
        blocks = _blocks(message["content"])
        text = "".join(block["text"] for block in blocks if block["type"] == "text")
        for block in blocks:
            if block["type"] == "tool_use":
                names[block["id"]] = block["input"].get("city", block["name"])
        results = [block for block in blocks if block["type"] == "tool_result"]
        known.results = [
            (names.get(result["tool_use_id"], "?"),
             "".join(part["text"] for part in _blocks(result.get("content")) if part["type"] == "text"))
            for result in results
        ] if not text else []
        if message["role"] == "user" and text:
            known.user_text = text
        for block in blocks:
            if block["type"] == "image":
                known.images.append(_image_name(block["source"]))
    known.tools = {tool["name"]: tool["input_schema"] for tool in body.get("tools") or []}
    choice = body.get("tool_choice") or {}
    if choice.get("type") == "tool":
        known.forced = choice["name"]
    elif choice.get("type") == "any" and known.tools:
        known.forced = list(known.tools)[-1]
    form = (body.get("output_config") or {}).get("format") or {}
    known.schema = form.get("schema")
    known.reasoning = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    return known


def _image_name(source: dict) -> str:
    if source["type"] != "base64":
        return source["url"]
    return f"{source['media_type']} {len(base64.b64decode(source['data']))}"


STOP = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}


def usage(reply: model.Reply) -> dict:
    return {
        "input_tokens": model.PROMPT_TOKENS - model.CACHED_TOKENS,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": model.CACHED_TOKENS,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": model.OUTPUT_TOKENS,
        "output_tokens_details": {"thinking_tokens": model.REASONING_TOKENS if reply.reasoning else 0},
        "service_tier": "standard",
    }


def _content(reply: model.Reply) -> list[dict]:
    blocks = []
    if reply.reasoning:
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": "c2lnbmVk"})
    if reply.text:
        blocks.append({"type": "text", "text": reply.text})
    blocks += [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in reply.calls]
    return blocks


def answer(body: dict, reply: model.Reply) -> dict:
    return {
        "id": "msg_fake1", "type": "message", "role": "assistant", "model": body["model"], "content": _content(reply),
        "stop_reason": STOP[reply.finish], "stop_sequence": None, "usage": usage(reply),
    }


def event(kind: str, **more: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more}, ensure_ascii=False)}\n\n".encode()


def stream(body: dict, reply: model.Reply) -> Iterator[bytes]:
    whole = answer(body, reply)
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    yield event("message_start", message=begun)
    for index, block in enumerate(whole["content"]):
        kind = block["type"]
        empty = {
            "thinking": {"type": "thinking", "thinking": "", "signature": ""},
            "text": {"type": "text", "text": ""},
            "tool_use": {**block, "input": {}},
        }[kind]
        yield event("content_block_start", index=index, content_block=empty)
        if index == 0:
            yield event("ping")
        for delta in _deltas(block, reply):
            yield event("content_block_delta", index=index, delta=delta)
        yield event("content_block_stop", index=index)
    yield event("message_delta", delta={"stop_reason": whole["stop_reason"], "stop_sequence": None},
                usage={"output_tokens": whole["usage"]["output_tokens"],
                       "output_tokens_details": whole["usage"]["output_tokens_details"]})
    yield event("message_stop")


def _deltas(block: dict, reply: model.Reply) -> Iterator[dict]:
    if block["type"] == "thinking":
        for piece in reply.reasoning_pieces():
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "text":
        for piece in reply.text_pieces():
            yield {"type": "text_delta", "text": piece}
    elif block["input"]:
        text = json.dumps(block["input"], ensure_ascii=False)
        for at in range(0, len(text), 5):
            yield {"type": "input_json_delta", "partial_json": text[at : at + 5]}


KINDS = {400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
         404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error",
         504: "timeout_error", 529: "overloaded_error"}


def error(status: int, message: str | None = None) -> dict:
    detail = {"type": KINDS.get(status, "api_error"), "message": message or f"The fake says {status}.", "details": None}
    return {"type": "error", "error": detail, "request_id": "req_fake1"}


def overflow() -> tuple[int, dict]:
    return 400, error(400, "prompt is too long: 9 tokens > 8 maximum")


def midstream_error() -> bytes:
    return event("error", error={"type": "overloaded_error", "message": "Overloaded"})
