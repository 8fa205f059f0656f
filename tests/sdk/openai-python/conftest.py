"""The official client under strict validation: whatever is off-schema raises."""

import openai
import pytest

TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done."


@pytest.fixture(params=["openai", "anthropic", "cohere"])
def upstream(request) -> str:
    """The provider behind the gateway: each speaks a dialect of its own."""
    return request.param


@pytest.fixture(scope="session")
def client(stack):
    with openai.OpenAI(base_url=stack.url, api_key=stack.key, max_retries=0,
                       _strict_response_validation=True) as made:
        yield made


@pytest.fixture(scope="session")
def lenient(stack):
    """Strict validation looks at base64 embeddings before they are decoded, and cannot read them."""
    with openai.OpenAI(base_url=stack.url, api_key=stack.key, max_retries=0) as made:
        yield made


def user(text: str) -> list[dict]:
    return [{"role": "user", "content": text}]


def whole(client, model: str, messages: list[dict], **more):
    return client.chat.completions.create(model=model, messages=messages, **more)


def streamed(client, model: str, messages: list[dict], **more):
    """What the SDK's own accumulator makes of the stream, usage included."""
    with client.chat.completions.stream(
        model=model, messages=messages, stream_options={"include_usage": True}, **more
    ) as stream:
        return stream.get_final_completion()


@pytest.fixture(params=[whole, streamed])
def ask(request):
    """Every answer is read twice: in one piece and as a stream."""
    return request.param
