"""AWS Bedrock's Converse: what a request must be, how it is signed, and what is answered.

botocore judges both sides: its validator checks each request against the service's own model, its signer makes every
signature once more, and the self-test reads the answers with its event-stream parser.
"""

import base64
import binascii
import json
import re
import struct
from collections.abc import Iterator
from urllib.parse import unquote

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

from . import model

RUNTIME = botocore.session.get_session().get_service_model("bedrock-runtime")
KEY_ID, SESSION_TOKEN, REGION = "AKIDFAKE", "session/token+of=the/fake", "eu-west-3"
ACTIONS = {"converse": "Converse", "converse-stream": "ConverseStream", "invoke": "InvokeModel"}
# The header of what a signature covers, and what a proxy may add on the way.
SIGNED_ALWAYS = {"host", "x-amz-date", "content-type", "x-amz-security-token"}


def action(path: str) -> tuple[str, str] | None:
    """The model and the operation that a path (`model/{id}/converse`) names."""
    found = re.fullmatch(r"model/([^/]+)/([a-z-]+)", path)
    if not found or found.group(2) not in ACTIONS:
        return None
    return unquote(found.group(1)), ACTIONS[found.group(2)]


# Signatures.


class _Frozen(botocore.auth.SigV4Auth):
    """botocore's signer, covering the headers that the request says are covered, at the time that it names."""

    def __init__(self, credentials: Credentials, region: str, covered: set[str]) -> None:
        super().__init__(credentials, "bedrock", region)
        self.covered = covered

    def headers_to_sign(self, request: AWSRequest):
        headers = super().headers_to_sign(request)
        for name in list(headers):
            if name.lower() not in self.covered:
                del headers[name]
        return headers


def signature_violations(method: str, url: str, headers: dict[str, str], raw: bytes, secret: str) -> Iterator[str]:
    """Makes the signature once more and compares."""
    given = headers.get("authorization", "")
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/bedrock/aws4_request, SignedHeaders=([^,]+), "
        r"Signature=([0-9a-f]{64})", given)
    if not found:
        yield f"no signature of version 4: {given[:40]!r}"
        return
    key_id, day, region, covered, signature = found.groups()
    covered = set(covered.split(";"))
    if (key_id, region) != (KEY_ID, REGION):
        yield f"signed by {key_id} for {region}"
    date = headers.get("x-amz-date", "")
    if not date.startswith(day):
        yield f"x-amz-date {date} is not of the day {day}"
    if headers.get("x-amz-security-token") != SESSION_TOKEN:
        yield "the session token is missing"
    missing = {name for name in headers if name in SIGNED_ALWAYS or name.startswith("x-amz-")} - covered
    if missing:
        yield f"not covered by the signature: {sorted(missing)}"
    request = AWSRequest(method=method, url=url, data=raw,
                         headers={name: value for name, value in headers.items() if name in covered - {"host"}})
    request.context["timestamp"] = date
    signer = _Frozen(Credentials(KEY_ID, secret, SESSION_TOKEN), REGION, covered)
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if signer.signature(text, request) != signature:
        yield f"the signature is wrong; expected one of\n{signer.canonical_request(request)}"


# Requests.


def violations(body: dict, operation: str) -> Iterator[str]:
    """The service's own model first, then the rules that the service keeps and no model can say."""
    decoded = _decoded(body)
    shape = RUNTIME.operation_model(operation).input_shape
    report = ParamValidator().validate({"modelId": "m", **decoded}, shape)
    if report.has_errors():
        yield from report.generate_report().splitlines()
    yield from _enums(decoded, shape, "")
    yield from _conversation(body)
    inference = body.get("inferenceConfig") or {}
    for name in ("temperature", "topP"):
        if not 0 <= inference.get(name, 0) <= 1:
            yield f"{name} {inference[name]} is not within 0..1"


def _decoded(value: object, name: str = "") -> object:
    """The same with bytes in place of base64, as botocore's validator wants them."""
    if isinstance(value, dict):
        return {key: _decoded(part, key) for key, part in value.items()}
    if isinstance(value, list):
        return [_decoded(part) for part in value]
    if name in ("bytes", "redactedContent") and isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            return value
    return value


def _enums(value: object, shape: object, where: str) -> Iterator[str]:
    """The values and patterns that the validator does not look at."""
    if shape.type_name == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        for name, part in value.items():
            if name in shape.members:
                yield from _enums(part, shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        for index, part in enumerate(value):
            yield from _enums(part, shape.member, f"{where}[{index}]")
    elif shape.type_name == "string" and isinstance(value, str):
        if shape.enum and value not in shape.enum:
            yield f"{where}: {value!r} is none of {shape.enum}"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield f"{where}: {value!r} does not match {pattern}"
        if len(value) > shape.metadata.get("max", len(value)):
            yield f"{where}: longer than {shape.metadata['max']}"


def _conversation(body: dict) -> Iterator[str]:
    messages = body.get("messages") or []
    if not messages or messages[0].get("role") != "user":
        yield "the first message is not the user's"
    asked: list[str] = []
    uses_tools = False
    for index, message in enumerate(messages):
        blocks = message.get("content") or []
        if index and message.get("role") == messages[index - 1].get("role"):
            yield f"messages[{index}] has the role of the one before: merge them"
        if not blocks:
            yield f"messages[{index}] has no content"
        results = [block["toolResult"].get("toolUseId") for block in blocks if "toolResult" in block]
        if sorted(results) != sorted(asked):
            yield f"messages[{index}] answers {results}, but {asked} were asked just before"
        asked = [block["toolUse"].get("toolUseId") for block in blocks if "toolUse" in block]
        uses_tools |= bool(asked or results)
        for block in blocks:
            if "text" in block and not block["text"].strip():
                yield f"messages[{index}]: the text field in the ContentBlock object is blank"
        if any("document" in block for block in blocks) and not any("text" in block for block in blocks):
            yield f"messages[{index}] has a document and no text"
    if asked:
        yield f"the calls {asked} have no results"
    if uses_tools and "toolConfig" not in body:
        yield "tools are in the history, but none are declared"
    fields = body.get("additionalModelRequestFields") or {}
    if "tool_choice" in fields and "toolChoice" in (body.get("toolConfig") or {}):
        yield "the choice of a tool is said twice"
    thinks = (fields.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    choice = (body.get("toolConfig") or {}).get("toolChoice") or {}
    if thinks and ({"any", "tool"} & set(choice)):
        yield "a forced tool choice together with thinking"
    if thinks and "temperature" in (body.get("inferenceConfig") or {}):
        yield "temperature together with thinking"


def heard(body: dict) -> model.Heard:
    known = model.Heard()
    names = {}
    for message in body["messages"]:
        blocks = message["content"]
        text = "".join(block["text"] for block in blocks if "text" in block)
        for block in blocks:
            if "toolUse" in block:
                use = block["toolUse"]
                names[use["toolUseId"]] = use["input"].get("city", use["name"])
        results = [block["toolResult"] for block in blocks if "toolResult" in block]
        known.results = [
            (names.get(result["toolUseId"], "?"), "".join(part.get("text", "") for part in result["content"]))
            for result in results
        ] if not text else []
        if message["role"] == "user" and text:
            known.user_text = text
        for block in blocks:
            if "image" in block:
                image = block["image"]
                size = len(base64.b64decode(image["source"]["bytes"]))
                known.images.append(f"image/{image['format']} {size}")
    config = body.get("toolConfig") or {}
    specs = [entry["toolSpec"] for entry in config.get("tools", []) if "toolSpec" in entry]
    known.tools = {spec["name"]: spec["inputSchema"]["json"] for spec in specs}
    choice = config.get("toolChoice") or {}
    if "tool" in choice:
        known.forced = choice["tool"]["name"]
    # Claude hears it in its own words too.
    own = (body.get("additionalModelRequestFields") or {}).get("tool_choice") or {}
    if own.get("type") == "tool":
        known.forced = own["name"]
    elif (own.get("type") == "any" or "any" in choice) and known.tools:
        known.forced = list(known.tools)[-1]
    form = (body.get("outputConfig") or {}).get("textFormat")
    if form:
        known.schema = json.loads(form["structure"]["jsonSchema"]["schema"])
    fields = body.get("additionalModelRequestFields") or {}
    known.reasoning = (fields.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    return known


# Answers.

STOP = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "guardrail_intervened"}


def usage() -> dict:
    return {
        "inputTokens": model.PROMPT_TOKENS - model.CACHED_TOKENS, "outputTokens": model.OUTPUT_TOKENS,
        "totalTokens": model.PROMPT_TOKENS + model.OUTPUT_TOKENS, "cacheReadInputTokens": model.CACHED_TOKENS,
        "cacheWriteInputTokens": 0,
    }


def _content(reply: model.Reply) -> list[dict]:
    blocks = []
    if reply.reasoning:
        blocks.append({"reasoningContent": {"reasoningText": {"text": reply.reasoning, "signature": "c2lnbmVk"}}})
    if reply.text:
        blocks.append({"text": reply.text})
    return blocks + [{"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.arguments}}
                     for call in reply.calls]


def answer(body: dict, reply: model.Reply) -> dict:
    return {"output": {"message": {"role": "assistant", "content": _content(reply)}}, "stopReason": STOP[reply.finish],
            "usage": usage(), "metrics": {"latencyMs": 7}}


def frame(kind: str, name: str, payload: dict) -> bytes:
    """One message of an event stream, of the kind `event` or `exception`."""
    headers = b""
    for header, value in {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}.items():
        headers += struct.pack("!B", len(header)) + header.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
    data = json.dumps(payload, ensure_ascii=False).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(data), len(headers))
    whole = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + data
    return whole + struct.pack("!I", binascii.crc32(whole))


def stream(body: dict, reply: model.Reply) -> Iterator[bytes]:
    yield frame("event", "messageStart", {"role": "assistant"})
    for index, block in enumerate(_content(reply)):
        if "toolUse" in block:
            use = block["toolUse"]
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield frame("event", "contentBlockStart", {"contentBlockIndex": index, "start": start})
        for number, delta in enumerate(_deltas(block, reply)):
            # Padding of a length that tells nothing about the text.
            yield frame("event", "contentBlockDelta", {"contentBlockIndex": index, "delta": delta,
                                                       "p": "abcdefghijkl"[: 1 + 5 * number % 12]})
        yield frame("event", "contentBlockStop", {"contentBlockIndex": index})
    yield frame("event", "messageStop", {"stopReason": STOP[reply.finish]})
    yield frame("event", "metadata", {"usage": usage(), "metrics": {"latencyMs": 7}})


def _deltas(block: dict, reply: model.Reply) -> Iterator[dict]:
    if "reasoningContent" in block:
        for piece in reply.reasoning_pieces():
            yield {"reasoningContent": {"text": piece}}
        yield {"reasoningContent": {"signature": block["reasoningContent"]["reasoningText"]["signature"]}}
    elif "text" in block:
        for piece in reply.text_pieces():
            yield {"text": piece}
    elif block["toolUse"]["input"]:
        text = json.dumps(block["toolUse"]["input"], ensure_ascii=False)
        for at in range(0, len(text), 5):
            yield {"toolUse": {"input": text[at : at + 5]}}


# Embeddings.


def texts(body: dict) -> list[str]:
    if isinstance(body.get("inputText"), str):
        return [body["inputText"]]
    return [text for text in body.get("texts") or [] if isinstance(text, str)]


TITAN_V2 = {"inputText", "dimensions", "normalize", "embeddingTypes"}
COHERE = {"texts", "input_type", "truncate", "embedding_types", "output_dimension"}


def embeddings_violations(model_id: str, body: dict) -> Iterator[str]:
    """What the models' own pages say; botocore knows their bodies as bytes only."""
    titan = "titan-embed-text" in model_id
    known = TITAN_V2 if "titan-embed-text-v2" in model_id else {"inputText"} if titan else COHERE
    for key in set(body) - known:
        yield f"extraneous key [{key}] is not permitted"
    if titan and not body.get("inputText"):
        yield "inputText is missing"
    if body.get("dimensions", 256) not in (256, 512, 1024):
        yield f"dimensions {body['dimensions']}"
    if not titan:
        if not 1 <= len(body.get("texts") or []) <= 96 or not all(texts(body)):
            yield "texts takes 1 to 96 texts"
        if body.get("input_type") not in ("search_document", "search_query", "classification", "clustering"):
            yield f"input_type {body.get('input_type')}"
        if "output_dimension" in body and "embed-v4" not in model_id:
            yield "output_dimension is of embed-v4"


def embeddings(model_id: str, body: dict) -> dict:
    if "titan" in model_id:
        size = body.get("dimensions", 8)
        vector = model.vector(body["inputText"], size)
        return {"embedding": vector, "inputTextTokenCount": 3, "embeddingsByType": {"float": vector}}
    vectors = [model.vector(text, body.get("output_dimension", 8)) for text in texts(body)]
    if "embedding_types" in body:
        return {"id": "e", "texts": texts(body), "response_type": "embeddings_by_type", "embeddings": {"float": vectors}}
    return {"id": "e", "texts": texts(body), "response_type": "embeddings_floats", "embeddings": vectors}


NAMES = {400: "ValidationException", 401: "UnrecognizedClientException", 403: "AccessDeniedException",
         404: "ResourceNotFoundException", 408: "ModelTimeoutException", 424: "ModelErrorException",
         429: "ThrottlingException", 500: "InternalServerException", 503: "ServiceUnavailableException"}


def error(status: int, message: str | None = None) -> dict:
    return {"message": message or f"The fake says {status}."}


def error_headers(status: int) -> dict[str, str]:
    return {"x-amzn-ErrorType": f"{NAMES.get(status, 'InternalServerException')}:http://internal.amazon.com/coral/",
            "x-amzn-RequestId": "req_fake1"}


def overflow() -> tuple[int, dict]:
    return 400, error(400, "Input is too long for requested model.")


def midstream_error() -> bytes:
    return frame("exception", "serviceUnavailableException", {"message": "Overloaded"})
