"""The providers that speak nearly OpenAI's dialect: what each refuses and needs.

`providers/*.toml` says it, one file a provider, made from the providers' own words and not from the gateway's rows.

| key | meaning |
|---|---|
| `base` | the path of its address |
| `members` | the members of a body that it knows: any other is a violation |
| `needs`, `must` | members that have to be there; with this value |
| `refused_by`, `thinkers_must` | members that some models refuse; that models which are told to think have to get |
| `max`, `below` | the highest value, or the most entries; what a value stays below |
| `values`, `whole_numbers`, `lists`, `one_of` | the values of a member; members of that type; members that exclude each other |
| `model` | a pattern of the models' names |
| `message_members`, `named`, `no_nulls` | the members of messages; the roles that may have a `name`; nothing may be null |
| `plain_text` | the roles whose content is one text |
| `calls_content` | what stands beside calls: anything, `not empty`, or `empty` |
| `call_id`, `order`, `reasoning_back`, `thinks_by_default` | a pattern; the order of messages; when `reasoning_content` comes back; the models that think unless they are told not to |
| `images` | `any`, `data` or `none` |
| `tool_choices`, `strict`, `schema_without` | the choices; `strict` in tools: any, `alike` or `none`; keywords that schemas of tools must not hold |
| `formats`, `json_word`, `schema_models`, `schema_refuses` | the response formats; whether JSON has to be spoken of; who knows schemas, and beside what not |
| `efforts` | the values of `reasoning_effort` by the beginnings of models' names |
"""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from . import openai_dialect
from .checks import Typed
from .near_openai_answers import Answers
from .sdk_types import SDKS

RULES = {file.stem: tomllib.loads(file.read_text()) for file in sorted((Path(__file__).parent / "providers").glob("*.toml"))}
PLAIN, STREAMING = openai_dialect.PLAIN, openai_dialect.STREAMING
EVERYBODY = ("system", "user", "assistant", "tool")
ROLES = set(EVERYBODY)
CHOICES = ["auto", "none", "required", "named"]


def path_of(provider: str, path: str) -> str:
    """Where this path of the API is, below the provider's folder."""
    return f"{RULES[provider]['base']}/{path}".removeprefix("/")


class Dialect(Answers):
    """One provider's."""

    def __init__(self, provider: str) -> None:
        super().__init__(RULES[provider])
        self.provider = provider

    def heard(self, body: dict):
        return openai_dialect.heard(body)

    def chat_violations(self, body: dict) -> Iterator[str]:
        yield from self._types(body)
        yield from self._members(body)
        yield from self._sampling(body)
        yield from self._thinking(body)
        yield from self._tools(body)
        yield from self._format(body)
        yield from openai_dialect.calls_violations(body)
        for index, message in enumerate(body.get("messages") or []):
            if isinstance(message, dict):
                yield from (f"messages[{index}]: {fault}" for fault in self._message(message))
        yield from self._order([message for message in body.get("messages") or [] if isinstance(message, dict)])
        yield from self._reasoning_back(body)

    def _types(self, body: dict) -> Iterator[str]:
        """The types of the provider's SDK; without one, OpenAI's for what means the same here."""
        if sdk := SDKS.get(self.provider):
            yield from sdk.violations(body)
            return
        own = {"reasoning_effort", *self.rules.get("values", {}), *self.rules.get("whole_numbers", [])}
        common = {key: value for key, value in body.items() if key not in own}
        kinds: Typed = STREAMING if body.get("stream") else PLAIN
        yield from kinds.violations(common)

    def _members(self, body: dict) -> Iterator[str]:
        for key, value in body.items():
            if key not in self.rules["members"]:
                yield f"unknown key {key}"
            if value is None:
                yield f"{key} is null: leave it out"
        for key in self.rules.get("needs", []):
            if key not in body:
                yield f"{key} is missing"
        for key, value in self.rules.get("must", {}).items():
            if body.get(key) != value:
                yield f"{key} is {body.get(key)!r}, not {value!r}"
        for start, members in self.rules.get("refused_by", {}).items():
            for key in members if str(body.get("model")).startswith(start) else []:
                if key in body:
                    yield f"{key} is refused by {start}"
        if not re.fullmatch(self.rules.get("model", ".+"), str(body.get("model"))):
            yield f"there is no model {body.get('model')}"
        if "max_tokens" in body and "max_completion_tokens" in body:
            yield "both max_tokens and max_completion_tokens"
        if "stream_options" in body and not body.get("stream"):
            yield "stream_options without stream"

    def _sampling(self, body: dict) -> Iterator[str]:
        for key, most in self.rules.get("max", {}).items():
            value = body.get(key, 0)
            if amount(value) > most:
                yield f"{key} {value} is above {most}"
        for key, end in self.rules.get("below", {}).items():
            if amount(body.get(key, 0)) >= end:
                yield f"{key} {body[key]} is not below {end}"
        for key, values in self.rules.get("values", {}).items():
            if key in body and body[key] not in values:
                yield f"{key} {body[key]!r} is none of {values}"
        for key in self.rules.get("whole_numbers", []):
            if key in body and (isinstance(body[key], bool) or not isinstance(body[key], int)):
                yield f"{key} {body[key]!r} is no number"
        for key in self.rules.get("lists", []):
            if key in body and not isinstance(body[key], list):
                yield f"{key} {body[key]!r} is no list"
        for keys in self.rules.get("one_of", []):
            if all(key in body for key in keys):
                yield f"{' and '.join(keys)} exclude each other"

    def _thinking(self, body: dict) -> Iterator[str]:
        effort, name = body.get("reasoning_effort"), str(body.get("model"))
        if effort is not None and "efforts" in self.rules:
            known = next((levels for start, levels in self.rules["efforts"].items() if name.startswith(start)), [])
            if effort not in known:
                yield f"reasoning_effort {effort!r} is none of {known} at {name}"
        if body.get("enable_thinking") is True:
            for key, value in self.rules.get("thinkers_must", {}).items():
                if body.get(key) != value:
                    yield f"{key} is {body.get(key)!r}, not {value!r}, at a model that thinks"

    def _tools(self, body: dict) -> Iterator[str]:
        tools, choice = body.get("tools") or [], body.get("tool_choice")
        if choice is not None:
            word = choice if isinstance(choice, str) else "named"
            if word not in self.rules.get("tool_choices", CHOICES) or not tools:
                yield f"tool_choice {choice} with {len(tools)} tools"
            if isinstance(choice, dict) and choice.get("type") != "function":
                yield f"tool_choice {choice}"
        functions = [tool.get("function") or {} for tool in tools]
        strict = [function.get("strict") for function in functions]
        if self.rules.get("strict") == "none" and any("strict" in function for function in functions):
            yield "strict in a tool"
        if self.rules.get("strict") == "alike" and len({bool(one) for one in strict}) > 1:
            yield "strict differs between tools"
        if any(tool.get("type") != "function" for tool in tools):
            yield "a tool that is no function"
        banned = set(self.rules.get("schema_without", [])) & set(keywords([function.get("parameters") for function in functions]))
        if banned:
            yield f"a tool's schema holds {sorted(banned)}"

    def _format(self, body: dict) -> Iterator[str]:
        kind = (body.get("response_format") or {}).get("type", "text")
        if kind != "text" and kind not in self.rules.get("formats", ["json_object", "json_schema"]):
            yield f"response_format {kind}"
        if kind == "json_object" and self.rules.get("json_word"):
            if "json" not in json.dumps(body.get("messages"), ensure_ascii=False).lower():
                yield "the prompt does not speak of JSON"
        if kind == "json_schema":
            models = self.rules.get("schema_models", [""])
            if not any(str(body.get("model")).startswith(start) for start in models):
                yield f"{body.get('model')} knows no schemas"
            for key in self.rules.get("schema_refuses", []):
                if body.get(key):
                    yield f"a schema together with {key}"

    def _message(self, message: dict) -> Iterator[str]:
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            yield f"there is no role {role}"
        known = self.rules.get("message_members")
        for key, value in message.items():
            if known and key not in known:
                yield f"extra_forbidden {key}"
            if value is None and (self.rules.get("no_nulls") or key != "content"):
                yield f"{key} is null"
        for key in ("refusal", "annotations", "audio", "provider_specific_fields", "function_call", "thinking_blocks"):
            if key in message:
                yield f"{key} is another provider's"
        if "name" in message and role not in self.rules.get("named", EVERYBODY):
            yield "a name"
        if isinstance(content, list):
            if all(part.get("type") == "text" for part in content) and role in self.rules.get("plain_text", []):
                yield "a list of texts where one text is wanted"
            for part in content:
                if part.get("type") == "image_url":
                    yield from self._image(part.get("image_url") or {})
        if "tool_calls" in message:
            beside = self.rules.get("calls_content")
            if beside == "not empty" and content == "" or beside == "empty" and content is None:
                yield f"the content beside calls is {content!r}"
        elif content is None:
            yield "no content"
        for call_id in [message.get("tool_call_id"), *(call.get("id") for call in message.get("tool_calls") or [])]:
            if call_id is not None and not re.fullmatch(self.rules.get("call_id", ".+"), call_id):
                yield f"the id {call_id!r} of a call"

    def _image(self, image: dict | str) -> Iterator[str]:
        url = image if isinstance(image, str) else image.get("url", "")
        taken = self.rules.get("images", "any")
        if taken == "none" or taken == "data" and not url.startswith("data:"):
            yield f"an image: {url[:30]}"

    def _order(self, messages: list[dict]) -> Iterator[str]:
        roles, order = [message.get("role") for message in messages], self.rules.get("order")
        if order == "assistant after tool":
            if any(pair == ("tool", "user") for pair in zip(roles, roles[1:])):
                yield "invalid_request_message_order: user after tool"
            if roles and roles[-1] == "assistant" and not messages[-1].get("prefix"):
                yield "the last message is the assistant's, without prefix"
        if order == "alternate":
            spoken = [role for role in roles if role != "system"]
            if "system" in roles[len(roles) - len(spoken):]:
                yield "a system message that is not at the beginning"
            if any(one == other for one, other in zip(spoken, spoken[1:])) or spoken[:1] not in ([], ["user"]):
                yield "After the (optional) system message(s), user and assistant roles should be alternating."
            if spoken and spoken[-1] not in ("user", "tool"):
                yield "Last message must have role `user`"
        if order == "one system" and "system" in roles[1:]:
            yield "a system message that is not the first"

    def _reasoning_back(self, body: dict) -> Iterator[str]:
        when, messages = self.rules.get("reasoning_back", "never"), body.get("messages") or []
        if when == "any":
            return
        by_default = str(body.get("model")).startswith(tuple(self.rules.get("thinks_by_default", [])))
        said = (body.get("thinking") or {}).get("type")
        thinks = when == "thinking" and (said == "enabled" or by_default and said is None)
        last_user = max((at for at, message in enumerate(messages) if message.get("role") == "user"), default=-1)
        for index, message in enumerate(messages):
            if message.get("role") != "assistant":
                continue
            if "reasoning_content" in message and not thinks:
                yield f"messages[{index}]: reasoning_content"
            if thinks and index > last_user and message.get("tool_calls") and not message.get("reasoning_content"):
                yield f"messages[{index}]: the reasoning_content in the thinking mode must be passed back"


def amount(value: object) -> float:
    """A number, or how many entries there are; what is wrong with anything else its type says."""
    return len(value) if isinstance(value, list) else value if isinstance(value, int | float) else 1


def keywords(schema: object) -> Iterator[str]:
    """All keys in it; the schemas of the suites name no property like a keyword."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield key
            yield from keywords(value)
    elif isinstance(schema, list):
        for part in schema:
            yield from keywords(part)
