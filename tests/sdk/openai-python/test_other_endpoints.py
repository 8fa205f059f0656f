"""Embeddings, models, the asynchronous client, and the SDK's own retries."""

import asyncio
import uuid

import openai
import pytest

from conftest import TEXT, user

EMBEDDING_MODELS = ["openai/text-embedding-3-small", "text-embedding-3-small"]


@pytest.mark.parametrize("model_name", EMBEDDING_MODELS)
def test_embeddings_are_the_same_in_both_encodings(client, lenient, model_name):
    packed = lenient.embeddings.create(model=model_name, input=["a", "ü"])
    plain = client.embeddings.create(model=model_name, input=["a", "ü"], encoding_format="float")
    assert [item.index for item in packed.data] == [0, 1]
    assert [item.embedding for item in packed.data] == [item.embedding for item in plain.data]
    assert len(plain.data[0].embedding) == 8
    assert plain.data[0].embedding != plain.data[1].embedding
    assert plain.usage.prompt_tokens == 5
    assert uuid.UUID(plain._request_id)


def test_embeddings_of_text_and_tokens(lenient, stack):
    one = lenient.embeddings.create(model=EMBEDDING_MODELS[0], input="alone", dimensions=4, user="u-1")
    assert len(one.data) == 1
    assert len(one.data[0].embedding) == 4
    assert len(lenient.embeddings.create(model=EMBEDDING_MODELS[0], input=[1, 2, 3]).data) == 1
    assert len(lenient.embeddings.create(model=EMBEDDING_MODELS[0], input=[[1, 2], [3]]).data) == 2


def test_more_embeddings_than_one_call_takes(client, lenient, stack, tag):
    """Cohere takes 96 texts a call: the rest goes into further calls, and comes back in order."""
    texts = [f"[fake tag={tag}] {number}" for number in range(200)]
    plain = client.embeddings.create(model="cohere/embed-v4.0", input=texts, encoding_format="float")
    packed = lenient.embeddings.create(model="cohere/embed-v4.0", input=texts)
    assert [item.index for item in plain.data] == list(range(200))
    assert [item.embedding for item in packed.data] == [item.embedding for item in plain.data]
    alone = client.embeddings.create(model="cohere/embed-v4.0", input=texts[150], encoding_format="float",
                                     extra_body={"input_type": "search_query"})
    assert alone.data[0].embedding == plain.data[150].embedding
    assert plain.usage.prompt_tokens == 200
    calls = [call["body"] for call in stack.calls(tag)]
    assert sorted(len(body["texts"]) for body in calls) == [1, 8, 8, 96, 96, 96, 96]
    assert sorted({body["input_type"] for body in calls}) == ["search_document", "search_query"]


@pytest.mark.parametrize("given", ["", [], [""], 5, [{}]])
def test_embeddings_of_nothing(lenient, given):
    with pytest.raises(openai.BadRequestError):
        lenient.embeddings.create(model=EMBEDDING_MODELS[0], input=given)


def test_embeddings_of_no_size(lenient):
    with pytest.raises(openai.BadRequestError) as caught:
        lenient.embeddings.create(model=EMBEDDING_MODELS[0], input="x", dimensions=0)
    assert caught.value.param == "dimensions"


def test_embeddings_that_fail(lenient):
    with pytest.raises(openai.InternalServerError):
        lenient.embeddings.create(model="openai/text-embedding-3-large", input="[fake status=500]")
    with pytest.raises(openai.NotFoundError):
        lenient.embeddings.create(model="no-such-model", input="x")


def test_models(client):
    listed = {model.id for model in client.models.list()}
    assert {"openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "cohere/command-a-plus-05-2026", "local/llama", "support-bot"} <= listed
    for name in ["openai/gpt-4o-mini", "local/llama"]:
        assert client.models.retrieve(name).id == name
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("openai/none")
    assert caught.value.code == "model_not_found"


def test_the_asynchronous_client(stack, model):
    async def play() -> None:
        async with openai.AsyncOpenAI(base_url=stack.url, api_key=stack.key, max_retries=0,
                                      _strict_response_validation=True) as client:
            create = client.chat.completions.create
            answers = await asyncio.gather(*(create(model=model, messages=user(f"{n}")) for n in range(20)))
            assert {answer.choices[0].message.content for answer in answers} == {TEXT}
            assert len({answer._request_id for answer in answers}) == 20

            async def read() -> str:
                stream = await create(model=model, messages=user("[fake chop=5]"), stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

            assert set(await asyncio.gather(*(read() for _ in range(10)))) == {TEXT}

    asyncio.run(play())


def test_the_clients_own_retry(stack, tag):
    """The gateway has tried; it says so, and the client does not multiply the tries."""
    patient = openai.OpenAI(base_url=stack.url, api_key=stack.key, max_retries=2)
    with pytest.raises(openai.InternalServerError) as caught:
        patient.chat.completions.create(model="openai/gpt-4.1-mini", messages=user(f"[fake status=500 tag={tag}]"))
    assert caught.value.response.headers["x-should-retry"] == "false"
    alone = len(stack.calls(tag))
    assert 1 <= alone <= 4


@pytest.mark.parametrize(("model", "texts", "size"), [
    ("bedrock/amazon.titan-embed-text-v2:0", ["Zürich"], 256), ("bedrock/cohere.embed-v4:0", ["Oslo", "Zürich"], 512)])
def test_embeddings_at_bedrock(lenient, model, texts, size):
    create = lenient.embeddings.create
    packed = create(model=model, input=texts, dimensions=size)
    plain = create(model=model, input=texts, dimensions=size, encoding_format="float")
    assert [item.embedding for item in packed.data] == [item.embedding for item in plain.data]
    assert [len(item.embedding) for item in plain.data] == [size] * len(texts)
    assert plain.usage.prompt_tokens > 0
