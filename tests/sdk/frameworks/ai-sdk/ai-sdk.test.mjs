// The Vercel AI SDK over Responses, which is its default, and over chat completions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, Output, embedMany, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done.";
const THOUGHT = "Two cities, two calls: Oslo und Zürich.";
const openai = createOpenAI({ baseURL: process.env.FLOOPY_URL, apiKey: process.env.FLOOPY_KEY });
const SURFACES = { responses: (name) => openai(name), chat: (name) => openai.chat(name) };
const MODELS = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "local/llama"];
const once = { maxRetries: 0 };

const weather = tool({
  description: "The weather of a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `snow in ${city}`,
});

for (const [surface, made] of Object.entries(SURFACES)) {
  for (const name of MODELS) {
    const model = made(name);
    const title = `${surface}, ${name}`;

    test(`${title}: text and usage`, async () => {
      const answer = await generateText({ ...once, model, prompt: "Where?", system: "Be brief." });
      assert.equal(answer.text, TEXT);
      assert.equal(answer.finishReason, "stop");
      assert.deepEqual([answer.usage.inputTokens, answer.usage.outputTokens], [21, 9]);
    });

    test(`${title}: a stream, cut between the bytes of a sign`, async () => {
      const answer = streamText({ ...once, model, prompt: "[fake chop=7]" });
      let text = "";
      for await (const piece of answer.textStream) text += piece;
      assert.equal(text, TEXT);
      assert.equal((await answer.usage).totalTokens, 30);
    });

    test(`${title}: parallel tools to the end, whole and streamed`, async () => {
      const asked = {
        ...once, model, prompt: "Oslo and Zürich? [fake scenario=tools]", tools: { get_weather: weather }, stopWhen: stepCountIs(3),
      };
      const whole = await generateText(asked);
      assert.equal(whole.text, "Oslo: snow in Oslo; Zürich: snow in Zürich");
      assert.equal(whole.steps.length, 2);
      const streamed = streamText(asked);
      assert.equal(await streamed.text, whole.text);
      assert.deepEqual((await streamed.steps)[0].toolCalls.map((call) => call.input.city), ["Oslo", "Zürich"]);
    });

    test(`${title}: structured output`, async () => {
      const output = Output.object({ schema: z.object({ city: z.string() }) });
      const answer = await generateText({ ...once, model, prompt: "Which?", output });
      assert.deepEqual(answer.output, { city: "Zürich" });
    });

    test(`${title}: a conversation goes on`, async () => {
      const first = await generateText({ ...once, model, prompt: "Think. [fake scenario=reasoning]" });
      assert.equal(first.text, TEXT);
      // Over Responses what was answered comes back as references to its items.
      const messages = [{ role: "user", content: "Think." }, ...first.response.messages, { role: "user", content: "And now?" }];
      assert.equal((await generateText({ ...once, model, messages })).text, TEXT);
    });

    test(`${title}: errors`, async () => {
      await assert.rejects(generateText({ ...once, model, prompt: "[fake fault=overflow]" }), (error) => {
        assert.ok(APICallError.isInstance(error), `${error}`);
        assert.equal(error.statusCode, 400);
        assert.match(error.message, /maximum context length/);
        return true;
      });
    });
  }
}

for (const name of MODELS) {
  test(`responses, ${name}: reasoning, and without the server's memory`, async () => {
    const model = openai(name);
    const providerOptions = { openai: { store: false } };
    const first = await generateText({ ...once, model, prompt: "Think. [fake scenario=reasoning]", providerOptions });
    assert.equal(first.reasoningText, THOUGHT);
    const messages = [{ role: "user", content: "Think." }, ...first.response.messages, { role: "user", content: "And now?" }];
    assert.equal((await generateText({ ...once, model, messages, providerOptions })).text, TEXT);
  });

  test(`responses, ${name}: a stream that breaks is an error`, async () => {
    const told = [];
    const answer = streamText({
      ...once, model: openai(name), prompt: "[fake fault=midstream]", onError: ({ error }) => told.push(error),
    });
    for await (const part of answer.fullStream) if (part.type === "error") told.push(part.error);
    assert.ok(told.length > 0);
  });
}

test("embeddings", async () => {
  const { embeddings } = await embedMany({ ...once, model: openai.embedding("openai/text-embedding-3-small"), values: ["a", "ü"] });
  assert.deepEqual(embeddings.map((one) => one.length), [8, 8]);
});
