"""litellm as a client, over chat completions and over Responses."""

import json
import os

import pytest

# The table of prices comes with the package: nothing is fetched.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402

TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done."
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture
def settings(stack, model) -> dict:
    return {"model": f"openai/{model}", "api_base": stack.url, "api_key": stack.key, "num_retries": 0, "max_retries": 0}


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def test_text_and_usage(settings):
    answer = litellm.completion(messages=user("Where?"), **settings)
    assert answer.choices[0].message.content == TEXT
    assert answer.usage.total_tokens == 30


def test_a_stream_with_usage(settings):
    chunks = list(litellm.completion(messages=user("[fake chop=7]"), stream=True,
                                     stream_options={"include_usage": True}, **settings))
    whole = litellm.stream_chunk_builder(chunks)
    assert whole.choices[0].message.content == TEXT
    assert whole.usage.completion_tokens == 9


def test_parallel_tools_to_the_end(settings):
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]
    messages = user("Oslo and Zürich? [fake scenario=tools]")
    said = litellm.completion(messages=messages, tools=tools, **settings).choices[0].message
    messages.append(said.model_dump(exclude_none=True))
    for call in said.tool_calls:
        city = json.loads(call.function.arguments)["city"]
        messages.append({"role": "tool", "tool_call_id": call.id, "content": f"snow in {city}"})
    answer = litellm.completion(messages=messages, tools=tools, **settings)
    assert answer.choices[0].message.content == "Oslo: snow in Oslo; Zürich: snow in Zürich"


def test_responses(settings):
    response = litellm.responses(input="Where?", **settings)
    assert response.output[-1].content[0].text == TEXT
    deltas = [event.delta for event in litellm.responses(input="[fake chop=7]", stream=True, **settings)
              if event.type == "response.output_text.delta"]
    assert "".join(deltas) == TEXT


@pytest.mark.parametrize(("marker", "kind"), [
    ("fault=overflow", litellm.ContextWindowExceededError),
    ("status=400", litellm.BadRequestError),
    ("status=429", litellm.RateLimitError),
])
@pytest.mark.parametrize("stream", [False, True])
def test_errors_have_their_classes(settings, marker, kind, stream):
    with pytest.raises(kind):
        litellm.completion(messages=user(f"[fake {marker}]"), stream=stream, **settings)


def test_embeddings(stack):
    answer = litellm.embedding(model="openai/openai/text-embedding-3-small", input=["a", "ü"], api_base=stack.url,
                               api_key=stack.key)
    assert [len(one["embedding"]) for one in answer.data] == [8, 8]
