#!/usr/bin/env python3
"""How soon the live stream tells of a decision, and what readers that sleep cost.

    benches/events.py [--binary target/release/floopy] [--rate 200] [--seconds 10] [--megabytes 1024] [--sleepers 10]

Starts the binary on the built-in replay provider in a folder of its own. First, decisions at a steady rate with one reader that is
awake: the time from the end of each request, as its record has it, to the arrival of its event. Then readers that read nothing while
so many megabytes of events come, as fast as 32 callers make them, and one beside them that is awake: how soon it hears of each, the
server's memory before and afterwards, and what one of the sleepers hears when it wakes up.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from datetime import datetime
from pathlib import Path

LABEL = "x" * 240
STAGES = ["admit_us", "choose_us", "dispatch_us", "relay_us", "record_us"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the server is gone")


def request(model: str, labels: int) -> bytes:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}]}).encode()
    head = ["POST /v1/chat/completions HTTP/1.1", "host: localhost", "content-type: application/json",
            "floopy-retention: none", f"content-length: {len(body)}"]
    head += [f"floopy-property-p{number}: {LABEL}" for number in range(labels)]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


async def answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode())
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    await reader.readexactly(length)


async def follow(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
    writer.write(b"GET /v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n")
    await reader.readuntil(b": open\n\n")
    return reader, writer


async def events(reader: asyncio.StreamReader):
    """Events with the instant of their arrival, as (kind, data, seconds)."""
    text = b""
    while chunk := await reader.read(1 << 16):
        now = time.time()
        # The marks between chunks stand on lines of their own; events never hold a line break.
        text += chunk
        while b"\n\n" in text:
            block, text = text.split(b"\n\n", 1)
            fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line)
            if b"data" in fields:
                yield fields[b"event"].decode(), fields[b"data"], now


def plain(data: bytes) -> dict | None:
    """The record; `None` where a mark between chunks fell into it."""
    try:
        return json.loads(data.replace(b"\r", b""))
    except ValueError:
        return None


async def listen(reader: asyncio.StreamReader, wanted: int) -> list[float]:
    """Hears so many decisions; the milliseconds from the end of each request to its event."""
    heard, found = 0, []
    async for kind, data, now in events(reader):
        if kind == "missed":
            heard += json.loads(data)["missed"]
        heard += kind == "decision"
        record = plain(data) if kind == "decision" else None
        if record and record.get("timings"):
            created = datetime.fromisoformat(record["created_at"].replace("Z", "+00:00")).timestamp()
            spent = sum(record["timings"][stage] for stage in STAGES) / 1e6
            found.append((now - created - spent) * 1000)
        if heard >= wanted:
            return found
    raise RuntimeError("the stream ended")


def spread(found: list[float]) -> str:
    found = sorted(found)
    share = found[min(len(found) - 1, int(len(found) * 0.99))]
    return f"{len(found)} events: p50 {statistics.median(found):.1f} ms, p99 {share:.1f} ms, slowest {found[-1]:.1f} ms"


async def delays(port: int, model: str, rate: int, seconds: int) -> list[float]:
    reader, _ = await follow(port)
    wanted = rate * seconds
    listening = asyncio.create_task(listen(reader, wanted))
    caller, writer = await asyncio.open_connection("127.0.0.1", port)
    call, began = request(model, 0), time.monotonic()
    for number in range(wanted):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        writer.write(call)
        await answer(caller)
    return await asyncio.wait_for(listening, 60)


async def sleep_through(port: int, pid: int, model: str, megabytes: int, sleepers: int) -> tuple[list[float], dict]:
    readers = [await follow(port) for _ in range(sleepers)]
    before, sent, size = resident_mib(pid), 0, 16 * len(LABEL) + 900
    call = request(model, 16)
    wanted = megabytes * (1 << 20) // size
    peak = before
    # The connection closes with its writer.
    awake, _writer = await follow(port)
    awake = asyncio.create_task(listen(awake, wanted))

    async def calls(count: int) -> None:
        nonlocal sent
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(count):
            writer.write(call)
            await answer(reader)
            sent += 1

    async def watch() -> None:
        nonlocal peak
        while sent < wanted:
            peak = max(peak, resident_mib(pid))
            await asyncio.sleep(0.5)

    await asyncio.gather(watch(), *(calls(wanted // 32 + (number < wanted % 32)) for number in range(32)))
    found = await asyncio.wait_for(awake, 60)
    await asyncio.sleep(1)
    after, heard, missed = resident_mib(pid), 0, 0
    async for kind, data, _ in events(readers[0][0]):
        heard += kind == "decision"
        missed += json.loads(data)["missed"] if kind == "missed" else 0
        if heard + missed >= wanted:
            break
    return found, {"events": wanted, "bytes an event": size, "memory before (MiB)": round(before), "peak (MiB)": round(peak),
                   "afterwards (MiB)": round(after), "heard on waking": heard, "told missed": missed}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--binary", type=Path, default=Path("target/release/floopy"))
    arguments.add_argument("--rate", type=int, default=200)
    arguments.add_argument("--seconds", type=int, default=10)
    arguments.add_argument("--megabytes", type=int, default=1024)
    arguments.add_argument("--sleepers", type=int, default=10)
    given = arguments.parse_args()
    folder, port = Path(tempfile.mkdtemp(prefix="floopy-events-")), free_port()
    config = folder / "floopy.toml"
    config.write_text(f'[server]\nlisten = "127.0.0.1:{port}"\n[store]\npath = "{folder}/data"\n[provider.replay]\n')
    log = (folder / "log").open("w")
    server = subprocess.Popen([given.binary.resolve(), "serve", "--config", config], stdout=log, stderr=log, cwd=folder,
                              env={"PATH": os.environ["PATH"]})
    try:
        base = f"http://127.0.0.1:{port}"
        for _ in range(500):
            try:
                urllib.request.urlopen(f"{base}/readyz")
                break
            except OSError:
                time.sleep(0.02)
        models = json.load(urllib.request.urlopen(f"{base}/v1/models"))["data"]
        model = next(model["id"] for model in models if model["id"].startswith("replay/"))
        found = asyncio.run(delays(port, model, given.rate, given.seconds))
        print(f"decision to event at {given.rate}/s, {spread(found)}")
        if given.megabytes:
            found, told = asyncio.run(sleep_through(port, server.pid, model, given.megabytes, given.sleepers))
            print(f"{given.sleepers} readers sleep through {given.megabytes} MiB:",
                  ", ".join(f"{name} {value:,}" for name, value in told.items()))
            print(f"beside them one that is awake, {spread(found)}")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
