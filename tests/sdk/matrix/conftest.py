"""All twenty providers behind one gateway, and what the table says of them."""

import openai
import pytest

from harness import Stack
from table import PLAYED, Provider

@pytest.fixture(scope="session")
def stack():
    with Stack(strict_twins=True) as running:
        yield running


@pytest.fixture(scope="session")
def client(stack):
    with openai.OpenAI(base_url=stack.url, api_key=stack.key, max_retries=0, _strict_response_validation=True) as made:
        yield made


@pytest.fixture(params=PLAYED, ids=lambda provider: provider.id)
def provider(request) -> Provider:
    """Every row of the table."""
    return request.param
