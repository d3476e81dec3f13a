import { isIP } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isAllowedAddress, urlRefusal, type GuardPolicy } from "./guard.ts";

const production = { sandbox: false };
const sandbox = { sandbox: true };

const specialAddresses: [string, ...string[]][] = [
  ["this network", "0.0.0.0", "0.255.255.255"],
  ["private", "10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"],
  ["shared by carriers", "100.64.0.1", "100.127.255.255"],
  ["link-local, with the clouds' metadata", "169.254.0.1", "169.254.169.254", "169.254.170.2"],
  ["Azure's wire server", "168.63.129.16"],
  ["protocol assignments", "192.0.0.1", "192.0.0.192"],
  ["documentation", "192.0.2.1", "198.51.100.1", "203.0.113.255"],
  ["AS112 and 6to4 relays", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.175.48.1"],
  ["benchmarks", "198.18.0.1", "198.19.255.255"],
  ["multicast", "224.0.0.1", "239.255.255.255"],
  ["reserved and broadcast", "240.0.0.1", "255.255.255.255"],
  ["IPv6 unspecified and IPv4-compatible", "::", "::2", "::7f00:1", "::127.0.0.1"],
  [
    "IPv6 that maps IPv4",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:7f00:1",
  ],
  [
    "IPv6 that translates IPv4",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001::1",
    "2001:0:7f00:1::",
  ],
  ["IPv6 discard, SRv6 and documentation", "100::1", "5f00::1", "2001:db8::1", "3fff::1"],
  ["IPv6 benchmarks, ORCHID and AS112", "2001:2::1", "2001:10::1", "2001:20::1", "2620:4f:8000::1"],
  ["IPv6 private, with AWS' metadata", "fc00::1", "fd00:ec2::254", "fdff::1"],
  ["IPv6 link-local and site-local", "fe80::1", "febf::1", "fec0::1"],
  ["IPv6 multicast", "ff02::1", "ff0e::1"],
  ["with a zone", "fe80::1%eth0", "2606:4700::1%1"],
  ["no addresses", "", "example.com", "1.2.3", "1.2.3.4.5", "[2606:4700::1]", "0x7f000001"],
];

describe("an address that is not public is refused, in the sandbox too", () => {
  it.each(specialAddresses)("%s", (_, ...addresses) => {
    for (const address of addresses) {
      expect([address, isAllowedAddress(address, production)]).toEqual([address, false]);
      expect([address, isAllowedAddress(address, sandbox)]).toEqual([address, false]);
    }
  });
});

it("an IPv4 address that is not public is refused in every form that IPv6 has for it", () => {
  const special = specialAddresses.flatMap(([, ...addresses]) => addresses.filter((one) => isIP(one) === 4));
  fc.assert(
    fc.property(fc.constantFrom(...special), fc.nat(0xffff), (address, port) => {
      const [a, b, c, d] = address.split(".").map(Number) as [number, number, number, number];
      const [high, low] = [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
      const hidden = [a, b, c, d].map((byte) => 255 - byte) as [number, number, number, number];
      const [veiledHigh, veiledLow] = [hidden[0] * 256 + hidden[1], hidden[2] * 256 + hidden[3]];
      const forms = [
        `::${address}`,
        `::ffff:${address}`,
        `::ffff:${high}:${low}`,
        `::ffff:0:${high}:${low}`,
        `64:ff9b::${high}:${low}`,
        `64:ff9b:1::${high}:${low}`,
        `2002:${high}:${low}::1`,
        `2001:0:4136:e378:8000:${port.toString(16)}:${veiledHigh.toString(16)}:${veiledLow.toString(16)}`,
        `fe80::5efe:${high}:${low}`,
        `fd00::5efe:${address}`,
      ];
      for (const form of forms) expect([form, isAllowedAddress(form, sandbox)]).toEqual([form, false]);
    }),
  );
});

describe("a public address is allowed", () => {
  it.each(["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"])(
    "%s",
    allowed,
  );
  it.each(["126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.0.1"])("%s", allowed);
  it.each(["172.15.255.255", "172.32.0.0", "192.167.0.1", "198.17.0.1", "223.255.255.255"])("%s", allowed);
  it.each(["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "2001:200::1"])("%s", allowed);

  function allowed(address: string) {
    expect(isAllowedAddress(address, production)).toBe(true);
    expect(isAllowedAddress(address, sandbox)).toBe(true);
  }
});

it.each(["127.0.0.1", "127.255.255.254", "::1"])(
  "%s of this machine is allowed in the sandbox only",
  (address) => {
    expect(isAllowedAddress(address, production)).toBe(false);
    expect(isAllowedAddress(address, sandbox)).toBe(true);
  },
);

const loopbackSpellings = [
  "127.0.0.1",
  "2130706433",
  "0x7f.1",
  "0x7f000001",
  "0177.0.0.1",
  "017700000001",
  "127.1",
  "127.0.0.1.",
  "①②⑦.⓪.⓪.①",
  "１２７.0.0.1",
  "%31%32%37.0.0.1",
  "[::1]",
  "[0:0:0:0:0:0:0:1]",
  "localhost",
  "LOCALHOST",
];

describe("no spelling of this machine passes", () => {
  const never = [
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "0.0.0.0",
    "0",
    "localhost.",
    "a.localhost",
  ];
  it.each([...loopbackSpellings, ...never])("%s", (host) => {
    expect(urlRefusal(`https://${host}/hook`, production)).not.toBeNull();
    expect(urlRefusal(`https://${host}:8443/`, production)).not.toBeNull();
  });
  it.each(never)("%s, in the sandbox either", (host) =>
    expect(urlRefusal(`http://${host}/hook`, sandbox)).not.toBeNull(),
  );
});

it.each(loopbackSpellings)("the sandbox allows %s", (host) =>
  expect(urlRefusal(`http://${host}:9000/hook?a=b`, sandbox)).toBeNull(),
);

describe("a url is refused", () => {
  it.each([
    ["http", "http://example.com/hook"],
    ["another protocol", "ftp://example.com/"],
    ["a script", "javascript:alert(1)"],
    ["a file", "file:///etc/passwd"],
    ["not absolute", "/hook"],
    ["no url", "example.com"],
    ["without a host", "https://"],
    ["with a user", "https://user@example.com/"],
    ["with a password", "https://user:pw@example.com/"],
    ["with an empty user", "https://@example.com/"],
    ["with backslashes", "https:\\\\user@example.com/"],
    ["with a fragment", "https://example.com/#part"],
    ["with an empty fragment", "https://example.com/#"],
    ["a single label", "https://mongodb/"],
    ["a name that ends in a dot", "https://example.com./"],
    ["an inner name", "https://metadata.google.internal/"],
    ["a name of the local network", "https://printer.local/"],
    ["metadata by number", "https://2852039166/latest/"],
    ["private IPv6", "https://[fd00:ec2::254]/"],
    ["2,049 characters", `https://example.com/${"x".repeat(2_029)}`],
  ])("%s", (_, url) => expect(urlRefusal(url, production)).not.toBeNull());

  it.each(["http://10.0.0.1/", "http://169.254.169.254/latest/", "http://[fe80::1]/", "http://mongodb/"])(
    "in the sandbox: %s",
    (url) => expect(urlRefusal(url, sandbox)).not.toBeNull(),
  );
});

describe("a url is allowed", () => {
  it.each([
    "https://example.com/hook",
    "https://EXAMPLE.com:8443/hook?x=1&mail=a@b.c",
    "https://müller.example/",
    "https://1.1.1.1/hook",
    "https://[2606:4700:4700::1111]/hook",
    `https://example.com/${"x".repeat(2_028)}`,
  ])("%#", (url) => expect(urlRefusal(url, production)).toBeNull());

  it("over http in the sandbox", () => expect(urlRefusal("http://example.com/", sandbox)).toBeNull());
});

describe("a port", () => {
  const refusalOf = (port: number, policy: GuardPolicy = production) =>
    urlRefusal(`https://example.com:${port}/`, policy);
  it.each([443, 1_024, 8_443, 65_535])("%i is allowed", (port) => expect(refusalOf(port)).toBeNull());
  it.each([0, 22, 25, 80, 1_023, 5_432, 6_379, 9_092, 27_017])(
    "%i is refused, but for the sandbox",
    (port) => {
      expect(refusalOf(port)).toMatch(/port/);
      expect(refusalOf(port, { sandbox: true })).toBeNull();
    },
  );
});
