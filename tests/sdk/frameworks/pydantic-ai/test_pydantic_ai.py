"""Pydantic AI's agents over chat completions."""

import asyncio

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done."


class City(BaseModel):
    city: str


@pytest.fixture
def backed(stack, model) -> OpenAIChatModel:
    return OpenAIChatModel(model, provider=OpenAIProvider(base_url=stack.url, api_key=stack.key))


def test_text(backed):
    result = Agent(backed).run_sync("Where?")
    assert result.output == TEXT


def test_a_stream(backed):
    async def play() -> str:
        async with Agent(backed).run_stream("[fake chop=5]") as result:
            return [text async for text in result.stream_text()][-1]

    assert asyncio.run(play()) == TEXT


def test_parallel_tools_to_the_end(backed):
    agent = Agent(backed)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        return f"snow in {city}"

    result = agent.run_sync("Oslo and Zürich? [fake scenario=tools]")
    assert result.output == "Oslo: snow in Oslo; Zürich: snow in Zürich"


def test_structured_output(backed):
    assert Agent(backed, output_type=NativeOutput(City)).run_sync("Which?").output == City(city="Zürich")
