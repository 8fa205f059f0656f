"""Instructor's modes: an object of a type, by a forced tool or by a schema."""

import instructor
import pytest
from openai import OpenAI
from pydantic import BaseModel


class City(BaseModel):
    city: str


@pytest.mark.parametrize("mode", [instructor.Mode.TOOLS, instructor.Mode.JSON_SCHEMA])
def test_an_object_of_a_type(stack, model, mode):
    with OpenAI(base_url=stack.url, api_key=stack.key, max_retries=0) as plain:
        client = instructor.from_openai(plain, mode=mode)
        made = client.chat.completions.create(
            model=model, response_model=City, messages=[{"role": "user", "content": "Which?"}], max_retries=0)
    assert isinstance(made, City) and made.city == "Zürich"
