import { Partitioners } from "kafkajs";
import { describe, expect, it } from "vitest";

/** So many that hardly any two hashes share one. */
const PARTITIONS = 1_000_003;
const partitionMetadata = Array.from({ length: PARTITIONS }, (_, partitionId) => ({
  partitionId,
  leader: 0,
  partitionErrorCode: 0,
  replicas: [],
  isr: [],
}));

// The hashes of Apache Kafka's own test (UtilsTest, testMurmur2).
describe("a key's partition is the one that Java's clients choose", () => {
  it.each([
    ["21", -973932308],
    ["foobar", -790332482],
    ["a-little-bit-long-string", -985981536],
    ["a-little-bit-longer-string", -1486304829],
    ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
    ["abc", 479470107],
  ])("%s", (key, hash) => {
    const partitionOf = Partitioners.DefaultPartitioner();
    const message = { key, value: null };
    const partition = (hash & 0x7fffffff) % PARTITIONS;
    expect(partitionOf({ topic: "t", partitionMetadata, message })).toBe(partition);
  });
});
