// What every test of this suite shares: the client, a look behind the scenes, and tags.

import { randomUUID } from "node:crypto";
import OpenAI from "openai";

export const TEXT = "Oslo is the capital of Norway. Größe: 5 µm, 価格 ¥100, 🙂 done.";
export const MODELS = ["openai/gpt-4o-mini", "anthropic/claude-haiku-4-5"];

export const client = new OpenAI({ baseURL: process.env.FLOOPY_URL, apiKey: process.env.FLOOPY_KEY, maxRetries: 0 });

export const tag = () => randomUUID().slice(0, 8);
export const user = (content) => [{ role: "user", content }];

// Asks the fakes: `calls`, or `wait` for an ending.
export async function fakes(verb, query) {
  const answer = await fetch(`${process.env.FAKES_URL}/_fake/${verb}?${new URLSearchParams(query)}`);
  return answer.json();
}
