#!/usr/bin/env python3
"""What `floopy tui` costs while a gateway decides a thousand times a second.

    benches/tui/run.py BINARY [--rate 1000] [--seconds 20] [--view overview]

A server of a few lines plays the gateway: it sends decisions on `/v1/events` at the rate, and answers whatever else the
screen asks. The screen runs in a terminal of 120 x 40 of its own; what it took of one core is read from /proc.
"""

import argparse
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BURSTS = 50
TICKS = os.sysconf("SC_CLK_TCK")
MODELS = ["gpt-4o", "gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"]


def decision(number: int) -> bytes:
    model = MODELS[number * 7 % 4]
    target = {"provider": "openai", "model": model}
    now = time.time()
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"
    data = {
        "request_id": f"0197f3a0-0000-4000-8000-{number:012x}", "session_id": f"session-{number // 8}", "created_at": at,
        "floopy_reason": f"{model}::exploit", "routing_strategy": "feedback_driven", "route": "auto", "winner": target,
        "served": target, "reason": "dispatched", "propensity": 0.5, "filtered": [],
        "candidates": [{"provider": "openai", "model": name, "quality": 0.8, "propensity": 0.25} for name in MODELS],
        "outcome": {
            "status": "error" if number % 500 == 0 else "ok", "latency_ms": 300 + number % 400, "ttft_ms": 120,
            "input_tokens": 900, "output_tokens": 210, "cost_micro_usd": 261, "baseline_cost_micro_usd": 4350,
            "saved_micro_usd": 4089, "fallback_used": False, "attempts": [],
        },
    }
    return f"id: {number}\nevent: decision\ndata: {json.dumps(data)}\n\n".encode()


class Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rate, sent = 1000, 0

    def log_message(self, *_: object) -> None:
        pass

    def answer(self) -> None:
        body = json.dumps({"items": [], "next_cursor": None, "has_more": False}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = answer

    def do_GET(self) -> None:
        if self.path.split("?")[0] != "/v1/events":
            return self.answer()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        due = time.monotonic()
        try:
            while True:
                many = range(Gateway.sent, Gateway.sent + Gateway.rate // BURSTS)
                burst = b"".join(map(decision, many))
                self.wfile.write(b"%x\r\n%s\r\n" % (len(burst), burst))
                Gateway.sent = many.stop
                due += 1 / BURSTS
                time.sleep(max(0, due - time.monotonic()))
        except OSError:
            self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """The screen closes what it no longer needs."""


def drained(screen: int, seen: list[int]) -> None:
    try:
        while piece := os.read(screen, 65536):
            seen[0] += len(piece)
    except OSError:
        pass


def cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("binary")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--view", default="overview")
    asked = parser.parse_args()
    Gateway.rate = asked.rate
    server = Server(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    screen, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    url = f"http://127.0.0.1:{server.server_port}"
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    shown = subprocess.Popen(
        [asked.binary, "tui", "--url", url, "--key", "fl_bench", "--view", asked.view],
        stdin=inside, stdout=inside, stderr=inside, start_new_session=True, env=env,
    )
    os.close(inside)
    seen = [0]
    threading.Thread(target=drained, args=(screen, seen), daemon=True).start()
    time.sleep(3)
    if shown.poll() is not None or Gateway.sent == 0:
        print(f"the screen did not come up: it ended with {shown.poll()}", file=sys.stderr)
        return 1
    began, cpu, sent, bytes_seen = time.monotonic(), cpu_seconds(shown.pid), Gateway.sent, seen[0]
    time.sleep(asked.seconds)
    took = time.monotonic() - began
    cpu, sent, bytes_seen = cpu_seconds(shown.pid) - cpu, Gateway.sent - sent, seen[0] - bytes_seen
    shown.terminate()
    shown.wait(5)
    print(f"{asked.view}: {sent / took:.0f} decisions/s, {cpu / took:.2%} of a core, {bytes_seen / took / 1024:.1f} KiB/s to the terminal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
