"""The official client under strict validation: whatever is off-schema raises."""

import anthropic
import pytest

TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done."


@pytest.fixture(scope="session")
def client(stack):
    with anthropic.Anthropic(base_url=f"http://{stack.address}", api_key=stack.key, max_retries=0,
                             _strict_response_validation=True) as made:
        yield made


def user(content) -> list[dict]:
    return [{"role": "user", "content": content}]


def whole(client, model: str, messages: list[dict], **more):
    return client.messages.create(model=model, messages=messages, max_tokens=500, **more)


def streamed(client, model: str, messages: list[dict], **more):
    """What the SDK's own accumulator makes of the stream."""
    with client.messages.stream(model=model, messages=messages, max_tokens=500, **more) as stream:
        return stream.get_final_message()


@pytest.fixture(params=[whole, streamed])
def ask(request):
    """Every answer is read twice: in one piece and as a stream."""
    return request.param
