/** Of a gRPC message: larger than any batch or page; the gateway's body limit is below it. */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** How long a stream lives: then its caller opens it again, at an instance that may be younger. */
export const STREAM_MS_MAX = 5 * 60_000;

/** The streams of one server at once. */
export const STREAMS_MAX = 1_000;
