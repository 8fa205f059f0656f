// Chat completions through the official Node client, over both dialects.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MODELS, TEXT, client, fakes, tag, user } from "./client.mjs";

const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

for (const model of MODELS) {
  test(`${model}: text`, async () => {
    const answer = await client.chat.completions.create({ model, messages: user("Where?") });
    assert.equal(answer.choices[0].message.content, TEXT);
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.equal(answer.usage.total_tokens, 30);
    assert.match(answer._request_id, /^[0-9a-f-]{36}$/);
  });

  test(`${model}: a stream, cut between the bytes of a sign`, async () => {
    for (const chop of [0, 1, 7]) {
      const stream = await client.chat.completions.create({
        model, messages: user(`[fake chop=${chop}]`), stream: true, stream_options: { include_usage: true },
      });
      let text = "";
      let usage;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? "";
        usage = chunk.usage ?? usage;
      }
      assert.equal(text, TEXT);
      assert.equal(usage.total_tokens, 30);
    }
  });

  test(`${model}: the client's own runner plays parallel tools to the end`, async () => {
    const asked = [];
    const runner = client.chat.completions.runTools({
      model,
      messages: user("The weather in Oslo and Zürich? [fake scenario=tools]"),
      stream: true,
      tools: [{
        type: "function",
        function: {
          ...WEATHER.function,
          parse: JSON.parse,
          function: ({ city }) => { asked.push(city); return `${city.length} degrees`; },
        },
      }],
    });
    assert.equal(await runner.finalContent(), "Oslo: 4 degrees; Zürich: 6 degrees");
    assert.deepEqual(asked, ["Oslo", "Zürich"]);
  });

  test(`${model}: structured output`, async () => {
    const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
    const answer = await client.chat.completions.parse({
      model, messages: user("Where?"),
      response_format: { type: "json_schema", json_schema: { name: "place", strict: true, schema } },
    });
    assert.deepEqual(JSON.parse(answer.choices[0].message.content), { city: "Zürich" });
  });

  test(`${model}: breaking out of a stream ends the call upstream`, async () => {
    const mine = tag();
    const stream = await client.chat.completions.create({
      model, messages: user(`[fake fault=hold tag=${mine}]`), stream: true,
    });
    for await (const chunk of stream) {
      assert.equal(chunk.choices[0].delta.role, "assistant");
      break;
    }
    const calls = await fakes("wait", { tag: mine, ending: "left" });
    assert.deepEqual(calls.map((call) => call.ending), ["left"]);
  });
}
