"""The commands of docs/AUDIT.md that other programs run, as they stand there, over an export of real decisions."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AUDIT = (ROOT / "docs" / "AUDIT.md").read_text()
CALLS = [("openai/gpt-4o-mini", "a"), ("openai/gpt-4o-mini", "b"), ("anthropic/claude-haiku-4-5", "a"), ("support-bot", "a")]


def documented(start: str) -> list[str]:
    """The documented commands that begin like this."""
    blocks = re.findall(r"^```sh\n(.*?)^```", AUDIT, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.startswith(start)]


@pytest.fixture(scope="module")
def shell(stack, tmp_path_factory):
    """Runs a command line in a folder that holds `day.jsonl` and `month.csv`; gives what it printed."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "bin").mkdir()
    (folder / "bin" / "floopy").symlink_to(os.environ["FLOOPY_BIN"])
    (folder / "docs").symlink_to(ROOT / "docs")
    env = {
        **os.environ, "FLOOPY_URL": stack.url.removesuffix("/v1"), "FLOOPY_API_KEY": stack.key,
        "PATH": f"{folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
    }

    def run(line: str) -> str:
        done = subprocess.run(["sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    for model, user in CALLS:
        body = {"model": model, "messages": [{"role": "user", "content": "Where?"}], "user": user}
        headers = {"authorization": f"Bearer {stack.key}", "content-type": "application/json"}
        request = urllib.request.Request(f"{stack.url}/chat/completions", json.dumps(body).encode(), headers)
        urllib.request.urlopen(request, timeout=15).close()
    run("floopy export --from yesterday -o day.jsonl")
    run("floopy export --from 30d -o month.csv")
    return run


@pytest.fixture(scope="module")
def spent(shell) -> dict[str, float]:
    """Dollars by model, added up here."""
    sums: dict[str, float] = {}
    for line in shell("cat day.jsonl").splitlines()[:-1]:
        row = json.loads(line)
        sums[row["model"]] = sums.get(row["model"], 0) + row["cost_micro_usd"] / 1e6
    assert set(sums) == {"gpt-4o-mini", "claude-haiku-4-5"} and all(sums.values())
    return sums


def test_jq_adds_up_what_each_model_cost(shell, spent):
    [line] = documented("jq")
    told = {row["model"]: row["usd"] for row in json.loads(shell(line))}
    assert told == pytest.approx(spent)


def test_duckdb_reads_both_forms(shell, spent):
    lines = documented("duckdb")
    assert len(lines) == 2
    [over_jsonl, over_csv] = [json.loads(shell(line.replace("duckdb -c", "duckdb -json -c", 1))) for line in lines]
    assert {row["model"]: row["usd"] for row in over_jsonl} == pytest.approx(spent)
    assert sum(count for row in over_jsonl for name, count in row.items() if "count" in name) == len(CALLS)
    assert {row["route"] for row in over_csv} == {None, "support-bot"}
    assert all(0 < row["avg(composite)"] <= 100 for row in over_csv), over_csv


def test_files_and_the_script_that_recomputes_savings(shell):
    for line in ("floopy verify day.jsonl", "floopy verify month.csv", *documented("floopy export --from 30d -o e.jsonl")):
        shell(line)
    assert documented("floopy export --from 30d -o e.jsonl"), "the documentation shows how"
