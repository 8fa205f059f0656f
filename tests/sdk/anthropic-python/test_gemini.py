"""Through Gemini's dialect: its signatures have to survive clients of the Messages API, which know nothing of them."""

import base64

from conftest import user

MODEL = "gemini/gemini-2.5-flash"
TOOLS = [{"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                                                  "required": ["city"]}}]


def test_signatures_come_back_with_the_calls_that_they_belong_to(ask, client, stack, tag):
    asked = user(f"[fake scenario=tools tag={tag}]")
    answer = ask(client, MODEL, asked, tools=TOOLS)
    calls = [block for block in answer.content if block.type == "tool_use"]
    assert [call.input["city"] for call in calls] == ["Oslo", "Zürich"]
    sent = [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.input} for call in calls]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "3 °C"} for call in calls]
    answer = ask(client, MODEL, [*asked, {"role": "assistant", "content": sent}, *user(results)], tools=TOOLS)
    assert answer.content[0].text == "Oslo: 3 °C; Zürich: 3 °C"
    parts = stack.calls(tag)[-1]["body"]["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == [base64.b64encode(b"signed").decode(), None]
