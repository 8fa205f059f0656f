"""The fakes' batches, read by the providers' own SDKs; and their checks are shown to be able to fail."""

import json
import threading

import anthropic
import openai
import pytest

from fakes.server import Server


@pytest.fixture(scope="module")
def server():
    server = Server(direct=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def line(name: str, text: str = "Where?", **more) -> str:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **more}
    return json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body})


def test_openais_client_reads_a_batch(server):
    client = openai.OpenAI(base_url=f"http://{server.address}/openai/v1", api_key="k", max_retries=0,
                           _strict_response_validation=True)
    lines = [line("a"), line("b", "[fake status=400]"), line("c", "[fake fault=hang]")]
    file = client.files.create(file=("in.jsonl", "\n".join(lines).encode()), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h",
                                  metadata={"mine": "1"})
    assert [found.metadata for found in client.batches.list().data] == [{"mine": "1"}]
    assert client.batches.retrieve(batch.id).status == "in_progress"
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed"
    answers = [json.loads(client.files.content(name).text) for name in (batch.output_file_id, batch.error_file_id)]
    assert [(answer["custom_id"], answer["response"]["status_code"]) for answer in answers] == [("a", 200), ("b", 400)]
    assert client.files.delete(file.id).deleted


@pytest.mark.parametrize("lines", [[], [line("a"), line("a")], [line("a", temperature=7)], [line("a", n="two")],
                                   [line("a"), line("b", model="gpt-4o")]])
def test_openais_rules_are_kept(server, lines):
    client = openai.OpenAI(base_url=f"http://{server.address}/openai/v1", api_key="k", max_retries=0)
    file = client.files.create(file=("in.jsonl", "\n".join(lines).encode()), purpose="batch")
    wanted = {"input_file_id": file.id, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    if lines == [line("a", temperature=7)]:
        wanted["completion_window"] = "7d"
    with pytest.raises(openai.BadRequestError):
        client.batches.create(**wanted)


def test_anthropics_client_reads_a_batch(server):
    client = anthropic.Anthropic(base_url=f"http://{server.address}/anthropic", api_key="k", max_retries=0)

    def request(name: str, text: str) -> dict:
        params = {"model": "claude-haiku-4-5", "max_tokens": 10, "messages": [{"role": "user", "content": text}]}
        return {"custom_id": name, "params": params}

    batch = client.messages.batches.create(
        requests=[request("a", "Where?"), request("b", "[fake status=400]"), request("c", "[fake fault=hang]")])
    assert client.messages.batches.retrieve(batch.id).processing_status == "in_progress"
    assert client.messages.batches.retrieve(batch.id).processing_status == "ended"
    results = {result.custom_id: result.result.type for result in client.messages.batches.results(batch.id)}
    assert results == {"a": "succeeded", "b": "errored", "c": "expired"}
    with pytest.raises(anthropic.BadRequestError):
        client.messages.batches.create(requests=[{"custom_id": "x", "params": {"model": "claude-haiku-4-5"}}])
