"""What the fake model says, apart from any dialect.

It is driven by a marker in the newest user text, `[fake scenario=NAME tag=TAG …]`, so that the model's name stays a real
one from the catalogue. Without a marker it answers plain text. Values after `=` hold no spaces.

Scenarios: `text`, `tools` (two parallel calls), `bare-tool` (one call without arguments), `reasoning`, `length`,
`refusal`, `seen` (names the images it was shown). When the last message holds tool results it repeats them, and when a
JSON schema or a forced tool was asked for, it makes an instance of that schema.

Faults: `status=500` answers that status; `times=2` with it succeeds from the third call of the tag on; `fault=` one of
`overflow` (context length), `inside` (an error in a 200), `cut` (breaks off half way), `midstream` (an error event after
some output), `hold` (gives the first piece, then waits for a release or for the peer to leave), `hang` (the same before
the head), `html` (an error page). `chop=7` sends the stream in pieces of seven bytes. `retry-after=1` sets the header.
`at=openai` restricts all of this to that provider; the others answer text.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field

# Several bytes to a sign, so that a stream cut between them shows.
TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done."
REASONING = "Two cities, two calls: Oslo und Zürich."
PROMPT_TOKENS, CACHED_TOKENS, OUTPUT_TOKENS, REASONING_TOKENS = 21, 4, 9, 3

MARKER = re.compile(r"\[fake ([^\]]*)\]")


@dataclass
class Call:
    id: str
    name: str
    arguments: dict


@dataclass
class Reply:
    text: str = ""
    reasoning: str = ""
    calls: list[Call] = field(default_factory=list)
    finish: str = "stop"

    def text_pieces(self) -> list[str]:
        return [self.text[at : at + 9] for at in range(0, len(self.text), 9)]

    def reasoning_pieces(self) -> list[str]:
        return [self.reasoning[at : at + 11] for at in range(0, len(self.reasoning), 11)]


@dataclass
class Heard:
    """A request as the model understands it, whatever dialect it came in."""

    user_text: str = ""
    images: list[str] = field(default_factory=list)
    results: list[tuple[str, str]] = field(default_factory=list)
    tools: dict[str, dict] = field(default_factory=dict)
    forced: str | None = None
    schema: dict | None = None
    reasoning: bool = False

    def marker(self, provider: str) -> dict[str, str]:
        """What the newest user text asks this provider for."""
        found = MARKER.search(self.user_text)
        marker = dict(pair.split("=", 1) for pair in found.group(1).split()) if found else {}
        if marker.get("at", provider) != provider:
            return {"tag": marker["tag"]} if "tag" in marker else {}
        return marker


def reply(heard: Heard, scenario: str) -> Reply:
    if heard.results:
        return Reply(text="; ".join(f"{name}: {text}" for name, text in heard.results))
    if heard.forced:
        return Reply(calls=[Call("call_forced", heard.forced, instance(heard.tools[heard.forced]))], finish="tool_calls")
    if heard.schema is not None:
        return Reply(text=json.dumps(instance(heard.schema), ensure_ascii=False))
    if scenario == "tools":
        name = next(iter(heard.tools), "get_weather")
        calls = [Call("call_oslo", name, {"city": "Oslo"}), Call("call_zurich", name, {"city": "Zürich"})]
        return Reply(calls=calls, finish="tool_calls")
    if scenario == "bare-tool":
        return Reply(calls=[Call("call_bare", next(iter(heard.tools), "ping"), {})], finish="tool_calls")
    if scenario == "reasoning":
        return Reply(text=TEXT, reasoning=REASONING)
    if scenario == "length":
        return Reply(text=TEXT[:18], finish="length")
    if scenario == "refusal":
        return Reply(text="I cannot help with that.", finish="content_filter")
    if scenario == "seen":
        return Reply(text="; ".join(heard.images))
    return Reply(text=TEXT)


def instance(schema: dict, root: dict | None = None) -> object:
    """Some value that the JSON schema allows: the first of every choice, the shortest of every list."""
    root = schema if root is None else root
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return instance(target, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return instance(schema[choice][0], root)
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: instance(part, root) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [instance(schema.get("items", {"type": "string"}), root)] * max(1, schema.get("minItems", 0))
    return {"string": "Zürich", "integer": 7, "number": 7.5, "boolean": True, "null": None}[kind]


def vector(text: str, size: int) -> list[float]:
    """A small embedding that depends on the text alone; every number is exact in 32 bits."""
    digest = hashlib.sha256(text.encode()).digest()
    return [(digest[at % len(digest)] - 128) / 128 for at in range(size)]
