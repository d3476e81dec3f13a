import { randomUUID } from "node:crypto";
import { Agent, request } from "undici";
import { signedHeaders } from "./signed-headers.ts";

const LOOP_MS = 3_000;
/** More at a time make no loop faster. */
const IN_FLIGHT = 64;

/** What the loop makes for each post: nothing, or what no sender of webhooks can do without. */
export type PostKind = "bare" | "signed";

/**
 * Posts per second of a loop that keeps its connections alive, reads nothing, stores nothing and never tries
 * again. A signed post has an id, a body and a signature of its own, as Standard Webhooks wants; a bare one the
 * same body each time.
 */
export async function postLoop(url: string, data: object, kind: PostKind): Promise<number> {
  const agent = new Agent({ connections: IN_FLIGHT, pipelining: 1 });
  const make = kind === "bare" ? barePost(data) : () => signedPost(data);
  const endMs = performance.now() + LOOP_MS;
  let posts = 0;
  const loop = async () => {
    while (performance.now() < endMs) {
      const { headers, body } = make();
      const response = await request(url, { method: "POST", dispatcher: agent, headers, body });
      await response.body.dump();
      posts += 1;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  await agent.close();
  return posts / (LOOP_MS / 1_000);
}

interface Post {
  headers: Record<string, string>;
  body: string;
}

function barePost(data: object): () => Post {
  const headers = { "content-type": "application/json", "webhook-id": "x" };
  const post = { headers, body: JSON.stringify(data) };
  return () => post;
}

function signedPost(data: object): Post {
  const id = randomUUID();
  const body = JSON.stringify({ message_id: id, data: [data] });
  return { headers: signedHeaders(id, body), body };
}
