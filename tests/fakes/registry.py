"""Which dialect an address speaks, and which credentials a provider wants."""

from collections.abc import Iterator

from . import (
    anthropic_dialect,
    azure_dialect,
    bedrock_dialect,
    cohere_dialect,
    gemini_dialect,
    near_openai,
    openai_dialect,
    openai_responses,
    vertex_dialect,
)

# What the gateway is configured with; the harness takes these from here by name.
KEYS = {
    "openai": "sk-fake-openai",
    "local": "sk-fake-local",
    "anthropic": "sk-ant-fake",
    "azure": "azure-fake-key",
    "bedrock": "aws/secret+key/of/the/fake",
    "cohere": "co-fake",
    "gemini": "AIza-fake-gemini",
    **{name: f"{name}-fake-key" for name in near_openai.RULES},
}
# One dialect for all addresses, where neither model nor action stands in the path.
FIXED = {
    ("anthropic", "v1/messages"): anthropic_dialect,
    ("cohere", "v2/chat"): cohere_dialect,
    ("openai", "v1/chat/completions"): openai_dialect,
    ("openai", "v1/responses"): openai_responses,
    ("local", "v1/chat/completions"): openai_dialect,
    **{(name, near_openai.path_of(name, "chat/completions")): near_openai.Dialect(name) for name in near_openai.RULES},
}


def chat_at(provider: str, path: str, query: str) -> object | None:
    """The dialect of chats at this address; `None` where there are none."""
    if provider == "azure":
        return azure_dialect.dialect_at(path, query)
    if provider == "vertex":
        return vertex_dialect.dialect_at(path, query)
    if provider == "gemini" and path.startswith("v1beta/models/"):
        name, _, action = path.removeprefix("v1beta/models/").rpartition(":")
        return gemini_dialect.Dialect(name, action) if (action, query) in vertex_dialect.ACTIONS else None
    if provider == "bedrock":
        called = bedrock_dialect.action(path)
        return bedrock_dialect if called and called[1] != "InvokeModel" else None
    return FIXED.get((provider, path)) if query == "" else None


def violations(dialect: object, body: dict, version: str, streams: bool) -> Iterator[str]:
    """What is wrong with the body of a chat; `version` is Anthropic's header."""
    if dialect is anthropic_dialect:
        return anthropic_dialect.violations(body, version)
    if dialect is bedrock_dialect:
        return bedrock_dialect.violations(body, "ConverseStream" if streams else "Converse")
    if dialect is cohere_dialect:
        return cohere_dialect.violations(body)
    return dialect.chat_violations(body)


def credentials(provider: str, headers: dict[str, str]) -> dict[str, str]:
    """The acceptable credentials: the header's name to its whole value."""
    key = KEYS.get(provider, "")
    if provider == "gemini":
        return {"x-goog-api-key": key}
    if provider == "azure":
        return {"api-key": key}
    if provider == "vertex":
        return {"authorization": f"Bearer {vertex_dialect.TOKEN}"}
    if provider == "bedrock":
        # What stands there is another one for every call: it is made once more and compared.
        return {"authorization": headers.get("authorization", "")}
    if provider == "anthropic":
        return {"authorization": f"Bearer {key}", "x-api-key": key}
    return {"authorization": f"Bearer {key}"}
