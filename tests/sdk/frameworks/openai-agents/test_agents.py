"""The OpenAI Agents SDK over Responses, which is its default, and over chat completions."""

import asyncio

import pytest
from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI
from pydantic import BaseModel

TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done."

set_tracing_disabled(True)


@function_tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"snow in {city}"


class City(BaseModel):
    city: str


@pytest.fixture(params=[OpenAIResponsesModel, OpenAIChatCompletionsModel])
def play(request, stack, model):
    def with_agent(use, tools, **more):
        async def run():
            async with AsyncOpenAI(base_url=stack.url, api_key=stack.key, max_retries=0) as client:
                backed = request.param(model=model, openai_client=client)
                return await use(Agent(name="guide", instructions="Be brief.", model=backed, tools=tools, **more))

        return asyncio.run(run())

    return with_agent


async def whole(agent, text: str) -> str:
    return (await Runner.run(agent, text)).final_output


async def streamed(agent, text: str) -> str:
    result = Runner.run_streamed(agent, text)
    async for _ in result.stream_events():
        pass
    return result.final_output


@pytest.mark.parametrize("run", [whole, streamed])
def test_text(play, run):
    assert play(lambda agent: run(agent, "Where?"), []) == TEXT


@pytest.mark.parametrize("run", [whole, streamed])
def test_parallel_tools_to_the_end(play, run):
    said = play(lambda agent: run(agent, "Oslo and Zürich? [fake scenario=tools]"), [get_weather])
    assert said == "Oslo: snow in Oslo; Zürich: snow in Zürich"


@pytest.mark.parametrize("run", [whole, streamed])
def test_an_object_of_a_type(play, run):
    assert play(lambda agent: run(agent, "Which?"), [], output_type=City) == City(city="Zürich")


def test_what_was_said_goes_on(play):
    async def twice(agent):
        first = await Runner.run(agent, "Think. [fake scenario=reasoning]")
        history = [*first.to_input_list(), {"role": "user", "content": "And now?"}]
        return (await Runner.run(agent, history)).final_output

    assert play(twice, [], model_settings=ModelSettings(store=False)) == TEXT
