/**
 * Every error that Waybill gives, in one table: the same code in REST problems, in gRPC's ErrorInfo and in
 * dead letters. `title` says what happened to anyone; `action` says what the caller can do.
 */

/** The gRPC status codes in use, by their public numbers (grpc.io/docs/guides/status-codes). */
export const grpcStatus = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/** One row of the catalogue. */
interface ErrorKind {
  grpc: keyof typeof grpcStatus;
  /** The HTTP status of the problem. */
  http: number;
  title: string;
  action: string;
}

const rows = {
  // The request as a whole.
  MALFORMED_JSON: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The body is not JSON",
    action: "Send a body that parses as JSON (RFC 8259) in UTF-8.",
  },
  INVALID_REQUEST: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The request breaks a rule",
    action: "Correct the places named in `errors`.",
  },
  DEADLINE_REQUIRED: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The call has no deadline",
    action: "Set a deadline, such as -max-time with grpcurl.",
  },
  UNAUTHENTICATED: {
    grpc: "UNAUTHENTICATED",
    http: 401,
    title: "No valid key",
    action: "Send `Authorization: Bearer <key>` with a key of your tenant.",
  },
  PERMISSION_DENIED: {
    grpc: "PERMISSION_DENIED",
    http: 403,
    title: "The key may not do this",
    action: "Use a key that may.",
  },
  ROUTE_NOT_FOUND: {
    grpc: "UNIMPLEMENTED",
    http: 404,
    title: "There is nothing at this path",
    action: "Check the path and the method against the docs.",
  },
  METHOD_NOT_ALLOWED: {
    grpc: "UNIMPLEMENTED",
    http: 405,
    title: "The path does not take this method",
    action: "Use a method of the `Allow` header.",
  },
  HEADERS_TOO_LARGE: {
    grpc: "RESOURCE_EXHAUSTED",
    http: 431,
    title: "Path, query and headers together are too large",
    action: "Keep them under 16 KiB: name fewer things at once.",
  },
  BODY_TOO_LARGE: {
    grpc: "RESOURCE_EXHAUSTED",
    http: 413,
    title: "The body is too large",
    action: "Send fewer records in one request.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    grpc: "INVALID_ARGUMENT",
    http: 415,
    title: "The body is not of a type that is read here",
    action: "Send `Content-Type: application/json` in UTF-8.",
  },
  DEPENDENCY_UNAVAILABLE: {
    grpc: "UNAVAILABLE",
    http: 503,
    title: "Something that is needed does not answer",
    action:
      "Repeat the request after Retry-After, a POST with the same Idempotency-Key. Its outcome is unknown.",
  },
  DEADLINE_EXCEEDED: {
    grpc: "DEADLINE_EXCEEDED",
    http: 503,
    title: "The request took too long",
    action:
      "Repeat the request after Retry-After, a POST with the same Idempotency-Key. Its outcome is unknown.",
  },
  IDEMPOTENCY_KEY_REUSED: {
    grpc: "INVALID_ARGUMENT",
    http: 422,
    title: "The Idempotency-Key belongs to another request",
    action: "Use a new key for a new request; repeat a request with the same body.",
  },
  IDEMPOTENCY_KEY_IN_USE: {
    grpc: "ABORTED",
    http: 409,
    title: "The first request with this Idempotency-Key is still in work",
    action: "Repeat the request after Retry-After; it gets the answer of the first.",
  },
  STREAM_ENDED: {
    grpc: "UNAVAILABLE",
    http: 503,
    title: "The stream has been open for its time, or the service stops",
    action: "Open it again, from after the last message that arrived.",
  },
  TOO_MANY_REQUESTS: {
    grpc: "RESOURCE_EXHAUSTED",
    http: 429,
    title: "More requests than are taken at once",
    action: "Repeat the request after Retry-After.",
  },
  CONFLICT: {
    grpc: "ABORTED",
    http: 409,
    title: "Somebody else changed it at the same time",
    action: "Read it again and repeat the change.",
  },
  PRECONDITION_FAILED: {
    grpc: "FAILED_PRECONDITION",
    http: 412,
    title: "It is not in the state that If-Match names",
    action: "Read it again, and repeat the change with its ETag if it is still wanted.",
  },
  INTERNAL: {
    grpc: "INTERNAL",
    http: 500,
    title: "Something went wrong here",
    action: "Report the request_id.",
  },

  // One place in a request or record.
  WRONG_TYPE: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The value has the wrong JSON type",
    action: "Send the type that the docs name.",
  },
  UNKNOWN_KEY: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The key is unknown, or set by Waybill only",
    action: "Leave it out; check its spelling.",
  },
  REQUIRED: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "A value is missing",
    action: "Send it, neither null nor empty.",
  },
  OUT_OF_RANGE: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The value is too small, too large, too short or too long",
    action: "Keep to the limits in `detail`.",
  },
  BAD_FORMAT: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The value does not have the form it must have",
    action: "Keep to the form in `detail`.",
  },
  NOT_ALLOWED: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The value is not one of the allowed ones",
    action: "Send one of those in `detail`.",
  },
  RECORD_TOO_LARGE: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The record is too large",
    action: "Split it, or shorten its texts.",
  },

  // Orders.
  ORDER_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such order",
    action: "Check the id; an order can be named by its UUID, order_nr or storefront_id.",
  },
  DUPLICATE_ORDER: {
    grpc: "ALREADY_EXISTS",
    http: 409,
    title: "Another order has this customer_identifier",
    action: "Change the order by an order update request, or choose another customer_identifier.",
  },
  ATOMIC_ABORTED: {
    grpc: "ABORTED",
    http: 409,
    title: "Nothing was created, since another record of the call was refused",
    action: "Correct the records that failed for a reason of their own and repeat the call.",
  },
  POLICIES_CONTRADICT: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The policies contradict each other",
    action: "Use another split_policy with partial_ship.",
  },

  STATUS_FORBIDS: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The order's status forbids this",
    action: "Do one of the moves that are allowed now, or leave it.",
  },
  ORDER_CHANGING: {
    grpc: "ABORTED",
    http: 409,
    title: "The order is being updated at this moment",
    action: "Repeat the call with the same request_id after a moment.",
  },
  ORDER_ON_HOLD: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The order is on hold",
    action: "Release the order first.",
  },
  REQUEST_ID_REUSED: {
    grpc: "INVALID_ARGUMENT",
    http: 422,
    title: "The request_id was used for another request",
    action: "Choose a new request_id, or repeat the request as it was.",
  },
  REQUEST_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such request",
    action: "Check the id, and whether it is an update or a cancel request.",
  },
  DUPLICATE_REQUEST: {
    grpc: "ALREADY_EXISTS",
    http: 409,
    title: "The id is in use already",
    action: "Choose another order_cancel_request_id, or leave it out.",
  },
  NO_LINES: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The order has no lines",
    action: "Add a line first.",
  },
  LINE_NOT_FOUND: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The order has no such line",
    action: "Name a line of the order by its id or by its SKU.",
  },
  QUANTITY_EXCEEDED: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "More units than can be taken from the line",
    action: "Keep to the quantity in `detail`.",
  },
  DUPLICATE_SHIPMENT: {
    grpc: "ALREADY_EXISTS",
    http: 409,
    title: "The order has a shipment with this shipment_id",
    action: "Choose another shipment_id, or repeat with the same request_id.",
  },
  SHIPMENT_NOT_FOUND: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "There is no such shipment on its way",
    action: "Name a shipment that has left and has not arrived.",
  },
  RESUME_TOKEN_EXPIRED: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The resume_token is older than what is kept",
    action: "Watch from now on, and then list the orders anew.",
  },
  RETURN_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such return",
    action: "Check the id against GET /returns.",
  },
  RETURN_CLOSED: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "Nothing of the return is expected any more",
    action: "Ask for another return if more units come back.",
  },
  SIMULATED_FAILURE: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The request failed because the sandbox was asked to fail it",
    action: "Send the request again if it is to succeed.",
  },
  SANDBOX_ONLY: {
    grpc: "PERMISSION_DENIED",
    http: 403,
    title: "This is for the sandbox only",
    action: "Set SANDBOX to true where trying things out is wanted.",
  },

  NO_STOREFRONT_ORDER: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The order did not come in an order group",
    action: "Name an order of an order group.",
  },
  PAYMENT_FORBIDS: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The payment cannot get there from where it stands",
    action: "Record a status that `detail` names, or leave it.",
  },

  // SKUs and line items.
  SKU_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such SKU",
    action: "Create the SKU first (POST /skus), or correct its name.",
  },
  DUPLICATE_SKU: {
    grpc: "ALREADY_EXISTS",
    http: 409,
    title: "Another SKU has this customer_identifier",
    action: "Change the SKU with PUT /skus, or choose another customer_identifier.",
  },
  SKU_MISMATCH: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "sku_id and sku_customer_id name different SKUs",
    action: "Send one of the two.",
  },

  SKU_RETIRED: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The SKU is retired",
    action: "Order another SKU, or bring this one back with PUT /skus.",
  },

  LINE_ITEM_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such line item",
    action: "Check the id against the lines of the order.",
  },
  LINES_CLOSED: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The order is not open any more, so its lines are closed to changes",
    action: "Change the order by an order update request (POST /order_update_requests).",
  },
  LAST_LINE: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The last line of an order cannot be deleted",
    action: "Cancel the order (POST /order_cancel_requests), or add another line first.",
  },
  HISTORY_INCOMPLETE: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The order's first events are not kept any more",
    action: "Leave the counters as they are: events are kept for 90 days.",
  },

  // Stock.
  FACILITY_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such facility",
    action: "Record the facility first (InventoryService.PutFacility), or correct its id.",
  },
  TOO_MANY_FACILITIES: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The tenant has as many facilities as one can have",
    action: "Change one of those that are there.",
  },
  LOT_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "The SKU has no such lot",
    action: "Check the id; a lot without units is forgotten.",
  },
  TOO_MANY_LOTS: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The SKU has as many lots as one can have",
    action: "Let units join a lot that is there, or use lots up first.",
  },
  INSUFFICIENT_STOCK: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "There is not enough stock",
    action: "Take fewer units, or wait until more have come in.",
  },
  REPLACEMENT_ABANDONED: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The replacement of the lines was given up",
    action: "Ask for the update again.",
  },
  BACKORDERED: {
    grpc: "FAILED_PRECONDITION",
    http: 409,
    title: "The order waits for stock",
    action: "Wait for its event, or let what is there go: backorder_policy partial_ship.",
  },

  // Callbacks.
  CALLBACK_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such registration",
    action: "Check the id against GET /callbacks.",
  },
  DUPLICATE_CALLBACK: {
    grpc: "ALREADY_EXISTS",
    http: 409,
    title: "Another registration has this url and message type",
    action: "Change that registration, or choose another url.",
  },
  REPLAY_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such replay",
    action: "Check the id; a replay is kept for 30 days.",
  },
  DELIVERY_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such delivery",
    action: "Check the id against GET /callback_deliveries; what has ended is kept for 30 days.",
  },
  URL_NOT_ALLOWED: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "Webhooks are not sent to this url",
    action: "Use https and a host with public addresses only.",
  },

  // Groupings.
  GROUPING_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "The order has no such grouping",
    action: "Check the id against GET /orders/{order}/groupings.",
  },
  GROUPING_ITEM_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "The grouping has no such item",
    action: "Check the id against the grouping's items.",
  },
  DUPLICATE_REFERENCE: {
    grpc: "ALREADY_EXISTS",
    http: 409,
    title: "Another grouping of the order has this reference",
    action: "Update that grouping, or choose another reference.",
  },
  LINE_AMBIGUOUS: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "Several lines of the order have this SKU",
    action: "Name the line by order_line_item_id.",
  },
  LINE_NAMED_TWICE: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "The grouping has two items of one line",
    action: "Send one item with the whole quantity.",
  },
  LINE_OVERASSIGNED: {
    grpc: "INVALID_ARGUMENT",
    http: 400,
    title: "More units than the line has left for groupings",
    action: "Keep to what is in no other grouping of the order.",
  },
  ORDER_GROUP_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such order group",
    action: "Check the id against GET /order_groups.",
  },
  ID_TAKEN: {
    grpc: "ALREADY_EXISTS",
    http: 409,
    title: "The id belongs to another one already",
    action: "Choose another id, or leave it out to get one.",
  },
  PROFILE_NOT_FOUND: {
    grpc: "NOT_FOUND",
    http: 404,
    title: "There is no such profile",
    action: "Check the id.",
  },
} as const satisfies Record<string, ErrorKind>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof rows;

/** The catalogue: what each code means. */
export const catalogue: Readonly<Record<ErrorCode, ErrorKind>> = rows;

/** Whether `text` is a code of the catalogue (an older or newer service may send another). */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(rows, text);
}
