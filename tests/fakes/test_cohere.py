"""The fake Cohere is judged by Cohere's own SDK, and its checks are shown to be able to fail."""

import copy
import threading

import cohere
import pytest

from fakes import cohere_dialect, model
from fakes.server import Server
from fakes.test_fakes import changed

TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]


@pytest.fixture(scope="module")
def client():
    server = Server(direct=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield cohere.ClientV2(api_key="k", base_url=f"http://{server.address}/cohere", log_warning_experimental_features=False)
    server.shutdown()
    server.server_close()


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def ask(client, text: str, **more):
    return client.chat(model="command-a-plus-05-2026", messages=user(text), **more)


def events(client, text: str, **more) -> list:
    return list(client.chat_stream(model="command-a-plus-05-2026", messages=user(text), **more))


def test_an_answer_is_read_as_it_is_meant(client):
    answer = ask(client, "[fake scenario=reasoning]")
    assert [piece.type for piece in answer.message.content] == ["thinking", "text"]
    assert (answer.message.content[0].thinking, answer.message.content[1].text) == (model.REASONING, model.TEXT)
    assert (answer.finish_reason, answer.usage.tokens.input_tokens) == ("COMPLETE", model.PROMPT_TOKENS)
    calls = ask(client, "[fake scenario=tools]", tools=TOOLS)
    assert (calls.finish_reason, calls.message.tool_plan) == ("TOOL_CALL", cohere_dialect.PLAN)
    assert [call.function.arguments for call in calls.message.tool_calls] == ['{"city": "Oslo"}', '{"city": "Zürich"}']


@pytest.mark.parametrize("chop", [1, 7, 500])
def test_every_event_of_a_stream_is_one_of_the_sdks_types(client, chop):
    seen = events(client, f"[fake scenario=reasoning chop={chop}]")
    kinds = [event.type for event in seen]
    assert kinds[0] == "message-start" and kinds[-1] == "message-end"
    deltas = [event.delta.message.content for event in seen if event.type == "content-delta"]
    assert "".join(delta.text or "" for delta in deltas) == model.TEXT
    assert "".join(delta.thinking or "" for delta in deltas) == model.REASONING
    assert seen[-1].delta.usage.tokens.output_tokens == model.OUTPUT_TOKENS
    citation = next(event for event in seen if event.type == "citation-start")
    assert citation.delta.message.citations.text == "Oslo"
    seen = events(client, f"[fake scenario=tools chop={chop}]", tools=TOOLS)
    assert "".join(event.delta.message.tool_plan for event in seen if event.type == "tool-plan-delta") == cohere_dialect.PLAN
    starts = [event.delta.message.tool_calls for event in seen if event.type == "tool-call-start"]
    assert [call.id for call in starts] == ["call_oslo", "call_zurich"]
    pieces = [event for event in seen if event.type == "tool-call-delta"]
    for index, city in enumerate(["Oslo", "Zürich"]):
        mine = [piece.delta.message.tool_calls.function.arguments for piece in pieces if piece.index == index]
        assert "".join(mine) == f'{{"city": "{city}"}}'


def test_log_probabilities_and_failures_in_a_stream(client):
    seen = events(client, "hi", logprobs=True)
    assert [event.logprobs.text for event in seen if event.type == "content-delta"] == model.Reply(model.TEXT).text_pieces()
    assert events(client, "[fake fault=midstream]")[-1].delta.finish_reason == "ERROR"


@pytest.mark.parametrize(("status", "kind"), [
    (400, cohere.BadRequestError), (401, cohere.UnauthorizedError), (404, cohere.NotFoundError),
    (429, cohere.TooManyRequestsError), (500, cohere.InternalServerError), (503, cohere.ServiceUnavailableError),
])
def test_errors(client, status, kind):
    with pytest.raises(kind) as caught:
        ask(client, f"[fake status={status}]", request_options={"max_retries": 0})
    assert caught.value.body["message"] == f"The fake says {status}."


def test_embeddings(client):
    answer = client.embed(model="embed-v4.0", texts=["a", "ü"], input_type="search_query", embedding_types=["float"])
    assert answer.embeddings.float_ == [model.vector("a", 8), model.vector("ü", 8)]
    assert answer.meta.billed_units.input_tokens == 2


GOOD = {
    "model": "m", "stream": True, "temperature": 0.5, "p": 0.9, "k": 5, "max_tokens": 9, "stop_sequences": ["x"],
    "tools": TOOLS, "tool_choice": "REQUIRED", "thinking": {"type": "enabled", "token_budget": 5},
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "x"},
                                     {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]},
        {"role": "assistant", "tool_plan": "p",
         "tool_calls": [{"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "document", "document": {"data": {"t": 7}}}]},
    ],
}


def test_a_good_request_is_good():
    assert list(cohere_dialect.violations(GOOD)) == []
    known = cohere_dialect.heard(GOOD)
    assert (known.results, known.reasoning, known.forced) == ([("get_weather", '{"t": 7}')], True, "get_weather")
    assert cohere_dialect.heard({**GOOD, "messages": GOOD["messages"][:2]}).images == ["image/png 2"]


@pytest.mark.parametrize(("path", "value", "report"), [
    ("model", 5, "model"),
    ("nonsense", 1, "unknown key"),
    ("temperature", "1", "temperature"),
    ("seed", None, "null"),
    ("p", 1, "within"),
    ("k", 501, "within"),
    ("presence_penalty", -1, "within"),
    ("stop_sequences", list("abcdef"), "five"),
    ("tool_choice", "auto", "tool_choice"),
    ("tools", [], "tool_choice"),
    ("tools.0.function", {"name": "f"}, "parameters"),
    ("tools.0.function.strict", True, "unknown key strict"),
    ("response_format", {"type": "json_object"}, "beside tools"),
    ("safety_mode", "STRICT", "beside tools"),
    ("thinking", {"type": "enabled", "token_budget": 0}, "positive"),
    ("thinking", {}, "type"),
    ("messages.0.role", "developer", "messages[0]"),
    ("messages.0.name", "n", "unknown key name"),
    ("messages.1.content.0.type", "txt", "messages[1]"),
    ("messages.2", {"role": "assistant"}, "neither content nor calls"),
    ("messages.2.tool_calls.0.function.arguments", "", "no JSON object"),
    ("messages.2.tool_calls.0.id", "b", "not called just before"),
    ("messages.3.content.0.document.data", "x", "messages[3]"),
    ("messages.3", {"role": "user", "content": "x"}, "before the results"),
    ("messages", [], "empty"),
])
def test_each_fault_in_a_request_is_reported(path, value, report):
    found = list(cohere_dialect.violations(changed(copy.deepcopy(GOOD), path, value)))
    assert any(report in text for text in found), found


@pytest.mark.parametrize(("body", "good"), [
    ({}, True), ({"input_type": None}, False), ({"input_type": "x"}, False), ({"texts": []}, False),
    ({"texts": ["a"] * 97}, False), ({"texts": [""]}, False), ({"output_dimension": 300}, False), ({"x": 1}, False),
    ({"output_dimension": 256, "truncate": "NONE"}, True),
])
def test_embed_requests(body, good):
    whole = {"model": "m", "texts": ["a"], "input_type": "search_query", "embedding_types": ["float"], **body}
    found = list(cohere_dialect.embed_violations(whole))
    assert (found == []) is good, found
