"""A browser, driven through chromedriver's own protocol (W3C WebDriver): no package is needed for it."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE = 30.0


def wait_for(what, condition):
    """Waits until the condition gives something; never sleeps for a fixed time."""
    ends = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < ends, f"{what}: not within {PATIENCE} s"
        time.sleep(0.02)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Browser:
    def __init__(self, scripts=True):
        driver = shutil.which("chromedriver")
        assert driver, "chromedriver is missing: scripts/test installs it"
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen([driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("chromedriver", self.is_ready)
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,900"],
            "prefs": {} if scripts else {"profile.managed_default_content_settings.javascript": 2},
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        try:
            answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        except BaseException:
            self.process.kill()
            raise
        self.session = f"/session/{answer['sessionId']}"

    def is_ready(self):
        try:
            return self.call("GET", "/status")["ready"]
        except OSError:
            return False

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from None

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.process.terminate()
            self.process.wait(10)

    def open(self, url):
        self.call("POST", f"{self.session}/url", {"url": url})

    def url(self):
        return self.call("GET", f"{self.session}/url")

    def source(self):
        return self.call("GET", f"{self.session}/source")

    def find(self, css):
        return self.call("POST", f"{self.session}/element", {"using": "css selector", "value": css})[ELEMENT]

    def text(self, css):
        return self.call("GET", f"{self.session}/element/{self.find(css)}/text")

    def shows(self, css, words):
        """Whether an element with these words is there; between two pages nothing is."""
        try:
            return words in self.text(css)
        except AssertionError as error:
            if "no such element" in str(error) or "stale element" in str(error):
                return False
            raise

    def click(self, css):
        self.call("POST", f"{self.session}/element/{self.find(css)}/click", {})

    def write(self, css, text):
        element = self.find(css)
        self.call("POST", f"{self.session}/element/{element}/clear", {})
        self.call("POST", f"{self.session}/element/{element}/value", {"text": text})

    def run(self, script):
        return self.call("POST", f"{self.session}/execute/sync", {"script": script, "args": []})

    def cookies(self):
        return self.call("GET", f"{self.session}/cookie")

    def log(self, kind):
        return self.call("POST", f"{self.session}/se/log", {"type": kind})

    def requested(self):
        """Addresses that pages of the session asked for."""
        for entry in self.log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                yield message["params"]["request"]["url"]

    def screenshot(self):
        return self.call("GET", f"{self.session}/screenshot")
