"""Parameters, at every provider: each arrives, or its absence is recorded, or it is refused where the operator wants that."""

import json

import openai
import pytest

from conversation import TEXT, WEATHER, decision, user
from table import PARAMETERS

# What stands in the call where the value itself does not: the switch has other names.
SIGNS = {"logprobs": "logprobs", "parallel_tool_calls": "parallel_tool", "store": "store", "stop": "ENDE", "logit_bias": "4711",
         "metadata": "m-471"}


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_a_parameter(client, stack, provider, tag, parameter):
    asked = {parameter: PARAMETERS[parameter].value}
    if parameter == "parallel_tool_calls":
        asked["tools"] = [WEATHER]
    raw = client.chat.completions.with_raw_response.create(
        model=provider.model(), messages=user(f"Where? [fake tag={tag}]"), **asked)
    choices = raw.parse().choices
    assert [choice.message.content for choice in choices] == [TEXT] * (2 if parameter == "n" else 1)
    left_out = parameter in provider.leaves_out
    dropped = set(decision(stack, raw.headers["x-request-id"])["dropped_parameters"])
    # Where there are no tools at all, they are left out beside it.
    dropped -= {"tools"} if provider.cell("tools").drops else set()
    assert dropped == ({parameter} if left_out else set())
    calls = stack.calls(tag)
    sent = json.dumps([calls[0]["body"], calls[0]["headers"]])
    if parameter == "n":
        assert len(calls) == 2 or calls[0]["body"]["n"] == 2
    else:
        value = PARAMETERS[parameter].value
        assert (SIGNS.get(parameter) or str(value)).lower() in sent.lower() or left_out
        assert parameter not in calls[0]["body"] or not left_out


@pytest.mark.parametrize("parameter", [name for name, parameter in PARAMETERS.items() if name != "parallel_tool_calls"])
def test_a_parameter_that_must_not_get_lost(client, stack, provider, tag, parameter):
    """Refused where it would be left out and the answer hangs on it; what lies beside the answer never is."""
    request = {"model": provider.strict(), "messages": user(f"Where? [fake tag={tag}]"),
               parameter: PARAMETERS[parameter].value}
    if parameter not in provider.leaves_out or PARAMETERS[parameter].beside:
        assert client.chat.completions.create(**request).choices[0].message.content == TEXT
        return
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**request)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", parameter)
    assert stack.calls(tag) == []


@pytest.mark.parametrize(("parameter", "value"), [
    ("temperature", 0), ("temperature", 2), ("top_p", 1), ("max_tokens", 200_000), ("presence_penalty", -2),
    ("frequency_penalty", 2), ("stop", "ENDE"), ("stop", ["1", "2", "3", "4"])])
def test_a_value_at_the_end_of_openais_range(client, provider, parameter, value):
    """Whoever has a narrower range gets the nearest value that it takes: the fakes refuse any other."""
    request = {"model": provider.model(), "messages": user("Where?"), parameter: value}
    assert client.chat.completions.create(**request).choices[0].message.content == TEXT
