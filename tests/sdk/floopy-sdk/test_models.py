"""What the client hands to the official one: chat, streams, embeddings, models, with Floopy's headers on every call."""

import asyncio

import floopy
import openai
import pytest

from conftest import TEXT, chat, connect


def test_chat(client, model, session, upstream):
    raw = chat(client, session, model=model)
    assert raw.parse().choices[0].message.content == TEXT
    assert raw.headers["floopy-provider"] == upstream
    assert raw.headers["floopy-session-id"] == session


def test_stream(client, model):
    stream = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "[fake chop=5]"}], stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == TEXT


def test_responses(client, model):
    assert client.responses.create(model=model, input="Where?").output_text == TEXT
    events = client.responses.create(model=model, input="[fake chop=5]", stream=True)
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == TEXT


def test_embeddings(client):
    answer = client.embeddings.create(model="openai/text-embedding-3-small", input=["a", "b"])
    assert [len(item.embedding) for item in answer.data] == [8, 8]


def test_models(client):
    assert "openai/gpt-4o-mini" in {model.id for model in client.models.list()}
    assert client.models.retrieve("openai/gpt-4o-mini").object == "model"


def test_the_options_travel_as_headers_and_stay_here(stack, tag):
    options = floopy.FloopyOptions(
        cache=floopy.CacheOptions(enabled=False, bucket_max_size=1), llm_security_enabled=False)
    with connect(stack, options=options) as client:
        answer = client.chat.completions.create(
            model="openai/gpt-4o-mini", messages=[{"role": "user", "content": f"[fake tag={tag}]"}])
    assert answer.choices[0].message.content == TEXT
    assert not [name for name in stack.calls(tag)[0]["headers"] if "floopy" in name]


def test_errors_of_models_are_the_official_clients(client, stack):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=[{"role": "user", "content": "hi"}])
    assert caught.value.code == "model_not_found"
    with connect(stack, "reader") as reader, pytest.raises(openai.PermissionDeniedError):
        reader.chat.completions.create(model="openai/gpt-4o-mini", messages=[{"role": "user", "content": "hi"}])


def test_the_asynchronous_client(stack, model):
    async def play() -> None:
        async with floopy.AsyncFloopy(api_key=stack.key, base_url=stack.url, max_retries=0) as client:
            messages = [{"role": "user", "content": "[fake chop=5]"}]
            create = client.chat.completions.create
            answers = await asyncio.gather(*(create(model=model, messages=messages) for _ in range(8)))
            assert {answer.choices[0].message.content for answer in answers} == {TEXT}
            stream = await create(model=model, messages=messages, stream=True)
            assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == TEXT
            assert len((await client.embeddings.create(model="openai/text-embedding-3-small", input="a")).data) == 1

    asyncio.run(play())
