"""Files and batches through the published client."""

import asyncio
import json
import time

import floopy
import pytest

from conftest import TEXT, connect

LIMIT = 60.0
INPUT = "\n".join(
    json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions",
                "body": {"model": model, "messages": [{"role": "user", "content": "Where?"}]}})
    for name, model in [("a", "gpt-4o-mini"), ("b", "openai/gpt-4o-mini")]).encode()


def test_files(client, stack):
    file = client.files.upload(file=INPUT, purpose="batch", filename="in.jsonl", provider="openai")
    assert (file.object, file.bytes, file.filename, file.status) == ("file", len(INPUT), "in.jsonl", "processed")
    assert file.id in {item.id for item in client.files.list(purpose="batch", limit=10, provider="openai").data}
    assert client.files.retrieve(file.id, provider="openai") == file
    assert client.files.content(file.id) == INPUT
    with connect(stack, "stranger") as stranger, pytest.raises(floopy.FloopyNotFoundError):
        stranger.files.content(file.id)
    with connect(stack, "reader") as reader, pytest.raises(floopy.FloopyError):
        reader.files.delete(file.id)
    assert client.files.delete(file.id, provider="openai").id == file.id
    with pytest.raises(floopy.FloopyNotFoundError):
        client.files.retrieve(file.id)


def test_a_batch(client):
    file = client.files.upload(file=INPUT, purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata={"job": "x"},
        provider="openai")
    deadline = time.monotonic() + LIMIT
    while batch.status != "completed":
        assert time.monotonic() < deadline, batch
        time.sleep(0.05)
        batch = client.batches.retrieve(batch.id, provider="openai")
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (2, 2, 0)
    answers = [json.loads(line) for line in client.files.content(batch.output_file_id).splitlines()]
    assert {answer["custom_id"] for answer in answers} == {"a", "b"}
    for answer in answers:
        assert answer["response"]["body"]["choices"][0]["message"]["content"] == TEXT
        decision = client.decisions.get(answer["response"]["request_id"])
        assert (decision.provider, decision.status) == ("openai", "ok")
    page = client.batches.list(limit=1)
    assert [item.id for item in page.data] == [batch.id]
    with pytest.raises(floopy.FloopyError) as caught:
        client.batches.cancel(batch.id)
    assert caught.value.status == 409


def test_the_asynchronous_client(stack):
    async def play() -> None:
        async with floopy.AsyncFloopy(api_key=stack.key, base_url=stack.url, max_retries=0) as client:
            file = await client.files.upload(file=INPUT, purpose="batch")
            batch = await client.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
            deadline = time.monotonic() + LIMIT
            while batch.status != "completed":
                assert time.monotonic() < deadline, batch
                await asyncio.sleep(0.05)
                batch = await client.batches.retrieve(batch.id)
            assert len((await client.files.content(batch.output_file_id)).splitlines()) == 2
            assert await client.files.delete(file.id)

    asyncio.run(play())
