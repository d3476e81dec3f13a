/** Of a gRPC message: larger than any batch or page; the gateway's body limit is below it. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
