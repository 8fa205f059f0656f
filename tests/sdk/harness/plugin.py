"""For pytest (`-p harness.plugin`): one stack for the session, and no test may make a provider see a bad request."""

import pytest

from . import Stack
from .stack import UPSTREAM_MODELS

DIALECTS = ["openai", "anthropic", "bedrock"]


@pytest.fixture(scope="session")
def stack():
    with Stack() as running:
        yield running


@pytest.fixture(params=DIALECTS)
def upstream(request) -> str:
    """The provider behind the gateway."""
    return request.param


@pytest.fixture
def model(upstream) -> str:
    return UPSTREAM_MODELS[upstream]


@pytest.fixture
def tag(stack) -> str:
    return stack.tag()


@pytest.fixture(autouse=True)
def providers_accept_every_call(stack):
    before = len(stack.violations())
    yield
    broken = stack.violations()[before:]
    assert not broken, [(call["provider"], call["violations"], call["body"]) for call in broken]
