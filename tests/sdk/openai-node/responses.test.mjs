// Responses through the official Node client: from a provider that serves them, and from those that do not.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { TEXT, client, fakes, tag } from "./client.mjs";

const MODELS = ["openai/gpt-4o-mini", "local/llama", "anthropic/claude-haiku-4-5"];
const WEATHER = {
  type: "function",
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
  strict: true,
};

for (const model of MODELS) {
  test(`${model}: a response`, async () => {
    const response = await client.responses.create({ model, input: "Where?", instructions: "Be brief." });
    assert.equal(response.output_text, TEXT);
    assert.equal(response.status, "completed");
    assert.equal(response.usage.total_tokens, 30);
    assert.match(response._request_id, /^[0-9a-f-]{36}$/);
  });

  test(`${model}: events, cut between the bytes of a sign`, async () => {
    for (const chop of [0, 1, 7]) {
      const stream = client.responses.stream({ model, input: `[fake chop=${chop}]` });
      let text = "";
      let next = 0;
      for await (const event of stream) {
        assert.equal(event.sequence_number, next++);
        if (event.type === "response.output_text.delta") text += event.delta;
      }
      assert.equal(text, TEXT);
      assert.equal((await stream.finalResponse()).output_text, TEXT);
    }
  });

  test(`${model}: parallel tools and their results`, async () => {
    const input = [{ role: "user", content: "Oslo and Zürich? [fake scenario=tools]" }];
    const asked = await client.responses.stream({ model, input, tools: [WEATHER] }).finalResponse();
    const calls = asked.output.filter((item) => item.type === "function_call");
    assert.deepEqual(calls.map((call) => JSON.parse(call.arguments).city), ["Oslo", "Zürich"]);
    const results = calls.map((call) => ({ type: "function_call_output", call_id: call.call_id, output: "snow" }));
    const history = [...input, ...asked.output.map(({ parsed_arguments, ...item }) => item), ...results];
    const response = await client.responses.create({ model, tools: [WEATHER], input: history });
    assert.equal(response.output_text, "Oslo: snow; Zürich: snow");
  });

  test(`${model}: structured output`, async () => {
    const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
    const response = await client.responses.parse({
      model, input: "Where?", text: { format: { type: "json_schema", name: "place", strict: true, schema } },
    });
    assert.deepEqual(response.output_parsed, { city: "Zürich" });
  });

  test(`${model}: breaking out of the events ends the call upstream`, async () => {
    const mine = tag();
    const stream = await client.responses.create({ model, input: `[fake fault=hold tag=${mine}]`, stream: true });
    for await (const event of stream) {
      assert.equal(event.type, "response.created");
      break;
    }
    const calls = await fakes("wait", { tag: mine, ending: "left" });
    assert.deepEqual(calls.map((call) => call.ending), ["left"]);
  });

  test(`${model}: errors have their classes`, async () => {
    for (const [marker, kind] of [["fault=overflow", OpenAI.BadRequestError], ["status=429", OpenAI.RateLimitError]]) {
      await assert.rejects(client.responses.create({ model, input: `[fake ${marker}]` }), kind);
    }
  });
}

test("no response is kept", async () => {
  const made = await client.responses.create({ model: MODELS[1], input: "hi" });
  await assert.rejects(client.responses.retrieve(made.id), OpenAI.NotFoundError);
});
