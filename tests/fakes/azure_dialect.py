"""Azure OpenAI: OpenAI's dialect at two forms of address, and what it adds to answers."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from . import model, openai_dialect
from .near_openai_answers import event

VERSIONS = {"2024-02-01", "2024-06-01", "2024-10-21"}
SAFE = {"hate": {"filtered": False, "severity": "safe"}, "violence": {"filtered": False, "severity": "low"}}


class Dialect:
    """`deployment`: the one in the path, where there is one."""

    def __init__(self, deployment: str | None) -> None:
        self.deployment = deployment

    def heard(self, body: dict) -> model.Heard:
        return openai_dialect.heard(body)

    def chat_violations(self, body: dict) -> Iterator[str]:
        yield from openai_dialect.chat_violations(body)
        if self.deployment not in (None, body.get("model")):
            yield f"the deployment {self.deployment} is asked for the model {body.get('model')}"

    def answer(self, body: dict, reply: model.Reply) -> dict:
        whole = openai_dialect.answer(body, reply)
        for choice in whole["choices"]:
            choice["content_filter_results"] = SAFE
        return {**whole, "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}]}

    def stream(self, body: dict, reply: model.Reply) -> Iterator[bytes]:
        yield event({"id": "", "object": "", "created": 0, "model": "", "choices": [],
                     "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": SAFE}]})
        yield from openai_dialect.stream(body, reply)

    def error(self, status: int, message: str | None = None) -> dict:
        return openai_dialect.error(status, message, str(status) if status != 400 else None)

    def overflow(self) -> tuple[int, dict]:
        return openai_dialect.overflow()

    def midstream_error(self) -> bytes:
        return openai_dialect.midstream_error()


def dialect_at(path: str, query: str) -> Dialect | None:
    """The dialect of an address: newer ones have no version, older ones need one."""
    if path == "openai/v1/chat/completions" and query == "":
        return Dialect(None)
    found = re.fullmatch(r"openai/deployments/([^/]+)/chat/completions", path)
    if found and query.removeprefix("api-version=") in VERSIONS:
        return Dialect(unquote(found.group(1)))
    return None
