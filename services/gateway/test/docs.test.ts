import { catalogue } from "@waybill/errors/catalogue.ts";
import type { RpcServer } from "@waybill/rpc/server.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gateway } from "../src/service.ts";
import { startStandIn, startTestGateway } from "./stand-in.ts";

let standIn: RpcServer;
let gateway: Gateway;

beforeAll(async () => {
  standIn = await startStandIn({ requests: [], calls: [] });
  gateway = await startTestGateway(standIn.port);
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await standIn[Symbol.asyncDispose]();
});

async function read(path: string) {
  const response = await fetch(new URL(path, `http://127.0.0.1:${gateway.port}`));
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test("the OpenAPI and AsyncAPI documents are served to anyone", async () => {
  expect(JSON.parse((await read("/openapi.json")).text)).toMatchObject({ openapi: "3.1.1" });
  expect(JSON.parse((await read("/asyncapi.json")).text)).toMatchObject({ asyncapi: "3.0.0" });
});

test("every link of every guide leads to something, and every page takes only what this server has", async () => {
  const start = await read("/docs");
  expect(start.headers.get("content-security-policy")).toContain("default-src 'none'");
  const pages = linksOf(start.text).filter((link) => /^\/docs\/[\w-]+$/.test(link));
  expect(pages).toEqual(expect.arrayContaining(["/docs/quick-start", "/docs/errors", "/docs/reference"]));
  const seen = new Map<string, string>();
  for (const page of pages) {
    const { status, text } = await read(page);
    expect([page, status]).toEqual([page, 200]);
    for (const link of linksOf(text))
      if (!/^(https?|data):/.test(link)) seen.set(new URL(link, `http://x${page}`).href, page);
    expect(text).not.toMatch(/(src|rel="stylesheet" href)="https?:/);
  }
  for (const [href, page] of seen) {
    const { pathname, hash } = new URL(href);
    const { status, text } = await read(pathname);
    expect([page, href, status]).toEqual([page, href, 200]);
    if (hash) expect([page, href, text.includes(`id="${hash.slice(1)}"`)]).toEqual([page, href, true]);
  }
});

test("the type of every problem leads to a section about its code", async () => {
  const { text } = await read("/docs/errors");
  for (const code of Object.keys(catalogue)) {
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/docs/errors/${code}`, {
      redirect: "manual",
    });
    const section = answer.headers.get("location")?.split("#")[1] ?? "none";
    expect([code, text.includes(`<h2 id="${section}">${code}</h2>`)]).toEqual([code, true]);
  }
  expect((await read("/docs/errors/NOTHING")).status).toBe(404);
});

test("nothing but the docs is served from their folders", async () => {
  for (const path of [
    "/docs/package",
    "/docs/assets/package.json",
    "/docs/webhooks/..%2Fpackage.json",
    "/docs/nothing",
  ]) {
    const { status, text } = await read(path);
    expect([path, status, JSON.parse(text).code]).toEqual([path, 404, "ROUTE_NOT_FOUND"]);
  }
});

function linksOf(html: string): string[] {
  return [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => link!);
}
