"""LangChain's ChatOpenAI, over chat completions and over Responses, and OpenAIEmbeddings."""

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done."


class City(BaseModel):
    """A city."""

    city: str


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"snow in {city}"


@pytest.fixture(params=[False, True], ids=["chat", "responses"])
def chat(request):
    def made(stack, model: str, **more) -> ChatOpenAI:
        return ChatOpenAI(base_url=stack.url, api_key=stack.key, model=model, max_retries=0,
                          use_responses_api=request.param, **more)

    return made


def test_text_and_usage(chat, stack, model):
    answer = chat(stack, model).invoke("Where?")
    assert answer.text == TEXT
    assert answer.usage_metadata["total_tokens"] == 30


def test_a_stream_with_usage(chat, stack, model):
    chunks = list(chat(stack, model, stream_usage=True).stream("[fake chop=7]"))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert whole.text == TEXT
    assert whole.usage_metadata["output_tokens"] == 9


def test_parallel_tools_to_the_end(chat, stack, model):
    bound = chat(stack, model).bind_tools([get_weather])
    messages = [HumanMessage("Oslo and Zürich? [fake scenario=tools]")]
    asked = bound.invoke(messages)
    assert [call["args"] for call in asked.tool_calls] == [{"city": "Oslo"}, {"city": "Zürich"}]
    results = [ToolMessage(get_weather(**call["args"]), tool_call_id=call["id"]) for call in asked.tool_calls]
    assert bound.invoke([*messages, asked, *results]).text == "Oslo: snow in Oslo; Zürich: snow in Zürich"


def test_structured_output(chat, stack, model):
    for method in ("json_schema", "function_calling"):
        made = chat(stack, model).with_structured_output(City, method=method)
        assert made.invoke("Which?") == City(city="Zürich")


def test_embeddings(stack):
    made = OpenAIEmbeddings(base_url=stack.url, api_key=stack.key, model="openai/text-embedding-3-small",
                            check_embedding_ctx_length=False, max_retries=0)
    vectors = made.embed_documents(["a", "ü"])
    assert [len(vector) for vector in vectors] == [8, 8]
    assert made.embed_query("a") == vectors[0]
