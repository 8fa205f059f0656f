"""Batches of both providers. Each line is judged as a request of its own is, and a batch is over at the second look.

A line whose text holds `[fake status=N]` fails so in the batch; one with `[fake fault=hang]` is never answered there.
"""

import email.parser
import email.policy
import itertools
import json
import threading
from collections.abc import Iterator

from anthropic.types.messages import MessageBatch
from anthropic.types.messages.batch_create_params import BatchCreateParams as MessageBatchParams
from openai.types import Batch, BatchCreateParams, FileObject

from . import anthropic_dialect, model, openai_dialect
from .checks import Typed

OPENAI, ANTHROPIC = Typed(BatchCreateParams), Typed(MessageBatchParams)
ENDED = "2026-01-15T12:35:56Z"


def form(kind: str, raw: bytes) -> dict[str, bytes]:
    """The fields of a multipart form."""
    head = f"content-type: {kind}\r\n\r\n".encode()
    parts = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + raw)
    return {part.get_param("name", header="content-disposition"): part.get_payload(decode=True) for part in parts.iter_parts()}


class Shelf:
    """What one provider keeps of files and batches."""

    def __init__(self) -> None:
        self._lock, self._number = threading.Lock(), itertools.count(1)
        self._files: dict[str, bytes] = {}
        self._batches: dict[str, dict] = {}

    def answer(self, provider: str, method: str, path: str, kind: str, raw: bytes, version: str
               ) -> tuple[int, dict | bytes, list[str]]:
        """Status, body and what was wrong."""
        with self._lock:
            if provider == "anthropic":
                return self._anthropic(method, path.split("/")[3:], raw, version)
            return self._openai(method, path.split("/")[1:], kind, raw)

    # OpenAI's.

    def _openai(self, method: str, parts: list[str], kind: str, raw: bytes) -> tuple[int, dict | bytes, list[str]]:
        match [method, *parts]:
            case ["POST", "files"]:
                fields = form(kind, raw)
                wrong = [] if fields.get("purpose") == b"batch" and "file" in fields else [f"the form has {sorted(fields)}"]
                return 200, self._file(fields.get("file", b"")), wrong
            case ["GET", "files", name, "content"] if name in self._files:
                return 200, self._files[name], []
            case ["DELETE", "files", name] if name in self._files:
                del self._files[name]
                return 200, {"id": name, "object": "file", "deleted": True}, []
            case ["POST", "batches"]:
                body = json.loads(raw)
                lines = [json.loads(line) for line in self._files.get(body.get("input_file_id"), b"").splitlines()]
                wrong = [*OPENAI.violations(body), *_lines(lines, body.get("endpoint", ""))]
                if wrong:
                    return 400, openai_dialect.error(400, "; ".join(wrong)), wrong
                return 200, self._shown(self._begin(lines, body)), []
            case ["GET", "batches"]:
                return 200, {"object": "list", "data": [self._shown(name) for name in self._batches], "has_more": False}, []
            case ["GET", "batches", name] if name in self._batches:
                self._look(name)
                return 200, self._shown(name), []
            case ["POST", "batches", name, "cancel"] if name in self._batches:
                return 200, self._shown(name), []
        return 404, openai_dialect.error(404, "no such path"), []

    def _file(self, content: bytes) -> dict:
        name = f"file-{next(self._number)}"
        self._files[name] = content
        file = {"id": name, "object": "file", "bytes": len(content), "created_at": openai_dialect.CREATED,
                "filename": "in.jsonl", "purpose": "batch", "status": "processed"}
        return FileObject.model_validate(file).model_dump(exclude_none=True)

    def _begin(self, lines: list[dict], body: dict) -> str:
        name = f"batch_{next(self._number)}"
        self._batches[name] = {"lines": lines, "body": body, "looks": 0, "files": {}}
        return name

    def _look(self, name: str) -> None:
        batch = self._batches[name]
        batch["looks"] += 1
        if batch["looks"] == 2 and "endpoint" in batch["body"]:
            sides: dict[str, list[str]] = {"output_file_id": [], "error_file_id": []}
            for line in batch["lines"]:
                heard = openai_dialect.heard(line["body"])
                marker = heard.marker("openai")
                status = int(marker.get("status", 200))
                if marker.get("fault") == "hang":
                    continue
                answer = openai_dialect.answer(line["body"], model.reply(heard, "text"))
                body = answer if status == 200 else openai_dialect.error(status)
                side = sides["output_file_id" if status == 200 else "error_file_id"]
                side.append(json.dumps({"id": f"r{len(side)}", "custom_id": line["custom_id"], "error": None,
                                        "response": {"status_code": status, "request_id": "r", "body": body}}))
            batch["files"] = {side: self._file("\n".join(lines).encode())["id"] for side, lines in sides.items() if lines}

    def _shown(self, name: str) -> dict:
        batch = self._batches[name]
        over, total = batch["looks"] >= 2, len(batch["lines"])
        shown = {"id": name, "object": "batch", "endpoint": batch["body"]["endpoint"], "completion_window": "24h",
                 "input_file_id": batch["body"]["input_file_id"], "created_at": openai_dialect.CREATED,
                 "status": "completed" if over else "in_progress", "metadata": batch["body"].get("metadata"),
                 "request_counts": {"total": total, "completed": total if over else 0, "failed": 0}, **batch["files"]}
        return Batch.model_validate(shown).model_dump(exclude_none=True)

    # Anthropic's.

    def _anthropic(self, method: str, parts: list[str], raw: bytes, version: str) -> tuple[int, dict | bytes, list[str]]:
        match [method, *parts]:
            case ["POST"]:
                body = json.loads(raw)
                wrong = list(ANTHROPIC.violations(body))
                for request in body.get("requests", []):
                    wrong += anthropic_dialect.violations(request["params"], version)
                if wrong:
                    return 400, anthropic_dialect.error(400, "; ".join(wrong)), wrong
                return 200, self._message_batch(self._begin(body["requests"], {})), []
            case ["GET", name] if name in self._batches:
                self._look(name)
                return 200, self._message_batch(name), []
            case ["GET", name, "results"] if name in self._batches:
                return 200, "\n".join(map(json.dumps, self._results(name))).encode(), []
            case ["POST", name, "cancel"] if name in self._batches:
                return 200, self._message_batch(name), []
        return 404, anthropic_dialect.error(404, "no such path"), []

    def _results(self, name: str) -> Iterator[dict]:
        for request in self._batches[name]["lines"]:
            heard = anthropic_dialect.heard(request["params"])
            marker = heard.marker("anthropic")
            if marker.get("fault") == "hang":
                result = {"type": "expired"}
            elif "status" in marker:
                result = {"type": "errored", "error": anthropic_dialect.error(int(marker["status"]))}
            else:
                message = anthropic_dialect.answer(request["params"], model.reply(heard, "text"))
                result = {"type": "succeeded", "message": message}
            yield {"custom_id": request["custom_id"], "result": result}

    def _message_batch(self, name: str) -> dict:
        batch = self._batches[name]
        over, total = batch["looks"] >= 2, len(batch["lines"])
        counts = {"processing": 0 if over else total, "succeeded": total if over else 0, "errored": 0, "canceled": 0, "expired": 0}
        shown = {"id": name, "type": "message_batch", "processing_status": "ended" if over else "in_progress",
                 "request_counts": counts, "created_at": ENDED, "expires_at": ENDED, "ended_at": ENDED if over else None,
                 "results_url": f"/v1/messages/batches/{name}/results" if over else None}
        return json.loads(MessageBatch.model_validate(shown).model_dump_json())


def _lines(lines: list[dict], endpoint: str) -> Iterator[str]:
    if not lines:
        yield "the input has no lines"
    if len({line["custom_id"] for line in lines}) != len(lines):
        yield "a custom_id stands twice"
    if len({line["body"].get("model") for line in lines}) > 1:
        yield "the lines name several models"
    for line in lines:
        if (line["method"], line["url"]) != ("POST", endpoint):
            yield f"{line['method']} {line['url']} in a batch of {endpoint}"
        yield from openai_dialect.chat_violations(line["body"])
