// Files and batches through the official Node client.

import assert from "node:assert/strict";
import { test } from "node:test";
import OpenAI, { toFile } from "openai";
import { TEXT, client, user } from "./client.mjs";

const line = (custom_id, model) =>
  JSON.stringify({ custom_id, method: "POST", url: "/v1/chat/completions", body: { model, messages: user("Where?") } });

async function ended(batch) {
  const deadline = Date.now() + 60_000;
  while (!["completed", "failed", "cancelled", "expired"].includes(batch.status)) {
    assert.ok(Date.now() < deadline, JSON.stringify(batch));
    await new Promise((resolve) => setTimeout(resolve, 50));
    batch = await client.batches.retrieve(batch.id);
  }
  return batch;
}

test("a file comes, is listed, given back and goes", async () => {
  const content = Buffer.from("größe\n".repeat(1000));
  const file = await client.files.create({ file: await toFile(content, "in.jsonl"), purpose: "batch" });
  assert.equal(file.bytes, content.length);
  const listed = [];
  for await (const item of client.files.list({ limit: 1, purpose: "batch" })) listed.push(item.id);
  assert.ok(listed.includes(file.id));
  const back = await client.files.content(file.id);
  assert.deepEqual(Buffer.from(await back.arrayBuffer()), content);
  assert.equal((await client.files.delete(file.id)).deleted, true);
  await assert.rejects(client.files.retrieve(file.id), OpenAI.NotFoundError);
});

test("a batch is answered", async () => {
  const input = [line("a", "local/llama"), line("b", "anthropic/claude-haiku-4-5")].join("\n");
  const file = await client.files.create({ file: await toFile(Buffer.from(input), "in.jsonl"), purpose: "batch" });
  const made = await client.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
    metadata: { job: "node" },
  });
  const batch = await ended(made);
  assert.equal(batch.status, "completed");
  assert.deepEqual(batch.request_counts, { total: 2, completed: 2, failed: 0 });
  const answers = (await (await client.files.content(batch.output_file_id)).text()).trim().split("\n").map(JSON.parse);
  assert.deepEqual(answers.map((answer) => answer.custom_id).sort(), ["a", "b"]);
  for (const answer of answers) assert.equal(answer.response.body.choices[0].message.content, TEXT);
  await assert.rejects(client.batches.cancel(batch.id), OpenAI.ConflictError);
});
