"""A gateway that needs no network (recorded outcomes), with keys, and browsers in front of it."""

import base64
import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from webdriver import Browser, free_port, wait_for

CONFIG = """
[server]
listen = "127.0.0.1:{port}"
[store]
path = "{folder}/data"
[telemetry]
log = "error"
[provider.replay]
[[route]]
name = "auto"
strategy = "feedback_driven"
default_model = "replay/gemini-1.5-pro-002"
candidates = ["replay/gemini-1.5-flash-002", "replay/Meta-Llama-3_1-8B-Instruct"]
"""


class Gateway:
    def __init__(self, folder):
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.binary = os.environ["FLOOPY_BIN"]
        self.folder = folder
        (folder / "floopy.toml").write_text(CONFIG.format(port=port, folder=folder))
        self.process = subprocess.Popen(
            [self.binary, "serve", "--config", folder / "floopy.toml"],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=(folder / "log").open("w"),
        )
        wait_for("the gateway", self.is_ready)
        self.key = self.create_key("writer")

    def is_ready(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return urllib.request.urlopen(f"{self.url}/readyz", timeout=5).status == 200
        except OSError:
            return False

    def create_key(self, name, *more):
        command = [self.binary, "keys", "create", name, *more, "--format", "json", "--url", self.url]
        command += ["--config", self.folder / "floopy.toml"]
        return json.loads(subprocess.run(command, cwd=self.folder, check=True, capture_output=True).stdout)["secret"]

    def call(self, method, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        given = {"authorization": f"Bearer {self.key}", "content-type": "application/json", **headers}
        request = urllib.request.Request(self.url + path, data, given, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers, json.load(answer)

    def chat(self, session="browser"):
        message = {"role": "user", "content": "What is two and two?"}
        headers, _ = self.call(
            "POST", "/v1/chat/completions", {"model": "auto", "messages": [message]}, **{"floopy-session-id": session}
        )
        return headers["x-request-id"]

    def decision(self, request):
        return self.call("GET", f"/v1/decisions/{request}")[1]


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    running = Gateway(tmp_path_factory.mktemp("gateway"))
    yield running
    running.process.terminate()
    running.process.wait(20)


def opened(gateway, scripts, key):
    browser = Browser(scripts)
    browser.open(f"{gateway.url}/ui")
    browser.write("#key", key)
    browser.click("button")
    wait_for("the overview", lambda: browser.url() == f"{gateway.url}/ui")
    return browser


@pytest.fixture
def browser(gateway, request):
    browser = opened(gateway, True, gateway.key)
    yield browser
    folder = os.environ.get("FLOOPY_UI_SHOTS")
    if folder:
        Path(folder, f"{request.node.name}.png").write_bytes(base64.b64decode(browser.screenshot()))
    browser.close()


@pytest.fixture
def scriptless(gateway):
    browser = opened(gateway, False, gateway.key)
    yield browser
    browser.close()
