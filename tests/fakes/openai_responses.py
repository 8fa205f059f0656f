"""OpenAI's Responses API: what a request must be, and what is answered, plain and as typed events."""

import itertools
import json
from collections.abc import Iterator

from openai.types.responses.input_token_count_params import InputTokenCountParams
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)

from . import model, openai_dialect
from .checks import Typed
from .openai_dialect import CREATED, FREE_PREFIX, error, overflow

__all__ = ["answer", "chat_violations", "count_violations", "error", "heard", "midstream_error", "overflow", "stream"]

COUNTED = Typed(InputTokenCountParams)
PLAIN, STREAMING = Typed(ResponseCreateParamsNonStreaming), Typed(ResponseCreateParamsStreaming)
KNOWN_KEYS = set(ResponseCreateParamsStreaming.__required_keys__ | ResponseCreateParamsStreaming.__optional_keys__)
# What the real server looks up in its own store; this one keeps nothing.
KEPT_KEYS = ("previous_response_id", "conversation")
ID_STARTS = {"message": "msg_", "function_call": "fc_", "reasoning": "rs_"}


def chat_violations(body: dict) -> Iterator[str]:
    # The published type wants `strict` in every function; the server has a default for it, and clients leave it out.
    tools = [{"strict": True, **tool} if tool.get("type") == "function" else tool for tool in body.get("tools") or []]
    typed = {**body, "tools": tools} if "tools" in body else body
    yield from (STREAMING if body.get("stream") else PLAIN).violations(typed)
    for key in body:
        if key not in KNOWN_KEYS and not key.startswith(FREE_PREFIX):
            yield f"unknown key {key}"
        if key in KEPT_KEYS and body[key]:
            yield f"{key} is not known here"
    open_calls: set[str] = set()
    for index, item in enumerate(body["input"] if isinstance(body.get("input"), list) else []):
        kind = item.get("type") or "message"
        start = ID_STARTS.get(kind)
        if start and item.get("id") and not item["id"].startswith(start):
            yield f"input[{index}].id must begin with {start}: {item['id']}"
        if len(item.get("id") or "") > 64:
            yield f"input[{index}].id is longer than 64: {item['id']}"
        if kind == "function_call":
            open_calls.add(item.get("call_id"))
            if not openai_dialect.is_json_object(item.get("arguments")):
                yield f"input[{index}]: arguments are no JSON object: {item.get('arguments')!r}"
        elif kind == "function_call_output" and item.get("call_id") not in open_calls:
            yield f"input[{index}] answers {item.get('call_id')}, which was not called"
        elif kind == "reasoning" and (item.get("encrypted_content") or "").startswith("floopy."):
            yield f"input[{index}] is the reasoning of another provider"
        elif kind == "item_reference":
            yield f"input[{index}] names {item.get('id')}, which is not kept here"


def count_violations(body: dict) -> Iterator[str]:
    yield from COUNTED.violations(body)


def heard(body: dict) -> model.Heard:
    known = model.Heard()
    names = {}
    given = body["input"]
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        kind = item.get("type") or "message"
        if kind == "function_call":
            names[item["call_id"]] = json.loads(item["arguments"]).get("city", item["name"])
        elif kind == "function_call_output":
            output = item["output"]
            text = output if isinstance(output, str) else "".join(part.get("text", "") for part in output)
            known.results.append((names.get(item["call_id"], "?"), text))
        elif kind == "message":
            known.results = []
            if item["role"] == "user":
                content = item["content"]
                parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
                known.user_text = "".join(part["text"] for part in parts if part["type"] == "input_text")
                known.images += [openai_dialect.image_name(part["image_url"]) for part in parts
                                 if part["type"] == "input_image"]
    for tool in body.get("tools") or []:
        if tool["type"] == "function":
            known.tools[tool["name"]] = tool.get("parameters") or {}
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function":
        known.forced = choice["name"]
    form = (body.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        known.schema = form["schema"]
    elif form.get("type") == "json_object":
        known.schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    return known


def _response(body: dict, status: str, output: list[dict], **more: object) -> dict:
    return {
        "id": "resp_0a1b", "object": "response", "created_at": CREATED, "status": status, "background": False,
        "error": None, "incomplete_details": None, "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"), "model": body["model"], "output": output,
        "parallel_tool_calls": body.get("parallel_tool_calls", True), "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None}, "store": body.get("store", True), "temperature": 1.0,
        "text": body.get("text") or {"format": {"type": "text"}}, "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [], "top_p": 1.0, "truncation": "disabled", "usage": None, "user": None,
        "metadata": body.get("metadata") or {}, "x_provider_extra": {"kept": True}, **more,
    }


def _items(reply: model.Reply) -> list[dict]:
    items = []
    if reply.reasoning:
        items.append({"type": "reasoning", "id": "rs_0a1b", "status": "completed",
                      "summary": [{"type": "summary_text", "text": reply.reasoning}]})
    if reply.text:
        refused = reply.finish == "content_filter"
        part = ({"type": "refusal", "refusal": reply.text} if refused
                else {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []})
        items.append({"type": "message", "id": "msg_0a1b", "role": "assistant", "content": [part],
                      "status": "incomplete" if reply.finish == "length" else "completed"})
    for call in reply.calls:
        items.append({"type": "function_call", "id": f"fc_{call.id}", "call_id": call.id, "name": call.name,
                      "arguments": json.dumps(call.arguments, ensure_ascii=False), "status": "completed"})
    return items


def answer(body: dict, reply: model.Reply) -> dict:
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(reply.finish)
    usage = {
        "input_tokens": model.PROMPT_TOKENS, "output_tokens": model.OUTPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": model.CACHED_TOKENS, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": model.REASONING_TOKENS if reply.reasoning else 0},
        "total_tokens": model.PROMPT_TOKENS + model.OUTPUT_TOKENS,
    }
    return _response(body, "incomplete" if reason else "completed", _items(reply), usage=usage,
                     incomplete_details={"reason": reason} if reason else None)


def stream(body: dict, reply: model.Reply) -> Iterator[bytes]:
    """One event after another, each with the next number."""
    numbers = itertools.count()

    def event(kind: str, /, **members: object) -> bytes:
        data = {"type": f"response.{kind}", "sequence_number": next(numbers), **members}
        return f"event: response.{kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()

    begun = _response(body, "in_progress", [])
    yield event("created", response=begun)
    yield event("in_progress", response=begun)
    for index, item in enumerate(_items(reply)):
        at = {"item_id": item["id"], "output_index": index}
        if item["type"] == "reasoning":
            here = {**at, "summary_index": 0}
            yield event("output_item.added", output_index=index, item={**item, "summary": [], "status": "in_progress"})
            yield event("reasoning_summary_part.added", **here, part={"type": "summary_text", "text": ""})
            for piece in reply.reasoning_pieces():
                yield event("reasoning_summary_text.delta", **here, delta=piece)
            yield event("reasoning_summary_text.done", **here, text=reply.reasoning)
            yield event("reasoning_summary_part.done", **here, part=item["summary"][0])
        elif item["type"] == "message":
            here, part = {**at, "content_index": 0}, item["content"][0]
            refused = part["type"] == "refusal"
            empty = {"type": "refusal", "refusal": ""} if refused else {**part, "text": ""}
            yield event("output_item.added", output_index=index, item={**item, "content": [], "status": "in_progress"})
            yield event("content_part.added", **here, part=empty)
            for piece in reply.text_pieces():
                if refused:
                    yield event("refusal.delta", **here, delta=piece)
                else:
                    yield event("output_text.delta", **here, delta=piece, logprobs=[])
            if refused:
                yield event("refusal.done", **here, refusal=reply.text)
            else:
                yield event("output_text.done", **here, text=reply.text, logprobs=[])
            yield event("content_part.done", **here, part=part)
        else:
            arguments = item["arguments"]
            yield event("output_item.added", output_index=index, item={**item, "arguments": "", "status": "in_progress"})
            for start in range(0, len(arguments), 5):
                yield event("function_call_arguments.delta", **at, delta=arguments[start : start + 5])
            yield event("function_call_arguments.done", **at, arguments=arguments, name=item["name"])
        yield event("output_item.done", output_index=index, item=item)
    final = answer(body, reply)
    yield event(final["status"], response=final)


def midstream_error() -> bytes:
    data = {"type": "error", "code": "server_error", "message": "The server had an error while processing.",
            "param": None, "sequence_number": 99}
    return f"event: error\ndata: {json.dumps(data)}\n\n".encode()
