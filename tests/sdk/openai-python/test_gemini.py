"""Through Gemini's dialect: what arrives there is judged by the types of Google's own SDK."""

import base64
import json

from conftest import TEXT, user

MODEL = "gemini/gemini-2.5-flash"
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"],
           "additionalProperties": False}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": WEATHER}}]
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def test_text_and_usage(client, ask):
    said = [{"role": "system", "content": "Be brief."}, *user("hello"), {"role": "assistant", "content": "Hi."},
            *user("[fake scenario=text chop=5]")]
    answer = ask(client, MODEL, said, temperature=0.3, top_p=0.9, max_tokens=50, stop=["END"], seed=7)
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == (TEXT, "stop")
    assert answer.usage.total_tokens == 30 and answer.usage.prompt_tokens_details.cached_tokens == 4


def test_parallel_tools_there_and_back_with_their_signature(client, ask, stack, tag):
    asked = user(f"[fake scenario=tools tag={tag}]")
    answer = ask(client, MODEL, asked, tools=TOOLS)
    calls = answer.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments)["city"] for call in calls] == ["Oslo", "Zürich"]
    # As a client sends it back that keeps only what OpenAI's types name.
    sent = [{"id": call.id, "type": "function",
             "function": {"name": call.function.name, "arguments": call.function.arguments}} for call in calls]
    results = [{"role": "tool", "tool_call_id": call.id, "content": f"{number} °C"} for number, call in enumerate(calls)]
    history = [*asked, {"role": "assistant", "content": None, "tool_calls": sent}, *results]
    answer = ask(client, MODEL, history, tools=TOOLS)
    assert answer.choices[0].message.content == "Oslo: 0 °C; Zürich: 1 °C"
    last = stack.calls(tag)[-1]["body"]["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in last] == [base64.b64encode(b"signed").decode(), None]


def test_forced_tools_schemas_images_and_thoughts(client, ask):
    forced = {"type": "function", "function": {"name": "get_weather"}}
    answer = ask(client, MODEL, user("hello"), tools=TOOLS, tool_choice=forced)
    assert json.loads(answer.choices[0].message.tool_calls[0].function.arguments) == {"city": "Zürich"}
    form = {"type": "json_schema", "json_schema": {"name": "w", "strict": True, "schema": WEATHER}}
    answer = ask(client, MODEL, user("hello"), response_format=form)
    assert json.loads(answer.choices[0].message.content) == {"city": "Zürich"}
    picture = [{"type": "text", "text": "[fake scenario=seen]"},
               {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]
    answer = ask(client, MODEL, [{"role": "user", "content": picture}])
    assert answer.choices[0].message.content.startswith("image/png ")
    answer = ask(client, MODEL, user("[fake scenario=reasoning]"), reasoning_effort="low")
    assert answer.usage.completion_tokens_details.reasoning_tokens == 3
