"""Google's Gemini API: what a request must be by the types of Google's own SDK, and what is answered."""

import base64
import json
from collections.abc import Iterator

from google.genai import types
from pydantic import TypeAdapter, ValidationError

from . import model

# The top level of a request. The SDK has no type for it: it builds it from these parts.
PARTS = {
    "systemInstruction": types.Content, "contents": list[types.Content], "tools": list[types.Tool],
    "toolConfig": types.ToolConfig, "safetySettings": list[types.SafetySetting],
    "generationConfig": types.GenerationConfig, "cachedContent": str, "serviceTier": str,
}
SIGNATURE = base64.b64encode(b"signed").decode()


class Dialect:
    """One action of one model: both stand in the path."""

    def __init__(self, name: str, action: str) -> None:
        self.name = name
        self.streams = action == "streamGenerateContent"

    def chat_violations(self, body: dict) -> Iterator[str]:
        yield from parts_violations(body)
        yield from conversation_violations(body.get("contents") or [])

    def heard(self, body: dict) -> model.Heard:
        known = model.Heard()
        cities = {}
        for content in body["contents"]:
            parts = content["parts"]
            results = [part["functionResponse"] for part in parts if "functionResponse" in part]
            # A result without an id belongs to the call at its place.
            known.results = [(cities.get(result.get("id") or place, "?"), said(result["response"]))
                             for place, result in enumerate(results)]
            for place, call in enumerate(part["functionCall"] for part in parts if "functionCall" in part):
                cities[call.get("id") or place] = call.get("args", {}).get("city", call["name"])
            text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
            if content["role"] == "user" and text:
                known.user_text = text
            for part in parts:
                if picture := part.get("inlineData"):
                    known.images.append(f"{picture['mimeType']} {len(base64.b64decode(picture['data']))}")
        for tool in body.get("tools") or []:
            for function in tool.get("functionDeclarations") or []:
                known.tools[function["name"]] = function.get("parametersJsonSchema", {"type": "object"})
        calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
        if calling.get("mode") == "ANY" and calling.get("allowedFunctionNames"):
            known.forced = calling["allowedFunctionNames"][0]
        generation = body.get("generationConfig") or {}
        known.schema = generation.get("responseJsonSchema")
        if known.schema is None and generation.get("responseMimeType") == "application/json":
            known.schema = {"type": "object", "properties": {"city": {"type": "string"}}}
        known.reasoning = bool(generation.get("thinkingConfig"))
        return known

    def answer(self, body: dict, reply: model.Reply) -> dict:
        return self._piece(_parts(reply), reply)

    def stream(self, body: dict, reply: model.Reply) -> Iterator[bytes]:
        for piece in reply.reasoning_pieces():
            yield event(self._piece([{"text": piece, "thought": True}]))
        for piece in reply.text_pieces():
            yield event(self._piece([{"text": piece}]))
        for part in _calls(reply):
            yield event(self._piece([part]))
        yield event(self._piece([{"text": ""}], reply))

    def _piece(self, parts: list[dict], end: model.Reply | None = None) -> dict:
        candidate = {"index": 0, "content": {"role": "model", "parts": parts}}
        answer = {"candidates": [candidate], "modelVersion": self.name, "responseId": "fake1"}
        if end is not None:
            candidate["finishReason"] = STOP[end.finish]
            thoughts = model.REASONING_TOKENS if end.reasoning else 0
            answer["usageMetadata"] = {
                "promptTokenCount": model.PROMPT_TOKENS, "cachedContentTokenCount": model.CACHED_TOKENS,
                "candidatesTokenCount": model.OUTPUT_TOKENS - thoughts, "thoughtsTokenCount": thoughts,
                "totalTokenCount": model.PROMPT_TOKENS + model.OUTPUT_TOKENS,
            }
        return answer

    def error(self, status: int, message: str | None = None) -> dict:
        return error(status, message)

    def overflow(self) -> tuple[int, dict]:
        return 400, error(400, "The input token count (9) exceeds the maximum number of tokens allowed (8).")

    def midstream_error(self) -> bytes:
        return event(error(503))


def parts_violations(body: dict) -> Iterator[str]:
    """The SDK's models forbid what they do not know, as the server does."""
    for name, value in body.items():
        if name not in PARTS:
            yield f"{name}: Extra inputs are not permitted"
            continue
        try:
            TypeAdapter(PARTS[name]).validate_python(value)
        except ValidationError as fault:
            yield from (f"{name}.{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in fault.errors()[:20])


def conversation_violations(contents: list[dict]) -> Iterator[str]:
    """Rules of the server that no type can say."""
    if not contents or contents[0].get("role") != "user":
        yield "the first content is not the user's"
    asked = before = 0
    for index, content in enumerate(contents):
        parts = content.get("parts") or []
        if not parts or any(part.get("text") == "" for part in parts):
            yield f"contents[{index}] has an empty part"
        # As many results as calls and nothing else make one content, so that the next may be the user's too.
        if index and content.get("role") == contents[index - 1].get("role") and not before:
            yield f"contents[{index}] has the role of the one before: merge them"
        results = before = sum("functionResponse" in part for part in parts)
        if results != asked:
            yield f"contents[{index}] has {results} results for {asked} calls"
        calls = [part for part in parts if "functionCall" in part]
        if calls and not calls[0].get("thoughtSignature"):
            yield f"contents[{index}]: the first call is missing a thought_signature"
        asked = len(calls)


def said(response: dict) -> str:
    output = response.get("output", response)
    return output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)


STOP = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}


def _calls(reply: model.Reply) -> list[dict]:
    calls = [{"functionCall": {"id": call.id, "name": call.name, "args": call.arguments}} for call in reply.calls]
    if calls:
        calls[0]["thoughtSignature"] = SIGNATURE
    return calls


def _parts(reply: model.Reply) -> list[dict]:
    thought = [{"text": reply.reasoning, "thought": True}] if reply.reasoning else []
    return thought + ([{"text": reply.text}] if reply.text else []) + _calls(reply)


def event(body: dict) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False)}\r\n\r\n".encode()


STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
          429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}


def error(status: int, message: str | None = None) -> dict:
    return {"error": {"code": status, "message": message or f"The fake says {status}.",
                      "status": STATUS.get(status, "UNKNOWN")}}


def embeddings_violations(name: str, body: dict) -> Iterator[str]:
    if set(body) != {"requests"}:
        yield f"members are {sorted(body)}"
    for index, request in enumerate(body.get("requests") or []):
        if request.get("model") != f"models/{name}" or set(request) - {"model", "content", "outputDimensionality"}:
            yield f"requests[{index}] has the members {request}"
        yield from parts_violations({"contents": [request.get("content")]})


def embeddings(body: dict) -> dict:
    texts = ["".join(part["text"] for part in one["content"]["parts"]) for one in body["requests"]]
    sizes = [one.get("outputDimensionality", 8) for one in body["requests"]]
    return {"embeddings": [{"values": model.vector(text, size)} for text, size in zip(texts, sizes, strict=True)]}
