import type { Command } from "commander";
import type { ListOrdersQuery, OrderSummary } from "../gen/types.ts";
import { connect, optionsOf } from "./connection.ts";
import { addCreate } from "./orders-create.ts";
import { addWatch } from "./orders-watch.ts";
import { say, sayJson, sayTable, tell, toCount } from "./terminal.ts";

const PAGE = 100;

interface ListOptions {
  status?: ListOrdersQuery["status"];
  cid?: string[];
  since?: string;
  until?: string;
  limit: string;
  all?: boolean;
  detail?: boolean;
}

/** `waybill orders`. */
export function addOrders(program: Command): void {
  const orders = program.command("orders").description("orders: create, read, follow");
  addCreate(orders);
  orders
    .command("get")
    .description("one order with its lines")
    .argument("<order>", "its id, order_nr, or storefront_id")
    .action(get);
  orders
    .command("list")
    .description("orders, the last updated first")
    .option(
      "--status <status>",
      "only these: open, atWarehouse, inProcess, packed, fulfilled, delivered, canceled",
    )
    .option("--cid <identifiers...>", "only these customer_identifiers, at most 30")
    .option("--since <time>", "updated at this time or later, such as 2026-01-31T00:00:00Z")
    .option("--until <time>", "updated before this time")
    .option("--limit <count>", "at most this many", "30")
    .option("--all", "every one, however many")
    .option("--detail", "with --json: orders with their lines, not their summaries")
    .action(list);
  addWatch(orders);
}

async function get(order: string, _options: unknown, command: Command): Promise<void> {
  const options = optionsOf(command);
  const found = await connect(options).getOrder(order);
  if (options.json) return sayJson(found);
  const { line_items, shipments, shorts, ...fields } = found;
  for (const [name, value] of Object.entries(fields)) {
    const isSaid = value !== null && value !== "" && !(Array.isArray(value) && value.length === 0);
    if (isSaid)
      say(`${name.padEnd(34)} ${typeof value === "object" ? JSON.stringify(value) : String(value)}`);
  }
  say("");
  sayTable(
    ["line", "sku", "ordered", "outstanding", "fulfilled", "shorted", "canceled", "net"],
    line_items.map((line) => [
      line.id,
      line.sku_customer_id,
      line.quantity,
      line.uom_quantity_outstanding,
      line.uom_quantity_fulfilled,
      line.uom_quantity_shorted,
      line.uom_quantity_canceled,
      line.total_net_price,
    ]),
  );
  for (const { shipment_id, tracking_number, shipment_date_time } of shipments)
    say(`shipment ${shipment_id}  ${tracking_number ?? "no tracking number"}  ${shipment_date_time}`);
  for (const { sku_customer_id, quantity, reason } of shorts)
    say(`short ${quantity} × ${sku_customer_id}: ${reason}`);
}

async function list(_options: unknown, command: Command): Promise<void> {
  const options = optionsOf<ListOptions>(command);
  const { status, cid, since, until, detail, json } = options;
  const max = options.all ? Infinity : toCount(options.limit);
  const query = definedOnly({ status, cid, sdt: since, edt: until, limit: Math.min(PAGE, max) });
  const waybill = connect(options);
  if (detail && json) return each(waybill.listOrders({ ...query, list_type: "detail" }), max, sayJson);
  const summaries = waybill.listOrders({ ...query, list_type: "summary" });
  if (json) return each(summaries, max, sayJson);
  const rows: OrderSummary[] = [];
  await each(summaries, max, (one) => rows.push(one));
  sayTable(
    ["id", "order_nr", "customer_identifier", "status", "units", "updated_at"],
    rows.map((one) => [
      one.id,
      one.order_nr,
      one.customer_identifier,
      one.substatus ? `${one.status} (${one.substatus})` : one.status,
      one.total_quantity,
      one.updated_at,
    ]),
  );
  if (rows.length === max) tell(`the first ${max}; --limit or --all shows more`);
}

async function each<Element>(
  elements: AsyncIterable<Element>,
  max: number,
  use: (element: Element) => void,
): Promise<void> {
  let count = 0;
  for await (const element of elements) {
    use(element);
    count += 1;
    if (count >= max) return;
  }
}

function definedOnly(query: {
  [Name in keyof ListOrdersQuery]: ListOrdersQuery[Name] | undefined;
}): ListOrdersQuery {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}
