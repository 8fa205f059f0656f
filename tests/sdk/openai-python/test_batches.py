"""Files and batches through the official client: what it uploads, waits for and reads back."""

import asyncio
import io
import json
import time

import openai
import pytest
from openai.types.chat import ChatCompletion

from conftest import TEXT, user
from harness.stack import UPSTREAM_MODELS

LIMIT = 60.0


def line(custom_id: str, model: str, text: str = "Where?") -> str:
    body = {"model": model, "messages": user(text)}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body})


def upload(client, *lines: str):
    return client.files.create(file=("in.jsonl", "\n".join(lines).encode()), purpose="batch")


def create(client, file, **more):
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", **more)


def ended(client, batch):
    deadline = time.monotonic() + LIMIT
    while batch.status not in ("completed", "failed", "cancelled", "expired"):
        assert time.monotonic() < deadline, batch
        time.sleep(0.05)
        batch = client.batches.retrieve(batch.id)
    return batch


def read(client, file_id: str) -> dict[str, dict]:
    text = client.files.content(file_id).text
    return {answer["custom_id"]: answer for answer in map(json.loads, text.splitlines())}


def test_files(client):
    content = bytes(range(256)) * 100
    file = client.files.create(
        file=("a name.bin", io.BytesIO(content)), purpose="user_data",
        expires_after={"anchor": "created_at", "seconds": 3600})
    assert (file.object, file.filename, file.bytes, file.purpose) == ("file", "a name.bin", len(content), "user_data")
    assert file.expires_at - file.created_at == 3600
    assert client.files.retrieve(file.id) == file
    assert client.files.wait_for_processing(file.id).status == "processed"
    assert client.files.content(file.id).read() == content
    with client.files.with_streaming_response.content(file.id) as streamed:
        assert b"".join(streamed.iter_bytes()) == content
    others = [upload(client, "{}").id for _ in range(3)]
    listed = [item.id for item in client.files.list(limit=2, order="desc", purpose="batch")]
    assert listed[:3] == others[::-1], "the client follows the pages"
    for file_id in [file.id, *others]:
        assert client.files.delete(file_id).deleted is True
        with pytest.raises(openai.NotFoundError):
            client.files.retrieve(file_id)
    with pytest.raises(openai.BadRequestError) as caught:
        client.files.create(file=b"x", purpose="nonsense")
    assert caught.value.param == "purpose"


def test_a_batch_over_several_models(client):
    models = {"o": "openai/gpt-4o-mini", "a": "anthropic/claude-haiku-4-5", "l": "local/llama", "r": "support-bot"}
    file = upload(client, *(line(name, model) for name, model in models.items()),
                  line("bad", "openai/gpt-4o-mini", "[fake status=400]"))
    batch = create(client, file, metadata={"job": "nightly"})
    assert (batch.object, batch.endpoint, batch.input_file_id) == ("batch", "/v1/chat/completions", file.id)
    batch = ended(client, batch)
    assert batch.status == "completed", batch
    counts = batch.request_counts
    assert (counts.total, counts.completed, counts.failed) == (5, 4, 1)
    assert batch.metadata == {"job": "nightly"}
    assert batch.usage.total_tokens == batch.usage.input_tokens + batch.usage.output_tokens > 0
    answers = read(client, batch.output_file_id)
    assert set(answers) == set(models)
    for answer in answers.values():
        assert answer["error"] is None and answer["response"]["status_code"] == 200
        assert answer["response"]["body"]["choices"][0]["message"]["content"] == TEXT
    failed = read(client, batch.error_file_id)["bad"]
    assert failed["response"]["status_code"] == 400
    assert failed["response"]["body"]["error"]["message"]
    assert batch.id in [item.id for item in client.batches.list(limit=1)]


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_batch_of_one_model_is_its_providers_and_reads_the_same(client, stack, tag, provider):
    """The fakes judge each line as a request, and leave one of them undone: that is answered one by one."""
    stack.release(tag)
    model = UPSTREAM_MODELS[provider]
    texts = {"a": "Where?", "b": "Where?", "bad": "[fake status=400]", "late": f"[fake fault=hang tag={tag}]"}
    batch = ended(client, create(client, upload(client, *(line(name, model, text) for name, text in texts.items()))))
    counts = batch.request_counts
    assert (batch.status, counts.total, counts.completed, counts.failed) == ("completed", 4, 3, 1), batch
    assert batch.model == model
    answers = read(client, batch.output_file_id)
    assert set(answers) == {"a", "b", "late"}
    for answer in answers.values():
        completion = ChatCompletion.model_validate(answer["response"]["body"], strict=True)
        assert (completion.choices[0].message.content, completion.choices[0].finish_reason) == (TEXT, "stop")
        assert completion.usage.total_tokens > 0
    failed = read(client, batch.error_file_id)["bad"]
    assert failed["response"]["status_code"] == 400
    assert len(stack.calls(tag)) == 1, "what was left undone was asked for once"
    made = [call for call in stack.fake("calls") if call["method"] == "POST" and call["path"].endswith("/batches")]
    assert [call["provider"] for call in made][-1] == provider


def test_an_input_with_mistakes(client):
    batch = ended(client, create(client, upload(client, line("a", "local/llama"), "nonsense")))
    assert batch.status == "failed"
    (error,) = batch.errors.data
    assert (error.code, error.line) == ("invalid_json_line", 2)
    with pytest.raises(openai.ConflictError):
        client.batches.cancel(batch.id)
    with pytest.raises(openai.NotFoundError) as caught:
        client.batches.create(input_file_id="file-none", endpoint="/v1/chat/completions", completion_window="24h")
    assert caught.value.param == "input_file_id"


def test_cancel(client, stack, tag):
    slow = [line(str(number), "local/llama", f"[fake fault=hang tag={tag}]") for number in range(40)]
    batch = create(client, upload(client, *slow))
    while len(stack.calls(tag)) < 1:
        time.sleep(0.02)
    assert client.batches.cancel(batch.id).status == "cancelling"
    deadline = time.monotonic() + LIMIT
    while (batch := client.batches.retrieve(batch.id)).status != "cancelled":
        assert time.monotonic() < deadline, batch
        stack.release(tag)
        time.sleep(0.05)
    counts = batch.request_counts
    assert counts.completed + counts.failed == counts.total == 40
    assert counts.completed >= 1 and counts.failed >= 1
    codes = {answer["error"]["code"] for answer in read(client, batch.error_file_id).values()}
    assert codes == {"batch_cancelled"}


def test_the_asynchronous_client(stack):
    async def play() -> None:
        async with openai.AsyncOpenAI(base_url=stack.url, api_key=stack.key, max_retries=0,
                                      _strict_response_validation=True) as client:
            file = await client.files.create(file=("in.jsonl", line("a", "local/llama").encode()), purpose="batch")
            batch = await client.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
            deadline = time.monotonic() + LIMIT
            while batch.status != "completed":
                assert time.monotonic() < deadline, batch
                await asyncio.sleep(0.05)
                batch = await client.batches.retrieve(batch.id)
            assert TEXT in json.loads((await client.files.content(batch.output_file_id)).text)["response"]["body"][
                "choices"][0]["message"]["content"]
            assert [item.id async for item in client.batches.list(limit=1)][0] == batch.id

    asyncio.run(play())
