"""The fake of OpenAI's Responses, judged by the SDK; and its checks, shown to be able to fail."""

import copy
import json

import openai
import pytest

from fakes import model, openai_responses
from fakes.test_fakes import changed, direct, openai_client  # noqa: F401

TOOLS = [{"type": "function", "name": "get_weather", "strict": False,
          "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]


def both(client, given, **more):
    """The same answer in one piece and as the SDK's accumulator makes it of the events."""
    with client.responses.stream(model="m", input=given, **more) as stream:
        streamed = stream.get_final_response()
    return [client.responses.create(model="m", input=given, **more), streamed]


@pytest.mark.parametrize("chop", [0, 1, 7])
def test_a_stream_amounts_to_the_whole_answer(openai_client, chop):  # noqa: F811
    for response in both(openai_client, f"[fake scenario=reasoning chop={chop}]"):
        assert response.output_text == model.TEXT
        assert response.output[0].summary[0].text == model.REASONING
        assert response.usage.total_tokens == model.PROMPT_TOKENS + model.OUTPUT_TOKENS


def test_parallel_tools(openai_client):  # noqa: F811
    for response in both(openai_client, "[fake scenario=tools chop=3]", tools=TOOLS):
        assert [json.loads(call.arguments)["city"] for call in response.output] == ["Oslo", "Zürich"]


@pytest.mark.parametrize(("scenario", "reason"), [("length", "max_output_tokens"), ("refusal", "content_filter")])
def test_answers_that_are_not_whole(openai_client, scenario, reason):  # noqa: F811
    response = openai_client.responses.create(model="m", input=f"[fake scenario={scenario}]")
    assert (response.status, response.incomplete_details.reason) == ("incomplete", reason)
    last = list(openai_client.responses.create(model="m", input=f"[fake scenario={scenario}]", stream=True))[-1]
    assert last.response.output == response.output


def test_errors_and_broken_streams(openai_client):  # noqa: F811
    with pytest.raises(openai.RateLimitError):
        openai_client.responses.create(model="m", input="[fake status=429]")
    events = list(openai_client.responses.create(model="m", input="[fake fault=midstream]", stream=True))
    assert events[-1].type == "error"
    with pytest.raises(openai.APIConnectionError):
        list(openai_client.responses.create(model="m", input="[fake fault=cut]", stream=True))


GOOD = {
    "model": "m", "stream": True, "store": False, "temperature": 1.5, "x_free": 1, "tools": TOOLS,
    "include": ["reasoning.encrypted_content"], "reasoning": {"effort": "low"},
    "input": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "input_text", "text": "x"},
                                     {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "auto"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"},
        {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "get_weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "7"},
    ],
}


def test_a_good_request_is_not_reported():
    assert list(openai_responses.chat_violations(GOOD)) == []
    known = openai_responses.heard(GOOD)
    assert (known.results, known.images, list(known.tools)) == ([("get_weather", "7")], ["image/png 2"], ["get_weather"])


@pytest.mark.parametrize(("path", "value", "report"), [
    ("model", None, "model"),
    ("temperature", "1", "temperature"),
    ("nonsense", 1, "unknown key"),
    ("previous_response_id", "resp_1", "not known here"),
    ("input.0.role", "narrator", "role"),
    ("input.1.content.0.type", "text", "type"),
    ("input.2.encrypted_content", "floopy.e30", "another provider"),
    ("input.3.id", "call_1", "must begin with fc_"),
    ("input.3.id", "fc_" + "x" * 62, "longer than 64"),
    ("input.3.arguments", "", "arguments"),
    ("input.4.call_id", "b", "which was not called"),
    ("input.4", {"type": "item_reference", "id": "msg_other"}, "not kept here"),
    ("tools.0.name", 5, "name"),
    ("reasoning.effort", "some", "effort"),
])
def test_each_fault_in_a_request_is_reported(path, value, report):
    found = list(openai_responses.chat_violations(changed(copy.deepcopy(GOOD), path, value)))
    assert any(report in text for text in found), found
