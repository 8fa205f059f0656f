"""The process: one port, a folder for each provider, and `/_fake/…` for the tests to look behind the scenes.

Below its folder each provider has the paths of its own address: `/groq/openai/v1/chat/completions`, `/bedrock/model/…`;
`registry.py` lists them. `local` speaks OpenAI's dialect. `openai` and `anthropic` have batches, `vertex` gives tokens.

    GET  /_fake/calls?tag=T               calls so far
    GET  /_fake/wait?tag=T&ending=left    the same, once a call of the tag ended so; at most ten seconds
    GET  /_fake/violations                calls that broke a rule
    POST /_fake/release?tag=T             lets held answers go on
    POST /_fake/reset                     forgets everything
"""

import json
import select
import socket
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from . import (
    anthropic_dialect,
    batches,
    bedrock_dialect,
    checks,
    cohere_dialect,
    gemini_dialect,
    model,
    openai_dialect,
    openai_responses,
    registry,
    vertex_dialect,
)
from .journal import Call, Journal
from .registry import KEYS

LONGEST_HOLD = 20.0
LONGEST_WAIT = 10.0


class PeerLeft(Exception):
    """The other side closed the connection before the answer was complete."""


class Server(ThreadingHTTPServer):
    """`direct` is for the self-test, in which a provider's own SDK is the caller: its headers are its own affair."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, direct: bool = False) -> None:
        self.journal = Journal()
        self.direct = direct
        self.shelves = {"openai": batches.Shelf(), "anthropic": batches.Shelf()}
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A peer that is gone is no event; anything else is printed by the base class."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path.startswith("/_fake/"):
            return self.control(url.path.removeprefix("/_fake/"), parse_qs(url.query))
        provider, _, path = url.path.removeprefix("/").partition("/")
        if self.is_of_a_batch(provider, path):
            return self.batch(provider, path, b"")
        call = self.begin(provider, b"", None, "")
        if provider in ("openai", "local") and path == "v1/models":
            return self.give(call, 200, openai_dialect.models())
        self.give(call, 404, openai_dialect.error(404, "no such path"))

    def do_DELETE(self) -> None:
        provider, _, path = urlsplit(self.path).path.removeprefix("/").partition("/")
        if self.is_of_a_batch(provider, path):
            return self.batch(provider, path, b"")
        self.give(self.begin(provider, b"", None, ""), 404, openai_dialect.error(404, "no such path"))

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        if url.path.startswith("/_fake/"):
            return self.control(url.path.removeprefix("/_fake/"), parse_qs(url.query))
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        provider, _, path = url.path.removeprefix("/").partition("/")
        if self.is_of_a_batch(provider, path):
            return self.batch(provider, path, raw)
        if (provider, path) == ("vertex", "token"):
            return self.token(raw)
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            call = self.begin(provider, raw, None, "")
            call.violations.append("the body is no JSON object")
            return self.give(call, 400, openai_dialect.error(400))
        if dialect := registry.chat_at(provider, path, url.query):
            return self.chat(provider, dialect, raw, body)
        if provider == "openai" and path == "v1/responses/input_tokens":
            return self.count(provider, raw, body)
        if (provider, path) in (("cohere", "v2/embed"), ("openai", "v1/embeddings"), ("local", "v1/embeddings")):
            return self.embed(provider, raw, body)
        if provider == "gemini" and path.endswith(":batchEmbedContents"):
            return self.embed_for_gemini(path.removeprefix("v1beta/models/").rpartition(":")[0], raw, body)
        if provider == "bedrock" and (called := bedrock_dialect.action(path)):
            return self.invoke(called[0], raw, body)
        call = self.begin(provider, raw, body, "")
        call.violations.append(f"POST {self.path} is no address of {provider}")
        self.give(call, 404, openai_dialect.error(404, "no such path"))

    # One call.

    def begin(self, provider: str, raw: bytes, body: dict | None, tag: str) -> Call:
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = self.server.journal.begin(provider, self.command, self.path, tag, headers, body)
        if self.server.direct:
            return call
        if provider == "anthropic":
            call.violations += anthropic_dialect.header_violations(headers)
        if provider == "bedrock":
            url = f"http://{headers.get('host')}{self.path}"
            key = KEYS[provider]
            call.violations += bedrock_dialect.signature_violations(self.command, url, headers, raw, key)
        keys = registry.credentials(provider, headers)
        call.violations += checks.header_violations(self.headers.items(), self.server.address, keys)
        if raw:
            call.violations += checks.body_header_violations(headers, raw)
        if checks.CALLER_KEY.search(raw.decode(errors="replace")):
            call.violations.append("the caller's key is in the body")
        return call

    def is_of_a_batch(self, provider: str, path: str) -> bool:
        folders = {"openai": ("v1/files", "v1/batches"), "anthropic": ("v1/messages/batches",)}
        return path.startswith(folders.get(provider, ("nothing",)))

    def batch(self, provider: str, path: str, raw: bytes) -> None:
        kind = self.headers.get("content-type", "")
        is_form = kind.startswith("multipart/form-data")
        call = self.begin(provider, b"" if is_form else raw, None, "")
        version = self.headers.get("anthropic-version", "")
        status, body, wrong = self.server.shelves[provider].answer(provider, self.command, path, kind, raw, version)
        call.violations += wrong
        self.give(call, status, body)

    def token(self, raw: bytes) -> None:
        """A token for an assertion; the call is nobody's chat, and noted like one."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = self.server.journal.begin("vertex", self.command, self.path, "", headers, None)
        status, answer = vertex_dialect.token(raw.decode(errors="replace"), self.server.address)
        if status != 200:
            call.violations.append(f"no token: {answer}")
        self.give(call, status, answer)

    def chat(self, provider: str, dialect: object, raw: bytes, body: dict) -> None:
        version = self.headers.get("anthropic-version", "")
        breaches = list(registry.violations(dialect, body, version, self.streams(body)))
        try:
            heard = dialect.heard(body)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            heard, breaches = model.Heard(), [*breaches, f"cannot be understood: {error!r}"]
        call = self.begin(provider, raw, body, heard.marker(provider).get("tag", ""))
        call.violations += breaches
        if call.violations:
            # A provider refuses what it does not understand; the message tells whoever reads the test's output.
            return self.give(call, 400, dialect.error(400, "; ".join(call.violations)))
        try:
            self.respond(call, dialect, body, heard)
        except PeerLeft:
            self.close_connection = True
            self.server.journal.end(call, "left")

    def respond(self, call: Call, dialect: object, body: dict, heard: model.Heard) -> None:
        marker = heard.marker(call.provider)
        if self.refused(call, dialect, marker):
            return
        reply = model.reply(heard, marker.get("scenario", "text"))
        fault = marker.get("fault")
        if not getattr(dialect, "streams", self.streams(body)):
            return self.plain(call, dialect, dialect.answer(body, reply), fault)
        if fault == "inside":
            return self.send_stream(call, iter([dialect.midstream_error()]), marker)
        self.send_stream(call, dialect.stream(body, reply), marker, dialect.midstream_error())

    def streams(self, body: dict) -> bool:
        return bool(body.get("stream")) or self.path.endswith("/converse-stream")

    def refused(self, call: Call, dialect: object, marker: dict[str, str]) -> bool:
        """Whether the marker asks for a failure before any answer, which is then given."""
        fault, status = marker.get("fault"), int(marker.get("status", 0))
        if "times" in marker and self.server.journal.count_try(call.tag) >= int(marker["times"]):
            return False
        if fault == "hang":
            self.hold(call)
        if fault == "overflow":
            self.give(call, *dialect.overflow())
        elif fault == "html":
            self.give(call, status or 502, b"<html><body><h1>Bad gateway</h1></body></html>", "text/html")
        elif status:
            self.give(call, status, dialect.error(status), retry_after=marker.get("retry-after"))
        else:
            return False
        return True

    def count(self, provider: str, raw: bytes, body: dict) -> None:
        call = self.begin(provider, raw, body, "")
        call.violations += openai_responses.count_violations(body)
        if call.violations:
            return self.give(call, 400, openai_responses.error(400, "; ".join(call.violations)))
        self.give(call, 200, {"object": "response.input_tokens", "input_tokens": len(raw)})

    def embed(self, provider: str, raw: bytes, body: dict) -> None:
        is_cohere = provider == "cohere"
        dialect = cohere_dialect if is_cohere else openai_dialect
        first = body.get("texts" if is_cohere else "input")
        first = first[0] if isinstance(first, list) and first else first
        marker = model.Heard(user_text=first if isinstance(first, str) else "").marker(provider)
        call = self.begin(provider, raw, body, marker.get("tag", ""))
        breaches = cohere_dialect.embed_violations(body) if is_cohere else openai_dialect.embeddings_violations(body)
        call.violations += breaches
        if call.violations:
            return self.give(call, 400, dialect.error(400, "; ".join(call.violations)))
        if not self.refused(call, dialect, marker):
            self.give(call, 200, cohere_dialect.embed(body) if is_cohere else openai_dialect.embeddings(body))

    def invoke(self, model_id: str, raw: bytes, body: dict) -> None:
        """Embeddings of Bedrock: one model's own words."""
        texts = bedrock_dialect.texts(body)
        marker = model.Heard(user_text=texts[0] if texts else "").marker("bedrock")
        call = self.begin("bedrock", raw, body, marker.get("tag", ""))
        call.violations += bedrock_dialect.embeddings_violations(model_id, body)
        if call.violations:
            return self.give(call, 400, bedrock_dialect.error(400, "; ".join(call.violations)))
        if not self.refused(call, bedrock_dialect, marker):
            self.give(call, 200, bedrock_dialect.embeddings(model_id, body))

    def embed_for_gemini(self, name: str, raw: bytes, body: dict) -> None:
        call = self.begin("gemini", raw, body, "")
        call.violations += gemini_dialect.embeddings_violations(name, body)
        if call.violations:
            return self.give(call, 400, gemini_dialect.error(400, "; ".join(call.violations)))
        self.give(call, 200, gemini_dialect.embeddings(body))

    # Bytes.

    def plain(self, call: Call, dialect: object, answer: dict, fault: str | None) -> None:
        if fault == "inside":
            return self.give(call, 200, dialect.error(500))
        if fault in ("cut", "midstream"):
            body = json.dumps(answer).encode()
            self.head(call, 200, "application/json", len(body))
            self.wfile.write(body[: len(body) // 2])
            return self.break_off(call)
        if fault == "hold":
            self.hold(call)
        self.give(call, 200, answer)

    def give(self, call: Call, status: int, body: dict | bytes, kind: str = "application/json",
             retry_after: str | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        try:
            self.head(call, status, kind, len(data), retry_after)
            self.wfile.write(data)
        except OSError:
            return self.server.journal.end(call, "left")
        self.server.journal.end(call, "complete")

    def head(self, call: Call, status: int, kind: str, length: int | None, retry_after: str | None = None) -> None:
        call.status = status
        self.send_response(status)
        self.send_header("content-type", kind)
        # A provider's own headers: some are of use to the caller, none of these two.
        self.send_header("openai-organization", "org-secret-of-the-operator")
        self.send_header("set-cookie", "session=secret")
        self.send_header("request-id" if call.provider == "anthropic" else "x-request-id", "req_upstream")
        if retry_after:
            self.send_header("retry-after", retry_after)
        if call.provider == "bedrock" and status >= 400:
            for name, value in bedrock_dialect.error_headers(status).items():
                self.send_header(name, value)
        if length is None:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(length))
        self.end_headers()

    def send_stream(self, call: Call, events: Iterator[bytes], marker: dict[str, str], failure: bytes = b"") -> None:
        fault, chop = marker.get("fault"), int(marker.get("chop", 0))
        pieces = list(events)
        try:
            binary = call.provider == "bedrock"
            kind = "application/vnd.amazon.eventstream" if binary else "text/event-stream; charset=utf-8"
            self.head(call, 200, kind, None)
            for number, piece in enumerate(pieces):
                if fault == "cut" and number == len(pieces) // 2:
                    self.chunk(piece[: len(piece) // 2])
                    return self.break_off(call)
                if fault == "midstream" and number == len(pieces) // 2:
                    self.chunk(failure)
                    break
                if fault == "hold" and number == len(pieces) // 2:
                    self.hold(call)
                size = chop or len(piece)
                for at in range(0, len(piece), size):
                    self.chunk(piece[at : at + size])
            self.wfile.write(b"0\r\n\r\n")
        except OSError as error:
            raise PeerLeft from error
        self.server.journal.end(call, "complete")

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def break_off(self, call: Call) -> None:
        """Closes in the middle of a body: what comes of a crashed upstream."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
        self.server.journal.end(call, "broken")

    def hold(self, call: Call) -> None:
        """Waits until the tag is released; raises as soon as the peer closes."""
        deadline = time.monotonic() + LONGEST_HOLD
        while not self.server.journal.is_released(call.tag) and time.monotonic() < deadline:
            readable, _, _ = select.select([self.connection], [], [], 0.02)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise PeerLeft

    # Behind the scenes.

    def control(self, verb: str, query: dict[str, list[str]]) -> None:
        journal = self.server.journal
        tag = query.get("tag", [None])[0]
        if verb == "calls":
            answer = journal.calls(tag)
        elif verb == "wait":
            answer = journal.wait(tag or "", query["ending"][0], LONGEST_WAIT)
        elif verb == "violations":
            answer = journal.violations()
        elif verb == "release":
            answer = journal.release(tag or "")
        elif verb == "reset":
            answer = journal.reset()
        else:
            return self.send_error(404)
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
