// Messages through Anthropic's official Node client, answered by a provider of either dialect.

import assert from "node:assert/strict";
import { test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";

const TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done.";
const client = new Anthropic({
  baseURL: new URL(process.env.FLOOPY_URL).origin, apiKey: process.env.FLOOPY_KEY, maxRetries: 0,
});
const WEATHER = {
  name: "get_weather",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const user = (content) => ({ role: "user", content });
const said = (message) => message.content.filter((block) => block.type === "text").map((block) => block.text).join("");

for (const model of ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"]) {
  const whole = (body) => client.messages.create({ model, max_tokens: 500, ...body });
  const streamed = (body) => client.messages.stream({ model, max_tokens: 500, ...body }).finalMessage();

  for (const [form, ask] of [["whole", whole], ["streamed", streamed]]) {
    test(`${model}, ${form}: text`, async () => {
      const message = await ask({ messages: [user("Where? [fake chop=7]")], system: "Be brief." });
      assert.equal(said(message), TEXT);
      assert.equal(message.stop_reason, "end_turn");
      assert.equal(message.usage.input_tokens, 17);
      assert.equal(message.usage.output_tokens, 9);
    });

    test(`${model}, ${form}: parallel tools to the end`, async () => {
      const messages = [user("The weather in Oslo and Zürich? [fake scenario=tools]")];
      const asked = await ask({ messages, tools: [WEATHER] });
      const calls = asked.content.filter((block) => block.type === "tool_use");
      assert.deepEqual(calls.map((call) => call.input), [{ city: "Oslo" }, { city: "Zürich" }]);
      const results = calls.map((call) => ({ type: "tool_result", tool_use_id: call.id, content: "snow" }));
      messages.push({ role: "assistant", content: asked.content }, user(results));
      assert.equal(said(await ask({ messages, tools: [WEATHER] })), "Oslo: snow; Zürich: snow");
    });

    test(`${model}, ${form}: errors have their classes`, async () => {
      await assert.rejects(ask({ messages: [user("[fake status=400]")] }), (error) => {
        assert.ok(error instanceof Anthropic.BadRequestError);
        assert.equal(error.error.error.type, "invalid_request_error");
        return true;
      });
    });
  }

  test(`${model}: who stops reading stops the provider`, async () => {
    const stream = await client.messages.create({
      model, max_tokens: 500, stream: true, messages: [user(`[fake fault=hold tag=anthropic-node-${model.length}]`)],
    });
    for await (const event of stream) {
      if (event.type === "content_block_delta") break;
    }
    const query = new URLSearchParams({ tag: `anthropic-node-${model.length}`, ending: "left" });
    const calls = await (await fetch(`${process.env.FAKES_URL}/_fake/wait?${query}`)).json();
    assert.equal(calls.length, 1);
  });
}
