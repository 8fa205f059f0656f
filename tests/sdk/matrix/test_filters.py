"""The router's gates know what the providers cannot do: a route never calls one in vain."""

import pytest

from conversation import PNG, SCHEMA, WEATHER, decision, user

BACKUP = "openai/gpt-4o-mini"
IMAGE = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": PNG}}]
FORCED = {"type": "function", "function": {"name": "get_weather"}}
# What a request asks for, and the gate that closes where that cannot be had.
NEEDS = {
    "tools": ({"tools": [WEATHER]}, "capability_tools"),
    "forced_tool": ({"tools": [WEATHER], "tool_choice": FORCED}, "capability_tools"),
    "image": ({"messages": user(IMAGE)}, "capability_vision"),
    "json_object": ({"response_format": {"type": "json_object"}}, "capability_response_schema"),
    "json_schema": ({"response_format": SCHEMA}, "capability_response_schema"),
    "json_beside_tools": ({"response_format": {"type": "json_object"}, "tools": [WEATHER]}, "capability_response_schema"),
    "schema_beside_tools": ({"response_format": SCHEMA, "tools": [WEATHER]}, "capability_response_schema"),
}


@pytest.mark.parametrize("capability", NEEDS)
def test_a_route_passes_over(client, stack, provider, capability):
    """Who cannot is filtered before anybody is called, and who can serves."""
    asked, gate = NEEDS[capability]
    request = {"messages": user("Answer as JSON."), **asked}
    raw = client.chat.completions.with_raw_response.create(model=f"{provider.model(capability)},{BACKUP}", **request)
    record = decision(stack, raw.headers["x-request-id"])
    works = provider.cell(capability).works
    assert raw.headers["floopy-provider"] == (provider.id if works else "openai")
    assert len(record["outcome"]["attempts"]) == 1
    filtered = [(one["provider"], one["reason"]) for one in record["filtered"]]
    if works:
        assert filtered == []
    else:
        # Where two things are missing, the first that was looked at is named.
        lacks_tools = not provider.cell("tools").works and "tools" in asked
        assert filtered == [(provider.id, "capability_tools" if lacks_tools else gate)]
