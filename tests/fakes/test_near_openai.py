"""The fakes of providers that speak nearly OpenAI's dialect, and those of Azure and Vertex: each of their checks can fail."""

import copy
import json
import time

import google.auth.crypt
import google.auth.jwt
import google.genai
import google.oauth2.credentials
import openai
import pytest

from fakes import azure_dialect, model, near_openai, sdk_types, vertex_dialect
from fakes.test_fakes import serve

ALL = sorted(near_openai.RULES)
NAMES = {"fireworks": "accounts/fireworks/models/m", "groq": "qwen/qwen3.8-27b", "sonar": "sonar"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
CALL = {"id": "abcdef123", "type": "function", "function": {"name": "f", "arguments": "{}"}}
USER = {"role": "user", "content": "hi"}


def good(provider: str, **more) -> dict:
    """A body that every provider takes, with what this one needs."""
    rules = near_openai.RULES[provider]
    body = {"model": NAMES.get(provider, "m"), "messages": [USER], **rules.get("must", {})}
    return {**body, **{name: 64 for name in rules.get("needs", [])}, **more}


def broken(provider: str, **more) -> str:
    return "; ".join(near_openai.Dialect(provider).chat_violations(good(provider, **more)))


@pytest.mark.parametrize("provider", ALL)
def test_a_good_call_is_no_violation(provider):
    assert broken(provider) == ""
    assert broken(provider, temperature=0.5, top_p=0.9) == ""


@pytest.mark.parametrize(("provider", "more", "said"), [
    ("groq", {"logprobs": True}, "unknown key logprobs"),
    ("mistral", {"stream": True, "stream_options": {"include_usage": True}}, "unknown key stream_options"),
    ("nebius", {"seed": None}, "seed is null"),
    ("nebius", {"temperature": "hot"}, "temperature"),
    ("xai", {"model": "grok-4.3", "stop": ["x"]}, "stop is refused"),
    ("fireworks", {"model": "short"}, "there is no model"),
    ("fireworks", {"context_length_exceeded_behavior": "truncate"}, "context_length_exceeded_behavior is"),
    ("groq", {"max_tokens": 1, "max_completion_tokens": 1}, "both"),
    ("nebius", {"stream_options": {"include_usage": True}}, "without stream"),
    ("cerebras", {"temperature": 1.6}, "above 1.5"),
    ("novita", {"stop": ["1", "2", "3", "4", "5"]}, "above 4"),
    ("perplexity", {"temperature": 2}, "not below 2"),
    ("groq", {"service_tier": "default"}, "none of"),
    ("together", {"logprobs": True}, "no number"),
    ("together", {"stop": "x"}, "no list"),
    ("perplexity", {"presence_penalty": 1, "frequency_penalty": 1}, "exclude each other"),
    ("groq", {"reasoning_effort": "low"}, "reasoning_effort"),
    ("novita", {"enable_thinking": True}, "separate_reasoning"),
    ("deepinfra", {"tools": [TOOL], "tool_choice": "required"}, "tool_choice"),
    ("nebius", {"tool_choice": "auto"}, "tool_choice"),
    ("perplexity", {"tools": [TOOL]}, "unknown key tools"),
    ("nebius", {"tools": [{"type": "custom", "custom": {"name": "c"}}]}, "no function"),
    ("mistral", {"tools": [{**TOOL, "function": {**TOOL["function"], "strict": True}}]}, "strict in a tool"),
    ("cerebras", {"tools": [TOOL, {**TOOL, "function": {**TOOL["function"], "strict": True}}]}, "strict differs"),
    ("mistral", {"tools": [{**TOOL, "function": {"name": "f", "parameters": {"additionalProperties": False}}}]}, "schema holds"),
    ("deepseek", {"response_format": SCHEMA}, "response_format json_schema"),
    ("deepseek", {"response_format": {"type": "json_object"}}, "does not speak of JSON"),
    ("groq", {"model": "llama", "response_format": SCHEMA}, "knows no schemas"),
    ("groq", {"response_format": SCHEMA, "stream": True}, "together with stream"),
])
def test_what_is_wrong_with_a_body_is_said(provider, more, said):
    assert said in broken(provider, **more)


@pytest.mark.parametrize("provider", sdk_types.SDKS)
def test_the_sdks_know_the_members_and_their_types(provider):
    """`stream_options` is in no type of Groq's and Perplexity's, and is taken by both."""
    assert set(near_openai.RULES[provider]["members"]) - sdk_types.SDKS[provider].members <= {"stream_options"}
    assert "temperature" in broken(provider, temperature="hot")


def test_what_is_missing_is_said():
    body = good("novita")
    del body["max_tokens"]
    assert list(near_openai.Dialect("novita").chat_violations(body)) == ["max_tokens is missing"]


IMAGE = {"type": "image_url", "image_url": {"url": "https://images.example/a.png"}}


@pytest.mark.parametrize(("provider", "messages", "said"), [
    ("nebius", [{"role": "developer", "content": "x"}, USER], "no role developer"),
    ("mistral", [{**USER, "name": "n"}], "a name"),
    ("mistral", [{**USER, "x_own": 1}], "extra_forbidden"),
    ("groq", [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]},
              {"role": "tool", "tool_call_id": CALL["id"], "content": "1"}], "content is null"),
    ("nebius", [USER, {"role": "assistant", "content": "x", "refusal": "no"}, USER], "another provider's"),
    ("ai21", [{"role": "user", "content": [{"type": "text", "text": "x"}]}], "a list of texts"),
    ("ai21", [{"role": "user", "content": [IMAGE]}], "an image"),
    ("sambanova", [{"role": "user", "content": [IMAGE]}], "an image"),
    ("sambanova", [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]},
                   {"role": "tool", "tool_call_id": CALL["id"], "content": "1"}], "beside calls"),
    ("mistral", [USER, {"role": "assistant", "content": "", "tool_calls": [CALL]},
                 {"role": "tool", "tool_call_id": CALL["id"], "content": "1"}], "beside calls"),
    ("mistral", [USER, {"role": "assistant", "tool_calls": [{**CALL, "id": "call_1"}]},
                 {"role": "tool", "tool_call_id": "call_1", "content": "1"}], "the id"),
    ("nebius", [USER, {"role": "assistant", "tool_calls": [CALL]}, USER], "before the results"),
    ("mistral", [USER, {"role": "assistant", "tool_calls": [CALL]},
                 {"role": "tool", "tool_call_id": CALL["id"], "content": "1"}, USER], "invalid_request_message_order"),
    ("mistral", [USER, {"role": "assistant", "content": "x"}], "without prefix"),
    ("perplexity", [USER, USER], "alternating"),
    ("perplexity", [USER, {"role": "assistant", "content": "x"}], "Last message"),
    ("perplexity", [USER, {"role": "system", "content": "x"}, USER], "not at the beginning"),
    ("ai21", [USER, {"role": "system", "content": "x"}], "not the first"),
    ("nebius", [USER, {"role": "assistant", "content": "x", "reasoning_content": "y"}, USER], "reasoning_content"),
])
def test_what_is_wrong_with_messages_is_said(provider, messages, said):
    assert said in broken(provider, messages=messages)


def test_thoughts_come_back_while_they_go_on():
    call = [USER, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": CALL["id"], "content": "1"}]
    assert "must be passed back" in broken("deepseek", model="deepseek-v4-flash", messages=call)
    assert broken("deepseek", model="deepseek-v4-flash", messages=call, thinking={"type": "disabled"}) == ""
    told = copy.deepcopy(call)
    told[1]["reasoning_content"] = "because"
    assert broken("deepseek", model="deepseek-v4-flash", messages=told) == ""
    assert "reasoning_content" in broken("deepseek", model="deepseek-chat", messages=told)


def text(content: str | list | None) -> str:
    """What stands in a content, in whichever form."""
    if isinstance(content, list):
        return "".join(part.get("text") or text(part["thinking"]) for part in content)
    return content or ""


@pytest.mark.parametrize("provider", ALL)
def test_a_stream_amounts_to_the_whole_answer(provider):
    """Text, calls, thoughts and usage are the same in both, wherever this provider puts them."""
    dialect = near_openai.Dialect(provider)
    for reply in [model.Reply(text=model.TEXT, reasoning=model.REASONING),
                  model.Reply(calls=[model.Call("a", "f", {"city": "Oslo"})], finish="tool_calls")]:
        body = good(provider, stream=True, stream_options={"include_usage": True})
        whole = dialect.answer(body, reply)
        lines = b"".join(dialect.stream(body, reply)).decode().splitlines()
        events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
        choices = [choice for event in events for choice in event.get("choices", [])]
        message = whole["choices"][0]["message"]
        for name in ("content", "reasoning", "reasoning_content"):
            assert "".join(text(choice["delta"].get(name)) for choice in choices) == text(message.get(name))
        assert choices[-1]["finish_reason"] == whole["choices"][0]["finish_reason"]
        usages = [event.get("usage") or event.get("x_groq", {}).get("usage") for event in events]
        assert [usage for usage in usages if usage][-1].items() >= whole["usage"].items()


@pytest.fixture(scope="module")
def direct():
    yield from serve(True)


def test_azures_own_client_finds_its_way(direct):
    client = openai.AzureOpenAI(azure_endpoint=f"http://{direct.address}/azure", api_key="k", api_version="2024-10-21",
                                max_retries=0, _strict_response_validation=True)
    completion = client.chat.completions.create(model="gpt-4o", messages=[USER])
    assert completion.choices[0].message.content == model.TEXT
    assert azure_dialect.dialect_at("openai/deployments/a/chat/completions", "") is None
    assert azure_dialect.dialect_at("openai/v1/chat/completions", "api-version=2024-10-21") is None
    wrong = list(azure_dialect.Dialect("a").chat_violations({"model": "b", "messages": [USER]}))
    assert wrong == ["the deployment a is asked for the model b"]


def test_googles_own_client_finds_its_way(direct):
    client = google.genai.Client(
        vertexai=True, project=vertex_dialect.PROJECT, location=vertex_dialect.LOCATION,
        credentials=google.oauth2.credentials.Credentials("t"), http_options={"base_url": f"http://{direct.address}/vertex"})
    assert client.models.generate_content(model="gemini-2.5-flash", contents="hi").text == model.TEXT
    pieces = client.models.generate_content_stream(model="gemini-2.5-flash", contents="hi")
    assert "".join(piece.text or "" for piece in pieces) == model.TEXT


@pytest.mark.parametrize(("changes", "status"), [
    ({}, 200), ({"iss": "someone"}, 400), ({"scope": "less"}, 400), ({"aud": "http://elsewhere/token"}, 400), ({"exp": 1, "iat": 0}, 400)])
def test_a_token_is_given_for_a_signature_only(changes, status):
    signer = google.auth.crypt.RSASigner.from_string(vertex_dialect.KEY.read_text(), vertex_dialect.KEY_ID)
    now = int(time.time())
    claims = {"iss": vertex_dialect.EMAIL, "scope": vertex_dialect.SCOPE, "aud": "http://here/vertex/token",
              "iat": now, "exp": now + 3600, **changes}
    assertion = google.auth.jwt.encode(signer, claims).decode()
    form = f"grant_type={vertex_dialect.GRANT.replace(':', '%3A')}&assertion={assertion}"
    assert vertex_dialect.token(form, "here")[0] == status
    assert vertex_dialect.token(form[:-8], "here")[0] == 400
