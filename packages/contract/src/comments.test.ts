import { describe, expect, it } from "vitest";
import { commentOf } from "./comments.ts";
import { descriptors } from "./descriptors.ts";
import { methods } from "./methods.ts";

describe("comments of the protos", () => {
  it("are told of messages, fields and methods, in one line", () => {
    const order = descriptors.getMessage("waybill.orders.v1.Order")!;
    expect(commentOf(order)).toMatch(
      /^An order, as it is sent and as it is shown\. An address needs its name, /,
    );
    const field = order.fields.find(({ name }) => name === "priority")!;
    expect(commentOf(field)).toBe("1 (first) to 999; default 100.");
    const method = methods.find(({ name }) => name === "getOrder")!;
    expect(commentOf(method.desc)).toBe("One order with its lines. Errors: `ORDER_NOT_FOUND`.");
    expect(commentOf(method.desc.parent)).toBe("Orders from creation to delivery (001 Orders).");
  });

  it("are empty where the proto has none", () => {
    const bare = descriptors.getMessage("waybill.orders.v1.GetOrderRequest")!;
    expect(commentOf(bare)).toBe("");
  });

  it("are there for every method that REST reaches", () => {
    const silent = methods.filter(({ routes, desc }) => routes.length > 0 && commentOf(desc) === "");
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});
