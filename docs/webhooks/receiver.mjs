// A receiver of orderEvent webhooks that misses nothing: what does not follow the last webhook of its order is
// fetched from GET /orders/{order}/events. Node alone, nothing to install:
//
//   WEBHOOK_SECRET=whsec_… WAYBILL=http://127.0.0.1:8080 KEY=sandbox_… PORT=9300 node receiver.mjs
//
// What it remembers should live in your database, in the transaction that does the work.
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { isGenuine } from "./verify.mjs";

const { WEBHOOK_SECRET, WAYBILL, KEY, PORT = "9300" } = process.env;
const MESSAGE_TYPE = "orderEvent";
const BODY_BYTES_MAX = 2 * 1024 * 1024;
const FETCH_MS_MAX = 5_000;

/** The sequence of the last event that was handled, by order. */
const handled = new Map();
/** The work on each order goes one after the other. */
const turns = new Map();

const server = createServer(async (request, response) => {
  try {
    response.writeHead(await receive(request)).end();
  } catch (error) {
    // Anything but 2xx: Waybill sends it again.
    console.error(error);
    response.writeHead(500).end();
  }
});
server.listen(Number(PORT), "127.0.0.1", () => console.log(`listening on ${server.address().port}`));

async function receive(request) {
  if (Number(request.headers["content-length"]) > BODY_BYTES_MAX) return 413;
  const body = await buffer(request);
  if (!isGenuine(WEBHOOK_SECRET, request.headers, body)) return 401;
  const message = JSON.parse(body);
  if (message.message_type !== MESSAGE_TYPE) return 204;
  const order = request.headers["waybill-order-id"];
  const sequence = Number(request.headers["waybill-sequence"]);
  const previous = Number(request.headers["waybill-previous-sequence"]);
  await inTurn(order, () => take(order, sequence, previous, message.data[0]));
  return 204;
}

async function take(order, sequence, previous, data) {
  const last = handled.get(order) ?? 0;
  // Sent twice, replayed, or fetched before it arrived.
  if (sequence <= last) return;
  if (previous <= last) return handle(order, sequence, data);
  for await (const event of eventsAfter(order, last))
    if (event.message_type === MESSAGE_TYPE) handle(order, event.sequence, event.data);
}

function handle(order, sequence, data) {
  handled.set(order, sequence);
  console.log(`${order} ${sequence} ${data.status}`);
}

/** The order's events after a sequence, in their order, page by page. */
async function* eventsAfter(order, sequence) {
  for (let after = sequence; after !== null;) {
    const response = await fetch(`${WAYBILL}/orders/${order}/events?after_sequence=${after}`, {
      headers: { authorization: `Bearer ${KEY}` },
      signal: AbortSignal.timeout(FETCH_MS_MAX),
    });
    if (!response.ok) throw new Error(`GET /orders/${order}/events: ${response.status}`);
    const page = await response.json();
    yield* page.data;
    after = page.next_cursor;
  }
}

function inTurn(order, work) {
  const turn = (turns.get(order) ?? Promise.resolve()).catch(() => undefined).then(work);
  turns.set(order, turn);
  const leave = () => turns.get(order) === turn && turns.delete(order);
  turn.then(leave, leave);
  return turn;
}
