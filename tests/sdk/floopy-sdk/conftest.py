"""The published client, unmodified: a base URL and a key are all it is given."""

import floopy
import pytest

TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done."


def connect(stack, key: str = "suite", **more) -> floopy.Floopy:
    return floopy.Floopy(api_key=stack.keys[key], base_url=stack.url, max_retries=0, **more)


@pytest.fixture(scope="session")
def client(stack):
    with connect(stack) as made:
        yield made


@pytest.fixture
def session(tag) -> str:
    return f"session-{tag}"


def chat(client, session: str, text: str = "Where?", model: str = "openai/gpt-4o-mini", **more):
    """One turn in a session; the answer's raw form, for its headers."""
    return client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": text}], extra_headers={"floopy-session-id": session}, **more)


def eventually(read, complete, limit: float = 5.0):
    """Decisions are committed in groups, a moment after the answer: reads until what was read is complete."""
    import threading
    import time

    deadline, pause = time.monotonic() + limit, threading.Event()
    while True:
        try:
            found = read()
        except floopy.FloopyNotFoundError:
            if time.monotonic() > deadline:
                raise
        else:
            if complete(found) or time.monotonic() > deadline:
                assert complete(found), found
                return found
        pause.wait(0.01)
