"""One gateway over one set of fakes, on free loopback ports, in a folder of its own."""

import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import quote

from . import providers

TESTS = Path(__file__).resolve().parents[2]
START_LIMIT = 30.0
STOP_LIMIT = 20.0

# Secrets of callers: `fl_` and 43 characters. The fakes report any text of that form.
KEYS = {
    "suite": "fl_" + "S" * 43,
    "reader": "fl_" + "R" * 43,
    "stranger": "fl_" + "X" * 43,
}
UPSTREAM_MODELS = {
    "openai": "openai/gpt-4o-mini",
    "anthropic": "anthropic/claude-haiku-4-5",
    "cohere": "cohere/command-a-plus-05-2026",
    "bedrock": "bedrock/anthropic.claude-haiku-4-5-20251001-v1:0",
    "gemini": "gemini/gemini-2.5-flash",
    "local": "local/llama",
}

CONFIG = """\
[server]
listen = "{listen}"
drain_timeout = "5s"

[store]
path = "{data}"

# Quick, and without the memory of one test's failures in the next.
[upstream]
backoff = "5ms"
max_backoff = "50ms"
breaker = {{ enabled = false }}

[batches]
poll = "20ms"

{providers}
[[model]]
id = "local/llama"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 2.0
max_input_tokens = 131072
capabilities = ["tools", "vision", "response_schema"]

# The catalogue has no price of it.
[[model]]
id = "cohere/command-a-plus-05-2026"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 2.0

[[route]]
name = "support-bot"
strategy = "fallback"
default_model = "openai/gpt-4o-mini"
fallback = ["anthropic/claude-haiku-4-5"]

# For experiments, which change who serves: nothing else is played on them.
[[route]]
name = "trial-a"
strategy = "fallback"
default_model = "openai/gpt-4o-mini"

[[route]]
name = "trial-b"
strategy = "fallback"
default_model = "anthropic/claude-haiku-4-5"

[[key]]
name = "suite"
sha256 = "{suite}"
org = "default"
permissions = ["read", "write"]

[[key]]
name = "reader"
sha256 = "{reader}"
org = "default"
permissions = ["read"]

[[key]]
name = "stranger"
sha256 = "{stranger}"
org = "elsewhere"
permissions = ["read", "write"]
"""


class GatewayFailed(Exception):
    """The gateway did not start, or did not stop as it should; the text holds its log."""


class Stack(contextlib.AbstractContextManager):
    """`url` and `key` are what a client is given; `fakes` looks behind the scenes."""

    key = KEYS["suite"]
    keys = KEYS

    def __init__(self, strict_twins: bool = False) -> None:
        """`strict_twins`: each provider once more, to refuse what it would leave out."""
        self._strict_twins = strict_twins
        self._folder = tempfile.TemporaryDirectory(prefix="floopy-suite-")
        self._children: list[subprocess.Popen] = []
        self.log = Path(self._folder.name) / "gateway.log"

    def __enter__(self) -> "Stack":
        try:
            self._start_fakes()
            self._start_gateway()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._stop_gateway()
        finally:
            self._end()

    # The fakes.

    def _start_fakes(self) -> None:
        python = os.environ.get("FAKES_PYTHON", sys.executable)
        fakes = subprocess.Popen(
            [python, "-m", "fakes"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )
        self._children.append(fakes)
        told = json.loads(fakes.stdout.readline())
        self.fakes, self.provider_keys, self.bases = told["address"], told["keys"], told["bases"]

    def fake(self, verb: str, method: str = "GET", **query: str) -> object:
        pairs = "&".join(f"{name}={quote(value)}" for name, value in query.items())
        request = urllib.request.Request(f"http://{self.fakes}/_fake/{verb}?{pairs}", method=method)
        with urllib.request.urlopen(request, timeout=15) as response:
            return json.load(response)

    def calls(self, tag: str) -> list[dict]:
        """What the providers received with this tag, oldest first."""
        return self.fake("calls", tag=tag)

    def wait_for(self, tag: str, ending: str) -> list[dict]:
        return self.fake("wait", tag=tag, ending=ending)

    def release(self, tag: str) -> None:
        self.fake("release", "POST", tag=tag)

    def violations(self) -> list[dict]:
        return self.fake("violations")

    @staticmethod
    def tag() -> str:
        return uuid.uuid4().hex[:12]

    # The gateway.

    def _start_gateway(self) -> None:
        folder = Path(self._folder.name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self.address}/v1"
        digests = {name: hashlib.sha256(key.encode()).hexdigest() for name, key in KEYS.items()}
        config = folder / "floopy.toml"
        private_key = (TESTS / "fixtures" / "google" / "key.pem").read_text()
        google = providers.google_account(folder / "google.json", self.fakes, private_key)
        sections = providers.sections(self.fakes, self.bases, google, self._strict_twins)
        config.write_text(CONFIG.format(listen=self.address, data=folder / "data", providers=sections, **digests))
        env = {name: value for name, value in os.environ.items() if not name.startswith("FLOOPY_")}
        env |= {f"FAKE_KEY_{name.upper()}": key for name, key in self.provider_keys.items()}
        # As in tests/fakes/bedrock_dialect.py.
        env |= {"FAKE_AWS_KEY_ID": "AKIDFAKE", "FAKE_AWS_SESSION_TOKEN": "session/token+of=the/fake"}
        with self.log.open("wb") as log:
            self.gateway = subprocess.Popen(
                [os.environ["FLOOPY_BIN"], "serve", "--config", str(config)], cwd=folder, env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )
        self._children.append(self.gateway)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline, pause = time.monotonic() + START_LIMIT, threading.Event()
        while time.monotonic() < deadline:
            if self.gateway.poll() is not None:
                raise GatewayFailed(f"serve ended with {self.gateway.returncode}:\n{self.log.read_text()}")
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=5):
                    return
            pause.wait(0.02)
        raise GatewayFailed(f"not ready after {START_LIMIT} s:\n{self.log.read_text()}")

    def _stop_gateway(self) -> None:
        self.gateway.terminate()
        try:
            code = self.gateway.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            raise GatewayFailed(f"still running {STOP_LIMIT} s after SIGTERM:\n{self.log.read_text()}") from None
        log = self.log.read_text(errors="replace")
        if code != 0:
            raise GatewayFailed(f"serve ended with {code} after SIGTERM:\n{log}")
        leaked = [name for name, key in (KEYS | self.provider_keys).items() if key in log]
        if leaked or "panicked" in log:
            raise GatewayFailed(f"a panic, or a key of {leaked}, is in the log:\n{log}")

    def _end(self) -> None:
        for child in self._children:
            if child.stdin:
                child.stdin.close()
            elif child.poll() is None:
                child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(5)
            if child.poll() is None:
                child.kill()
        self._folder.cleanup()
