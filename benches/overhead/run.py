#!/usr/bin/env python3
"""Measures what floopy adds to a call: gateway minus direct, in one run, order alternating.

The release binary runs with its decisions recorded, pinned to core 0; the load generator and the fake
upstream share core 1. nginx as a plain reverse proxy is the yardstick where it is installed. Traffic goes
to 127.0.0.1 only and every run is bounded. Prints one Markdown table and the raw figures as JSON.

    benches/overhead/run.py [--seconds 6] [--rounds 3] [--quick] [--only open,stream] [--binary FILE] [--json FILE]
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = ROOT / "target" / "overhead"
CORE_GATEWAY, CORE_LOAD = "0", "1"
PARTS = ("open", "closed", "stream", "large", "slow", "sweep")
# What the figures are held against: at most this, or at least.
BARS = {
    "added p50 at 1000/s (ms)": 0.30,
    "added p99 at 1000/s (ms)": 0.70,
    "requests/s, closed loop, 32 connections": 8000,
    "CPU per request (µs)": 110,
    "added time to first token p50 at 100/s (ms)": 0.40,
    "CPU per SSE event (µs)": 10,
    "added p50, 100 KB prompt at 100/s (ms)": 0.80,
    "memory idle after start (MiB)": 40,
    "start to ready (ms)": 100,
}
AT_LEAST = {"requests/s, closed loop, 32 connections"}


def is_missed(label, value):
    bar = BARS.get(label)
    return bar is not None and (value < bar if label in AT_LEAST else value > bar)


def build():
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=ROOT, check=True)
    for tool in ("loadgen", "mock-upstream"):
        subprocess.run(
            ["cargo", "build", "--release", "--quiet", "--target-dir", str(TARGET), "--manifest-path", str(HERE / tool / "Cargo.toml")],
            check=True,
        )


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_http(url, seconds=10.0):
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                if answer.status == 200:
                    return time.monotonic() - began
        except OSError:
            time.sleep(0.001)
    raise SystemExit(f"{url} did not become ready within {seconds} s")


def pinned(core, command, realtime=True):
    prefix = ["taskset", "-c", core]
    if realtime and shutil.which("chrt") and os.geteuid() == 0:
        prefix = ["chrt", "-r", "10", *prefix]
    return prefix + command


def cpu_seconds(pid):
    """User and system time of one process, in seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


# A route that learns, with ten models that all lead to the fake upstream.
MODELS = [f"mock/m{number}" for number in range(10)]
LEARNS = "".join(
    f'[[model]]\nid = "{model}"\ninput_usd_per_mtok = {1 + number}\noutput_usd_per_mtok = {4 + number}\nprior_quality = 0.8\n'
    for number, model in enumerate(MODELS)
) + (
    '[[route]]\nname = "learns"\nstrategy = "feedback_driven"\nsticky = "request"\n'
    f'default_model = "{MODELS[-1]}"\ncandidates = {json.dumps(MODELS[:-1])}\n'
)


class Bench:
    def __init__(self, seconds, rounds, binary, learning):
        self.seconds, self.rounds, self.binary, self.learning, self.started = seconds, rounds, binary, learning, []
        self.dir = tempfile.TemporaryDirectory(prefix="floopy-bench-")
        self.mock_port, self.port, self.nginx_port = free_port(), free_port(), free_port()

    def start(self, core, command, **kwargs):
        process = subprocess.Popen(pinned(core, command), stdout=subprocess.DEVNULL, stderr=open(os.path.join(self.dir.name, "log"), "ab"), **kwargs)
        self.started.append(process)
        return process

    def stop(self):
        for process in reversed(self.started):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    def up(self):
        self.start(CORE_LOAD, [str(TARGET / "release" / "mock-upstream"), "--port", str(self.mock_port)])
        wait_http(f"http://127.0.0.1:{self.mock_port}/")
        began = time.monotonic()
        self.gateway = self.serve("floopy", self.port)
        self.ready_ms = (time.monotonic() - began) * 1000
        time.sleep(1.0)
        self.idle_mib = rss_mib(self.gateway.pid)
        self.nginx = None
        if shutil.which("nginx"):
            conf = pathlib.Path(self.dir.name) / "nginx.conf"
            conf.write_text(
                "worker_processes 1; daemon off; pid %s/nginx.pid; error_log %s/nginx.err;\n"
                "events { worker_connections 4096; }\n"
                "http { access_log off; client_max_body_size 32m; client_body_buffer_size 1m; client_body_temp_path %s/t1; proxy_temp_path %s/t2;\n"
                "  fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4; scgi_temp_path %s/t5; keepalive_requests 100000000; tcp_nodelay on;\n"
                "  upstream u { server 127.0.0.1:%d; keepalive 1024; keepalive_requests 100000000; }\n"
                "  server { listen 127.0.0.1:%d; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; } } }\n"
                % ((self.dir.name,) * 7 + (self.mock_port, self.nginx_port))
            )
            self.nginx = self.start(CORE_GATEWAY, ["nginx", "-c", str(conf), "-p", self.dir.name])
            wait_http(f"http://127.0.0.1:{self.nginx_port}/")

    def serve(self, name, port, extra=""):
        """A gateway with a folder of its own, once it is ready."""
        config = pathlib.Path(self.dir.name) / f"{name}.toml"
        config.write_text(
            f'[server]\nlisten = "127.0.0.1:{port}"\nmax_connections = 8192\n'
            f'[store]\npath = "{self.dir.name}/{name}"\n'
            f'[telemetry]\nlog = "warn"\n{extra}'
            f'[provider.mock]\nkind = "openai-chat"\nbase_url = "http://127.0.0.1:{self.mock_port}/v1"\nallow_private_network = true\n'
            '[[model]]\nid = "mock/gpt-4o-mini"\ninput_usd_per_mtok = 0.15\noutput_usd_per_mtok = 0.6\n'
            '[[route]]\nname = "auto"\nstrategy = "weighted"\nsticky = "request"\ndefault_model = "mock/gpt-4o-mini"\n'
            'weights = { "mock/gpt-4o-mini" = 1 }\n' + LEARNS
        )
        gateway = self.start(CORE_GATEWAY, [str(self.binary), "serve", "--config", str(config)], cwd=self.dir.name)
        wait_http(f"http://127.0.0.1:{port}/readyz")
        return gateway

    def sweep(self):
        """Requests while retention removes decisions, and the same while it does not: open loop at 1,000/s.

        A gateway that keeps decisions for four seconds first gets many in a closed loop, which grow old together."""
        port = free_port()
        gateway = self.serve("swept", port, '[retention]\nbodies = "4s"\ndecisions = "4s"\n')
        urls = {name: (f"http://127.0.0.1:{at}/v1/chat/completions", "auto") for name, at in (("kept", self.port), ("swept", port))}
        results = {name: [] for name in urls}
        for turn in range(self.rounds):
            self.load(*urls["swept"], "--concurrency", 8, "--seconds", 3)
            time.sleep(3.0)
            for name in ("swept", "kept"):
                results[name].append(self.load(*urls[name], "--rate", 1000, "--poisson", "--seconds", self.seconds))
        gateway.send_signal(signal.SIGTERM)
        gateway.wait(30)
        told = subprocess.run([str(self.binary), "verify", "--store", f"{self.dir.name}/swept", "--format", "json"], capture_output=True, text=True)
        return results, told.stdout.strip() or told.stderr.strip()

    def nginx_pids(self):
        pid = self.nginx.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def urls(self):
        # Direct first and last in alternating order, so that a drift of the machine cancels out.
        urls = {
            "direct": (f"http://127.0.0.1:{self.mock_port}/v1/chat/completions", "gpt-4o-mini"),
            "floopy": (f"http://127.0.0.1:{self.port}/v1/chat/completions", "auto"),
        }
        if self.learning:
            urls["learning"] = (urls["floopy"][0], "learns")
        if self.nginx:
            urls["nginx"] = (f"http://127.0.0.1:{self.nginx_port}/v1/chat/completions", "gpt-4o-mini")
        return urls

    def mock(self, **settings):
        query = "&".join(f"{key}={value}" for key, value in settings.items())
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.mock_port}/__config?{query}", method="POST")).read()

    def load(self, url, model, *flags):
        command = [str(TARGET / "release" / "loadgen"), "--url", url, "--model", model, *map(str, flags)]
        done = subprocess.run(pinned(CORE_LOAD, command), capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise SystemExit(f"loadgen failed: {done.stderr}\n{pathlib.Path(self.dir.name, 'log').read_text()[-2000:]}")
        return json.loads(done.stdout)

    def pids(self, name):
        return [self.gateway.pid] if name in ("floopy", "learning") else self.nginx_pids() if name == "nginx" else []

    def each(self, *flags, rounds=None):
        """All targets, alternating; a list of results for each."""
        results = {name: [] for name in self.urls()}
        for turn in range(rounds or self.rounds):
            order = list(self.urls().items())
            for name, (url, model) in order if turn % 2 == 0 else reversed(order):
                before = sum(cpu_seconds(pid) for pid in self.pids(name))
                result = self.load(url, model, *flags)
                result["cpu_s"] = sum(cpu_seconds(pid) for pid in self.pids(name)) - before
                results[name].append(result)
        return results


def added(results, name, kind, percentile):
    """Median over the rounds of (target minus direct), microseconds to milliseconds."""
    pairs = zip(results[name], results["direct"])
    return statistics.median(target[kind][percentile] - direct[kind][percentile] for target, direct in pairs) / 1000


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=6)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--quick", action="store_true", help="one short round: does it still run?")
    arguments.add_argument("--json", type=pathlib.Path)
    arguments.add_argument("--no-build", action="store_true")
    arguments.add_argument("--binary", type=lambda name: pathlib.Path(name).resolve(), default=ROOT / "target/release/floopy", help="another build of floopy, to compare")
    arguments.add_argument("--learning", action="store_true", help="also call a route that learns, with ten models")
    arguments.add_argument("--only", default=",".join(PARTS), help="parts to run, of: %(default)s")
    options = arguments.parse_args()
    if options.quick:
        options.seconds, options.rounds = 1, 1
    if not options.no_build:
        build()
    parts = options.only.split(",")
    bench = Bench(options.seconds, options.rounds, options.binary, options.learning)
    raw, rows = {}, []
    try:
        bench.up()
        names = [name for name in bench.urls() if name != "direct"]
        warm = ["--concurrency", 8, "--seconds", 1]
        bench.each(*warm, rounds=1)
        if "open" in parts:
            for rate in (200, 1000):
                raw[f"open_{rate}"] = results = bench.each("--rate", rate, "--poisson", "--seconds", options.seconds)
                for percentile in ("p50", "p99", "p999"):
                    rows.append((f"added {percentile} at {rate}/s (ms)", {name: added(results, name, "lat", percentile) for name in names}))
        if "closed" in parts:
            raw["closed"] = results = bench.each("--concurrency", 32, "--seconds", options.seconds)
            rows.append(("requests/s, closed loop, 32 connections", {name: statistics.median(r["rps"] for r in results[name]) for name in names}))
            rows.append(("CPU per request (µs)", {name: statistics.median(r["cpu_s"] / r["ok"] * 1e6 for r in results[name]) for name in names}))
        if "stream" in parts:
            raw["stream"] = results = bench.each("--rate", 100, "--poisson", "--stream", "--seconds", options.seconds)
            rows.append(("added time to first token p50 at 100/s (ms)", {name: added(results, name, "ttft", "p50") for name in names}))
            raw["stream_closed"] = results = bench.each("--concurrency", 16, "--stream", "--seconds", options.seconds)
            rows.append(("CPU per SSE event (µs)", {name: statistics.median(r["cpu_s"] / r["events"] * 1e6 for r in results[name]) for name in names}))
        if "large" in parts:
            raw["large"] = results = bench.each("--rate", 100, "--poisson", "--prompt-bytes", 100_000, "--seconds", options.seconds)
            rows.append(("added p50, 100 KB prompt at 100/s (ms)", {name: added(results, name, "lat", "p50") for name in names}))
        if "slow" in parts:
            bench.mock(ttft_us=1_000_000, chunk_us=200_000, chunks=20)
            before = rss_mib(bench.gateway.pid)
            raw["slow"] = {}
            for name, (url, model) in bench.urls().items():
                raw["slow"][name] = bench.load(url, model, "--concurrency", 1000, "--requests", 1000, "--stream", "--tokens", 20, "--seconds", 20, "--timeout", 60)
            rows.append(("1,000 slow streams: chunk transit p50 (ms)", {name: raw["slow"][name]["transit"]["p50"] / 1000 for name in names}))
            rows.append(("1,000 slow streams: chunk transit p99 (ms)", {name: raw["slow"][name]["transit"]["p99"] / 1000 for name in names}))
            rows.append(("1,000 slow streams: memory afterwards (MiB)", {"floopy": rss_mib(bench.gateway.pid)}))
            rows.append(("memory before them (MiB)", {"floopy": before}))
        if "sweep" in parts:
            raw["sweep"], told = bench.sweep()
            for percentile in ("p50", "p99"):
                for name, results in raw["sweep"].items():
                    value = statistics.median(result["lat"][percentile] for result in results) / 1000
                    rows.append((f"latency {percentile} at 1000/s, decisions {name} (ms)", {"floopy": value}))
            print(f"after the sweeps: {told}", file=sys.stderr)
        rows.append(("memory idle after start (MiB)", {"floopy": bench.idle_mib}))
        rows.append(("start to ready (ms)", {"floopy": bench.ready_ms}))
        bad = {key: sum(r["bad"] for rs in ([v] if isinstance(v, dict) else v for v in group.values()) for r in rs) for key, group in raw.items()}
    finally:
        bench.stop()
        bench.dir.cleanup()
    print("| figure | " + " | ".join(names) + " | bar |\n|---|" + "---:|" * (len(names) + 1))
    for label, values in rows:
        cells = [f"{values[name]:,.3f}" if name in values else "" for name in names]
        bar = f"{BARS[label]:,}" if label in BARS else ""
        print(f"| {label} | " + " | ".join(cells) + f" | {bar}{' MISSED' if is_missed(label, values['floopy']) else ''} |")
    print(f"\nfailed requests: {bad}", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps(raw, indent=1))
    sys.exit(1 if any(bad.values()) else 0)


if __name__ == "__main__":
    main()
