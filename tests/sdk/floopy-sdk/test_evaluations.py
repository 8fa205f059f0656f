"""Evaluations, sync and async: a dataset is uploaded as it is documented, everything else goes through the client."""

import asyncio
import json
import threading
import time
import urllib.request

import floopy
import pytest

from conftest import TEXT

MODEL = "openai/gpt-4o-mini"
PAUSE = threading.Event()


def upload(stack, rows: list[dict]) -> str:
    request = urllib.request.Request(
        f"{stack.url}/datasets?name=suite", method="POST",
        data="".join(json.dumps(row) + "\n" for row in rows).encode(),
        headers={"authorization": f"Bearer {stack.key}", "content-type": "application/jsonl"})
    with urllib.request.urlopen(request, timeout=15) as answer:
        assert answer.status == 201
        made = json.load(answer)
    assert (made["rows"], made["name"]) == (len(rows), "suite")
    return made["id"]


@pytest.fixture
def dataset(stack) -> str:
    rows = [{"id": f"row-{n}", "input": f"Where? {n}", "expected": TEXT if n else "Bergen"} for n in range(5)]
    return upload(stack, rows)


def is_over(run) -> bool:
    return run.status in {"completed", "failed", "cancelled"}


def ended(client, run, limit: float = 15.0):
    deadline = time.monotonic() + limit
    while not is_over(run):
        assert time.monotonic() < deadline, run
        PAUSE.wait(0.02)
        run = client.evaluations.get(run.id)
    return run


def test_a_run_from_its_beginning_to_its_end(client, dataset):
    config = {"temperature": 0, "concurrency": 2, "ours": {"kept": True}}
    run = client.evaluations.create(dataset_id=dataset, model=MODEL, config=config)
    assert (run.status, run.dataset_id, run.model) == ("pending", dataset, MODEL)
    assert (run.prompt_id, run.config, run.finished_at) == (None, config, None)
    run = ended(client, run)
    assert run.status == "completed"
    assert run.created_at <= run.started_at <= run.finished_at

    items, cursor = [], None
    while True:
        page = client.evaluations.results(run.id, limit=2, cursor=cursor)
        assert len(page.items) <= 2 and page.has_more == (page.next_cursor is not None)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert {row.input_id for row in items} == {f"row-{n}" for n in range(5)} and len(items) == 5
    for row in items:
        assert (row.run_id, row.output) == (run.id, TEXT)
        assert (row.score == 1.0) == (row.input_id != "row-0"), "0 to 1: the one that is not expected is worth less"
        assert row.metadata["scored_by"] == "comparison" and row.metadata["cost_micro_usd"] > 0
        decision = client.decisions.get(row.metadata["request_id"])
        assert (decision.provider, decision.model, decision.status) == ("openai", "gpt-4o-mini", "ok")


def test_rows_that_fail_are_told_and_all_of_them_fail_the_run(client, stack):
    dataset = upload(stack, [{"id": "a", "messages": [{"role": "user", "content": "[fake status=400]"}]}])
    run = ended(client, client.evaluations.create(dataset_id=dataset, model=MODEL))
    assert run.status == "failed"
    [row] = client.evaluations.results(run.id).items
    assert (row.output, row.score) == ("", None)
    assert row.metadata["error"]["code"]


def test_a_run_is_called_off_once(client, stack):
    # Its provider has too much, again and again: the rows wait.
    rows = [{"id": str(n), "input": "[fake status=429 retry-after=1] Where?"} for n in range(3)]
    run = client.evaluations.create(dataset_id=upload(stack, rows), model="openai/gpt-5-mini")
    cancelled = client.evaluations.cancel(run.id)
    assert (cancelled.id, cancelled.status) == (run.id, "cancelled")
    assert cancelled.finished_at
    assert client.evaluations.get(run.id).status == "cancelled"
    assert client.evaluations.results(run.id).items == []


def test_mistakes_come_as_the_clients_errors(client, stack, dataset):
    with pytest.raises(floopy.FloopyNotFoundError):
        client.evaluations.get("eval_none")
    with pytest.raises(floopy.FloopyNotFoundError):
        client.evaluations.create(dataset_id="ds_none", model=MODEL)
    with pytest.raises(floopy.FloopyError, match="prompt_id"):
        client.evaluations.create(dataset_id=dataset, model=MODEL, prompt_id="p1")
    with pytest.raises(floopy.FloopyError, match="config.temperature"):
        client.evaluations.create(dataset_id=dataset, model=MODEL, config={"temperature": "hot"})
    run = ended(client, client.evaluations.create(dataset_id=dataset, model=MODEL))
    with pytest.raises(floopy.FloopyConflictError):
        client.evaluations.cancel(run.id)
    with pytest.raises(floopy.FloopyError, match="cursor"):
        client.evaluations.results(run.id, cursor="forged")


def test_the_same_without_blocking(stack, dataset):
    async def play():
        async with floopy.AsyncFloopy(api_key=stack.key, base_url=stack.url, max_retries=0) as client:
            run = await client.evaluations.create(dataset_id=dataset, model=MODEL)
            deadline = time.monotonic() + 15
            while not is_over(run):
                assert time.monotonic() < deadline, run
                await asyncio.sleep(0.02)
                run = await client.evaluations.get(run.id)
            page = await client.evaluations.results(run.id, limit=4)
            rest = await client.evaluations.results(run.id, limit=4, cursor=page.next_cursor)
            with pytest.raises(floopy.FloopyConflictError):
                await client.evaluations.cancel(run.id)
            return run, page, rest

    run, page, rest = asyncio.run(play())
    assert (run.status, len(page.items), len(rest.items)) == ("completed", 4, 1)
    assert (page.has_more, rest.has_more, rest.next_cursor) == (True, False, None)
