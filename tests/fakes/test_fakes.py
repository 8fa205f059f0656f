"""The fakes themselves are judged by the providers' own SDKs, and their checks are shown to be able to fail."""

import copy
import http.client
import json
import threading

import anthropic
import botocore.config
import botocore.exceptions
import botocore.session
import google.genai
import httpx2
import openai
import pytest

from fakes import anthropic_dialect, bedrock_dialect, gemini_dialect, model, openai_dialect
from fakes.server import KEYS, Server

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENAI_TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]
ANTHROPIC_TOOLS = [{"name": "get_weather", "input_schema": WEATHER}]


def serve(direct: bool):
    server = Server(direct)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def direct():
    yield from serve(True)


@pytest.fixture(scope="module")
def guarded():
    yield from serve(False)


@pytest.fixture(scope="module")
def openai_client(direct):
    return openai.OpenAI(base_url=f"http://{direct.address}/openai/v1", api_key="k", max_retries=0,
                         _strict_response_validation=True)


@pytest.fixture(scope="module")
def anthropic_client(direct):
    return anthropic.Anthropic(base_url=f"http://{direct.address}/anthropic", api_key="k", max_retries=0,
                               _strict_response_validation=True)


def bedrock_client_of(server: Server):
    """AWS's own client: whatever it gets through the guarded server was signed, and judged, by botocore on both sides."""
    session = botocore.session.Session()
    session.set_credentials(bedrock_dialect.KEY_ID, KEYS["bedrock"], bedrock_dialect.SESSION_TOKEN)
    return session.create_client(
        "bedrock-runtime", region_name=bedrock_dialect.REGION, endpoint_url=f"http://{server.address}/bedrock",
        config=botocore.config.Config(retries={"total_max_attempts": 1}, signature_version="v4"))


@pytest.fixture(scope="module")
def bedrock_client(direct):
    return bedrock_client_of(direct)


BEDROCK_MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
BEDROCK_TOOLS = {"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": WEATHER}}}]}


def converse(client, text: str, **more) -> dict:
    messages = [{"role": "user", "content": [{"text": text}]}]
    return client.converse(modelId=BEDROCK_MODEL, messages=messages, **more)


def converse_stream(client, text: str, **more) -> list[dict]:
    messages = [{"role": "user", "content": [{"text": text}]}]
    return list(client.converse_stream(modelId=BEDROCK_MODEL, messages=messages, **more)["stream"])


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def openai_stream(client, text: str, **more):
    """The message and usage that the SDK's own accumulator makes of the stream."""
    with client.chat.completions.stream(model="gpt-4o-mini", messages=user(text),
                                        stream_options={"include_usage": True}, **more) as stream:
        return stream.get_final_completion()


# Answers, parsed by the providers' SDKs.


@pytest.mark.parametrize("chop", [0, 1, 7])
def test_openai_reads_the_same_from_a_stream_as_from_a_whole_answer(openai_client, chop):
    text = f"[fake chop={chop}]"
    whole = openai_client.chat.completions.create(model="gpt-4o-mini", messages=user(text))
    streamed = openai_stream(openai_client, text)
    for completion in (whole, streamed):
        assert completion.choices[0].message.content == model.TEXT
        assert completion.choices[0].finish_reason == "stop"
        assert completion.usage.total_tokens == model.PROMPT_TOKENS + model.OUTPUT_TOKENS


def test_openai_reads_parallel_tools(openai_client):
    text = "[fake scenario=tools chop=3]"
    whole = openai_client.chat.completions.create(model="gpt-4o-mini", messages=user(text), tools=OPENAI_TOOLS)
    streamed = openai_stream(openai_client, text, tools=OPENAI_TOOLS)
    for completion in (whole, streamed):
        calls = completion.choices[0].message.tool_calls
        assert [json.loads(call.function.arguments)["city"] for call in calls] == ["Oslo", "Zürich"]
        assert [call.id for call in calls] == ["call_oslo", "call_zurich"]
        assert completion.choices[0].finish_reason == "tool_calls"


def test_openai_reads_choices_and_logprobs(openai_client):
    completion = openai_client.chat.completions.create(
        model="gpt-4o-mini", messages=user("hi"), n=2, logprobs=True, top_logprobs=2)
    assert [choice.index for choice in completion.choices] == [0, 1]
    assert len(completion.choices[0].logprobs.content[0].top_logprobs) == 2


def test_openai_reads_embeddings_in_both_encodings(openai_client, direct):
    # Strict validation cannot read base64 embeddings: it sees them before they are decoded.
    create = openai.OpenAI(base_url=f"http://{direct.address}/openai/v1", api_key="k").embeddings.create
    packed = create(model="text-embedding-3-small", input=["a", "b"])
    plain = create(model="text-embedding-3-small", input=["a", "b"], encoding_format="float")
    assert [item.embedding for item in packed.data] == [item.embedding for item in plain.data]
    assert packed.data[0].embedding == model.vector("a", 8)
    assert len(openai_client.models.list().data) == 3


@pytest.mark.parametrize("chop", [0, 1, 7])
def test_anthropic_reads_the_same_from_a_stream_as_from_a_whole_answer(anthropic_client, chop):
    arguments = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": user(f"[fake scenario=reasoning chop={chop}]")}
    whole = anthropic_client.messages.create(**arguments)
    with anthropic_client.messages.stream(**arguments) as stream:
        streamed = stream.get_final_message()
    for message in (whole, streamed):
        assert [block.type for block in message.content] == ["thinking", "text"]
        assert message.content[0].thinking == model.REASONING
        assert message.content[1].text == model.TEXT
        assert message.stop_reason == "end_turn"
        assert message.usage.output_tokens == model.OUTPUT_TOKENS
        assert message.usage.cache_read_input_tokens == model.CACHED_TOKENS


def test_anthropic_reads_parallel_tools(anthropic_client):
    arguments = {"model": "claude-haiku-4-5", "max_tokens": 50, "tools": ANTHROPIC_TOOLS,
                 "messages": user("[fake scenario=tools chop=3]")}
    whole = anthropic_client.messages.create(**arguments)
    with anthropic_client.messages.stream(**arguments) as stream:
        streamed = stream.get_final_message()
    for message in (whole, streamed):
        assert [block.input for block in message.content] == [{"city": "Oslo"}, {"city": "Zürich"}]
        assert message.stop_reason == "tool_use"


@pytest.mark.parametrize("chop", [0, 1, 7])
def test_botocore_reads_the_same_from_a_stream_as_from_a_whole_answer(bedrock_client, chop):
    text = f"[fake scenario=reasoning chop={chop}]"
    whole = converse(bedrock_client, text)
    content = whole["output"]["message"]["content"]
    assert content[0]["reasoningContent"]["reasoningText"]["text"] == model.REASONING
    assert content[1]["text"] == model.TEXT
    assert whole["stopReason"] == "end_turn"
    assert whole["usage"]["cacheReadInputTokens"] == model.CACHED_TOKENS
    events = converse_stream(bedrock_client, text)
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert "".join(delta.get("text", "") for delta in deltas) == model.TEXT
    thoughts = [delta["reasoningContent"] for delta in deltas if "reasoningContent" in delta]
    assert "".join(thought.get("text", "") for thought in thoughts) == model.REASONING
    assert thoughts[-1]["signature"] == content[0]["reasoningContent"]["reasoningText"]["signature"]
    assert events[-2] == {"messageStop": {"stopReason": "end_turn"}}
    assert events[-1]["metadata"]["usage"] == whole["usage"]


def test_botocore_reads_parallel_tools(bedrock_client):
    whole = converse(bedrock_client, "[fake scenario=tools]", toolConfig=BEDROCK_TOOLS)
    calls = [block["toolUse"] for block in whole["output"]["message"]["content"]]
    assert [call["input"] for call in calls] == [{"city": "Oslo"}, {"city": "Zürich"}]
    events = converse_stream(bedrock_client, "[fake scenario=tools chop=3]", toolConfig=BEDROCK_TOOLS)
    starts = [event["contentBlockStart"]["start"]["toolUse"] for event in events if "contentBlockStart" in event]
    assert [start["toolUseId"] for start in starts] == [call["toolUseId"] for call in calls]


@pytest.mark.parametrize(("status", "kind"), [
    (400, "ValidationException"), (403, "AccessDeniedException"), (429, "ThrottlingException"),
    (503, "ServiceUnavailableException"),
])
def test_botocore_reads_errors(bedrock_client, status, kind):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        converse(bedrock_client, f"[fake status={status}]")
    assert caught.value.response["Error"]["Code"] == kind
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_botocore_notices_an_exception_and_damage_in_a_stream(bedrock_client, monkeypatch):
    with pytest.raises(botocore.exceptions.EventStreamError, match="serviceUnavailableException"):
        converse_stream(bedrock_client, "[fake fault=midstream]")
    frame = bedrock_dialect.frame
    monkeypatch.setattr(bedrock_dialect, "frame", lambda *what: frame(*what)[:-1] + b"!")
    with pytest.raises(Exception, match="(?i)checksum"):
        converse_stream(bedrock_client, "hi")


@pytest.mark.parametrize(("status", "openai_kind", "anthropic_kind"), [
    (400, openai.BadRequestError, anthropic.BadRequestError),
    (401, openai.AuthenticationError, anthropic.AuthenticationError),
    (429, openai.RateLimitError, anthropic.RateLimitError),
    (500, openai.InternalServerError, anthropic.InternalServerError),
    (529, openai.InternalServerError, anthropic.InternalServerError),
])
def test_both_read_errors(openai_client, anthropic_client, status, openai_kind, anthropic_kind):
    messages = user(f"[fake status={status}]")
    with pytest.raises(openai_kind):
        openai_client.chat.completions.create(model="m", messages=messages)
    with pytest.raises(anthropic_kind):
        anthropic_client.messages.create(model="m", max_tokens=9, messages=messages)


@pytest.mark.parametrize("fault", ["cut", "midstream", "inside"])
def test_both_notice_broken_streams(openai_client, anthropic_client, fault):
    messages = user(f"[fake fault={fault}]")
    with pytest.raises(openai.APIError, match="(?i)connection|server"):
        list(openai_client.chat.completions.create(model="m", messages=messages, stream=True))
    with pytest.raises((anthropic.APIError, httpx2.RemoteProtocolError), match="(?i)closed connection|overloaded"):
        list(anthropic_client.messages.create(model="m", max_tokens=9, messages=messages, stream=True))


def test_an_answer_is_held_until_released_and_a_leaving_peer_is_noticed(openai_client, direct):
    stream = openai_client.chat.completions.create(
        model="m", messages=user("[fake fault=hold tag=held]"), stream=True)
    assert next(iter(stream)).choices[0].delta.role == "assistant"
    assert direct.journal.calls("held")[0]["ending"] == "open"
    direct.journal.release("held")
    assert len(list(stream)) > 2
    assert direct.journal.wait("held", "complete", 5)[0]["ending"] == "complete"

    stream = openai_client.chat.completions.create(
        model="m", messages=user("[fake fault=hold tag=left]"), stream=True)
    next(iter(stream))
    stream.close()
    assert direct.journal.wait("left", "left", 5)[0]["ending"] == "left"


def test_failures_end_after_the_given_number(openai_client):
    messages = user("[fake status=500 times=1 tag=once]")
    with pytest.raises(openai.InternalServerError):
        openai_client.chat.completions.create(model="m", messages=messages)
    assert openai_client.chat.completions.create(model="m", messages=messages).choices


# Requests: what is right passes, and every single fault is reported.

GOOD_OPENAI = {
    "model": "m", "stream": True, "stream_options": {"include_usage": True}, "temperature": 1.5, "x_free": 1,
    "tools": OPENAI_TOOLS,
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "x"},
                                     {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]},
        {"role": "assistant", "content": None,
         "tool_calls": [{"id": "a", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "7"},
    ],
}
GOOD_ANTHROPIC = {
    "model": "m", "max_tokens": 5, "stream": True, "temperature": 1.0, "tools": ANTHROPIC_TOOLS,
    "system": [{"type": "text", "text": "s"}],
    "messages": [
        {"role": "user", "content": [
            {"type": "text", "text": "x"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "get_weather", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "7"}]},
    ],
}


GOOD_BEDROCK = {
    "system": [{"text": "s"}], "inferenceConfig": {"maxTokens": 5, "temperature": 1.0}, "toolConfig": BEDROCK_TOOLS,
    "additionalModelRequestFields": {"top_k": 5},
    "messages": [
        {"role": "user", "content": [{"text": "x"}, {"image": {"format": "png", "source": {"bytes": "aGk="}}}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "a", "name": "get_weather", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": [{"text": "7"}]}}]},
    ],
}


def changed(body: dict, path: str, value: object) -> dict:
    body = copy.deepcopy(body)
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    at = body
    for part in way:
        at = at[part]
    at[last] = value
    return body


def test_good_requests_are_not_reported():
    assert list(openai_dialect.chat_violations(GOOD_OPENAI)) == []
    assert list(anthropic_dialect.violations(GOOD_ANTHROPIC, "2023-06-01")) == []
    assert list(bedrock_dialect.violations(GOOD_BEDROCK, "Converse")) == []
    assert bedrock_dialect.heard(GOOD_BEDROCK).results == anthropic_dialect.heard(GOOD_ANTHROPIC).results
    assert bedrock_dialect.heard(GOOD_BEDROCK).images == anthropic_dialect.heard(GOOD_ANTHROPIC).images
    assert openai_dialect.heard(GOOD_OPENAI).results == anthropic_dialect.heard(GOOD_ANTHROPIC).results
    assert openai_dialect.heard(GOOD_OPENAI).images == anthropic_dialect.heard(GOOD_ANTHROPIC).images


@pytest.mark.parametrize(("path", "value", "report"), [
    ("model", None, "model"),
    ("temperature", "1", "temperature"),
    ("nonsense", 1, "unknown key"),
    ("seed", None, "seed is null"),
    ("max_tokens", "5", "max_tokens"),
    ("messages.0.role", "narrator", "role"),
    ("messages.1.content.0.type", "txt", "type"),
    ("messages.1.content.1.image_url", "data:x", "image_url"),
    ("messages.2.tool_calls.0.function.arguments", "", "arguments"),
    ("messages.2.tool_calls.0.id", "b", "not called just before"),
    ("messages.3.role", "user", "before the results"),
    ("tools.0.function", {}, "name"),
    ("stream", False, "stream"),
])
def test_each_fault_in_an_openai_request_is_reported(path, value, report):
    found = list(openai_dialect.chat_violations(changed(GOOD_OPENAI, path, value)))
    assert any(report in text for text in found), found


@pytest.mark.parametrize(("path", "value", "report"), [
    ("model", 5, "model"),
    ("max_tokens", "5", "max_tokens"),
    ("seed", 1, "Extra inputs"),
    ("temperature", 1.5, "temperature"),
    ("stop_sequences", [" "], "stop sequence"),
    ("messages.0.role", "narrator", "role"),
    ("messages.0.role", "assistant", "first message"),
    ("messages.0.content.0.text", " ", "empty text block"),
    ("messages.0.content.1.source.media_type", "image/jpg", "media_type"),
    ("messages.0.content.1.source.data", "%", "not base64"),
    ("messages.1.content.0.id", "a:b", "tool_use.id"),
    ("messages.1.role", "user", "role of the one before"),
    ("messages.1.content.0.input", "{}", "input"),
    ("messages.2.content.0.tool_use_id", "b", "were asked just before"),
    ("messages.2.content", [{"type": "text", "text": "t"}, GOOD_ANTHROPIC["messages"][2]["content"][0]], "come first"),
    ("tools", [], "none are declared"),
    ("tools.0.name", "get.weather", "tool name"),
    ("tools.0.input_schema", {"type": "array"}, "root"),
    ("tool_choice", {"type": "tool"}, "name"),
])
def test_each_fault_in_an_anthropic_request_is_reported(path, value, report):
    found = list(anthropic_dialect.violations(changed(GOOD_ANTHROPIC, path, value), "2023-06-01"))
    assert any(report in text for text in found), found


@pytest.mark.parametrize(("path", "value", "report"), [
    ("model", "m", "Unknown parameter"),
    ("messages", [], "first message"),
    ("inferenceConfig.maxTokens", "5", "maxTokens"),
    ("inferenceConfig.temperature", 1.5, "temperature"),
    ("messages.0.role", "narrator", "none of"),
    ("messages.0.content.0.text", " ", "blank"),
    ("messages.0.content.0.image", {"format": "png", "source": {"bytes": "aGk="}}, "content"),
    ("messages.0.content.1.image.format", "jpg", "none of"),
    ("messages.0.content.1.image.source.bytes", 7, "bytes"),
    ("messages.1.content.0.toolUse.toolUseId", "a/b", "does not match"),
    ("messages.1.content.0.toolUse.name", "get.weather", "does not match"),
    ("messages.1.role", "user", "role of the one before"),
    ("messages.2.content.0.toolResult.toolUseId", "b", "were asked just before"),
    ("messages.2.content.0", {"document": {"format": "pdf", "name": "d", "source": {"bytes": "aGk="}}}, "no text"),
    ("toolConfig", {"tools": [], "toolChoice": {"none": {}}}, "toolChoice"),
    ("additionalModelRequestFields", {"thinking": {"type": "enabled"}}, "together with thinking"),
])
def test_each_fault_in_a_bedrock_request_is_reported(path, value, report):
    found = list(bedrock_dialect.violations(changed(GOOD_BEDROCK, path, value), "Converse"))
    assert any(report in text for text in found), found


@pytest.mark.parametrize(("model_id", "body", "report"), [
    ("amazon.titan-embed-text-v2:0", {"inputText": "a", "dimensions": 512, "normalize": True}, None),
    ("amazon.titan-embed-text-v2:0", {"inputText": "a", "dimensions": 7}, "dimensions"),
    ("amazon.titan-embed-text-v2:0", {"inputText": ""}, "inputText is missing"),
    ("amazon.titan-embed-text-v1", {"inputText": "a", "dimensions": 512}, "extraneous key"),
    ("cohere.embed-v4:0", {"texts": ["a"], "input_type": "search_document", "output_dimension": 512}, None),
    ("cohere.embed-english-v3", {"texts": ["a"], "input_type": "search_document", "output_dimension": 512}, "embed-v4"),
    ("cohere.embed-english-v3", {"texts": ["a"] * 97, "input_type": "search_document"}, "1 to 96"),
    ("cohere.embed-english-v3", {"texts": ["a"]}, "input_type"),
])
def test_embeddings_at_bedrock(model_id, body, report):
    found = list(bedrock_dialect.embeddings_violations(model_id, body))
    assert found == [] if report is None else any(report in text for text in found), found


@pytest.mark.parametrize(("given", "good"), [
    ("a", True), (["a", "b"], True), ([1, 2], True), ([[1], [2, 3]], True),
    ("", False), ([], False), (["a", ""], False), ([[1], []], False), (5, False), ([{}], False), ([[1], "a"], False),
])
def test_embeddings_input(given, good):
    found = list(openai_dialect.embeddings_violations({"model": "m", "input": given}))
    assert (found == []) is good, found


def test_sampling_is_gone_with_the_newer_version():
    assert list(anthropic_dialect.violations(GOOD_ANTHROPIC, "2026-10-21")) == [
        "temperature: Extra inputs are not permitted"]


def post(server: Server, path: str, headers: dict[str, str], body: dict) -> tuple[int, list[str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    connection.request("POST", path, json.dumps(body), {"content-type": "application/json", **headers})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, server.journal.calls()[-1]["violations"]


@pytest.mark.parametrize(("more", "report"), [
    ({}, None),
    ({"authorization": f"Bearer {KEYS['anthropic']}"}, "credentials"),
    ({"authorization": "Bearer fl_" + "x" * 43}, "the caller's key"),
    ({"x-api-key": "sk-other"}, "credentials"),
    ({"anthropic-version": "1"}, "anthropic-version"),
    ({"connection": "close"}, "hop-by-hop"),
    ({"te": "trailers"}, "hop-by-hop"),
    ({"floopy-session-id": "s"}, "handed on"),
    ({"x-stainless-lang": "python"}, "handed on"),
    ({"content-type": "text/plain"}, "content-type"),
    ({"host": "elsewhere"}, "host is"),
])
def test_each_fault_in_the_headers_is_reported(guarded, more, report):
    headers = {"x-api-key": KEYS["anthropic"], "anthropic-version": "2023-06-01", **more}
    status, found = post(guarded, "/anthropic/v1/messages", headers, {**GOOD_ANTHROPIC, "stream": False})
    if report is None:
        assert (status, found) == (200, [])
    else:
        assert status == 400
        assert any(report in text for text in found), found


def test_what_botocore_signs_is_signed_well(guarded):
    client = bedrock_client_of(guarded)
    before = len(guarded.journal.calls())
    assert converse(client, "hi")["stopReason"] == "end_turn"
    assert converse_stream(client, "hi")[-1]["metadata"]
    assert [call["violations"] for call in guarded.journal.calls()[before:]] == [[], []]


@pytest.mark.parametrize(("change", "report"), [
    ({"x-amz-date": "20200101T000000Z"}, "x-amz-date"),
    ({"x-amz-security-token": "other"}, "session token"),
    ({"x-amz-more": "1"}, "not covered"),
    ({"content-type": "application/json; charset=utf-8"}, "signature is wrong"),
    ({"authorization": "Bearer k"}, "no signature"),
])
def test_each_fault_in_a_signature_is_reported(guarded, change, report):
    """One header of a call that botocore has signed is changed on the way."""
    client = bedrock_client_of(guarded)

    def tamper(request, **_):
        for name, value in change.items():
            if name in request.headers:
                del request.headers[name]
            request.headers[name] = value

    client.meta.events.register_last("before-send.bedrock-runtime.Converse", tamper)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        converse(client, "hi")
    assert report in str(caught.value)


def test_a_key_inside_a_body_is_reported(guarded):
    body = changed(GOOD_OPENAI, "messages.0.content", "my key is fl_" + "x" * 43)
    _, found = post(guarded, "/openai/v1/chat/completions", {"authorization": f"Bearer {KEYS['openai']}"}, body)
    assert found == ["the caller's key is in the body"]


# Gemini, by Google's own SDK.


@pytest.fixture(scope="module")
def gemini_client(direct):
    options = {"base_url": f"http://{direct.address}/gemini", "api_version": "v1beta"}
    return google.genai.Client(api_key="k", vertexai=False, http_options=options)


@pytest.mark.parametrize("chop", [0, 1, 7])
def test_gemini_reads_the_same_from_a_stream_as_from_a_whole_answer(gemini_client, chop):
    asked = {"model": "gemini-2.5-flash", "contents": f"[fake scenario=reasoning chop={chop}]"}
    whole = gemini_client.models.generate_content(**asked)
    pieces = list(gemini_client.models.generate_content_stream(**asked))
    assert whole.text == model.TEXT and "".join(piece.text or "" for piece in pieces) == model.TEXT
    assert whole.usage_metadata.total_token_count == pieces[-1].usage_metadata.total_token_count
    assert whole.candidates[0].finish_reason == pieces[-1].candidates[0].finish_reason == "STOP"


def test_gemini_reads_parallel_tools_with_their_signature(gemini_client):
    tools = [{"function_declarations": [{"name": "get_weather", "parameters_json_schema": WEATHER}]}]
    answer = gemini_client.models.generate_content(model="gemini-2.5-flash", contents="[fake scenario=tools]",
                                                   config={"tools": tools})
    assert [call.args["city"] for call in answer.function_calls] == ["Oslo", "Zürich"]
    assert answer.candidates[0].content.parts[0].thought_signature == b"signed"


def test_gemini_reads_vectors_and_errors(gemini_client):
    answer = gemini_client.models.embed_content(model="gemini-embedding-001", contents=["a", "b"])
    assert [one.values for one in answer.embeddings] == [model.vector("a", 8), model.vector("b", 8)]
    with pytest.raises(google.genai.errors.ClientError, match="RESOURCE_EXHAUSTED"):
        gemini_client.models.generate_content(model="gemini-2.5-flash", contents="[fake status=429]")


GOOD_GEMINI = {
    "contents": [
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "model", "parts": [
            {"functionCall": {"id": "a", "name": "f", "args": {}}, "thoughtSignature": gemini_dialect.SIGNATURE}]},
        {"role": "user", "parts": [{"functionResponse": {"id": "a", "name": "f", "response": {"output": "1"}}}]},
    ],
    "generationConfig": {"maxOutputTokens": 5},
}


@pytest.mark.parametrize("breach, change", [
    ("Extra inputs are not permitted", lambda body: body.update(stream=True)),
    ("generationConfig.max_tokens: Extra inputs", lambda body: body["generationConfig"].update(max_tokens=1)),
    ("missing a thought_signature", lambda body: body["contents"][1]["parts"][0].pop("thoughtSignature")),
    ("0 results for 1 calls", lambda body: body["contents"][2].update(parts=[{"text": "x"}])),
    ("merge them", lambda body: body["contents"].insert(1, body["contents"][0])),
    ("not the user's", lambda body: body["contents"].pop(0)),
    ("empty part", lambda body: body["contents"][0].update(parts=[{"text": ""}])),
])
def test_the_checks_of_gemini_can_fail(breach, change):
    dialect = gemini_dialect.Dialect("gemini-2.5-flash", "generateContent")
    assert list(dialect.chat_violations(GOOD_GEMINI)) == []
    body = copy.deepcopy(GOOD_GEMINI)
    change(body)
    assert any(breach in found for found in dialect.chat_violations(body))
