// Embeddings, models and errors through the official Node client.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI from "openai";
import { TEXT, client, user } from "./client.mjs";

test("embeddings: the client asks for base64 and decodes it", async () => {
  const input = ["a", "ü"];
  const model = "openai/text-embedding-3-small";
  const packed = await client.embeddings.create({ model, input });
  const plain = await client.embeddings.create({ model, input, encoding_format: "float" });
  assert.equal(packed.data.length, 2);
  assert.deepEqual(packed.data.map((item) => item.embedding), plain.data.map((item) => item.embedding));
  assert.equal(plain.data[0].embedding.length, 8);
});

test("models are listed and found", async () => {
  const listed = [];
  for await (const model of client.models.list()) listed.push(model.id);
  assert.ok(listed.includes("openai/gpt-4o-mini"));
  assert.equal((await client.models.retrieve("openai/gpt-4o-mini")).id, "openai/gpt-4o-mini");
  await assert.rejects(client.models.retrieve("openai/none"), OpenAI.NotFoundError);
});

const REFUSALS = [
  ["status=400", "openai/gpt-4o-mini", OpenAI.BadRequestError],
  ["fault=overflow", "anthropic/claude-haiku-4-5", OpenAI.BadRequestError, "context_length_exceeded"],
  ["status=429", "openai/gpt-4o", OpenAI.RateLimitError, "provider_rate_limited"],
  ["status=529", "anthropic/claude-opus-4-6", OpenAI.InternalServerError],
  ["", "no-such-model", OpenAI.NotFoundError, "model_not_found"],
];

for (const [marker, model, kind, code] of REFUSALS) {
  test(`errors: ${marker || "an unknown model"} is a ${kind.name}`, async () => {
    await assert.rejects(client.chat.completions.create({ model, messages: user(`[fake ${marker}]`) }), (error) => {
      assert.ok(error instanceof kind, `${error}`);
      assert.match(error.requestID, /^[0-9a-f-]{36}$/);
      if (code) assert.equal(error.code, code);
      return true;
    });
  });
}

test("errors: a wrong key", async () => {
  const stranger = new OpenAI({ baseURL: process.env.FLOOPY_URL, apiKey: `fl_${"N".repeat(43)}`, maxRetries: 0 });
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});

test("a stream that breaks in the middle raises, and what came before it stands", async () => {
  const stream = await client.chat.completions.create({
    model: "openai/gpt-4o", messages: user("[fake fault=midstream]"), stream: true,
  });
  let text = "";
  await assert.rejects(async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  }, OpenAI.APIError);
  assert.ok(text.length > 0 && TEXT.startsWith(text));
});
