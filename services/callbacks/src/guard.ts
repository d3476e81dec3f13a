import { BlockList, isIP } from "node:net";

const URL_LENGTH_MAX = 2_048;

/**
 * IPv4 that is not public: IANA's special-purpose registry, multicast, and Azure's wire server, which has
 * a public number.
 */
const SPECIAL_IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** The only range with public hosts; everything that embeds an IPv4 address or is local lies outside. */
const GLOBAL_IPV6 = ["2000::/3"];
/** Within it: Teredo, ORCHID, documentation, 6to4 and AS112, which are not hosts or embed IPv4. */
const SPECIAL_IPV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];
/** Names that resolvers keep inside a machine or network. */
const INNER_NAMES = ["localhost", "local", "internal", "intranet", "lan", "home.arpa"];

/** Ports that are allowed below PORT_MIN: that of https. */
const HTTPS_PORT = 443;
const PORT_MIN = 1_024;
/** Above it: where databases, brokers and control planes listen, which a signed POST has no business with. */
const SERVICE_PORTS = new Set([
  2375, 2376, 2379, 2380, 3306, 4444, 5432, 5672, 6379, 6443, 8086, 9092, 9200, 9300, 10_250, 11_211, 27_017,
]);

const special4 = subnets(SPECIAL_IPV4, "ipv4");
const global6 = subnets(GLOBAL_IPV6, "ipv6");
const special6 = subnets(SPECIAL_IPV6, "ipv6");
const loopback4 = subnets(["127.0.0.0/8"], "ipv4");

/** Which addresses webhooks may go to. */
export interface GuardPolicy {
  /** Also http, and this machine's own addresses: for development. Never private or link-local ones. */
  sandbox: boolean;
}

/** Whether a connection to this literal address is allowed. Anything that is no address is not. */
export function isAllowedAddress(address: string, { sandbox }: GuardPolicy): boolean {
  return isPublicAddress(address) || (sandbox && isLoopbackAddress(address));
}

/** Why webhooks are not sent to this url, as a sentence; null if they are. What names resolve to is checked when sending. */
export function urlRefusal(text: string, policy: GuardPolicy): string | null {
  if (text.length > URL_LENGTH_MAX) return `must be at most ${URL_LENGTH_MAX} characters`;
  const url = URL.parse(text);
  if (url === null) return "must be an absolute url";
  if (url.protocol !== "https:" && !(policy.sandbox && url.protocol === "http:")) return "must use https";
  // A lone "@" leaves no trace in the parsed url.
  if (url.username || url.password || /^[^/]*:[/\\]+[^/\\?#]*@/.test(text))
    return "must not hold a user or password";
  if (text.includes("#")) return "must not have a fragment";
  if (!policy.sandbox && !isAllowedPort(url.port))
    return "must use port 443, or another one from 1024 for webhooks";
  return hostRefusal(url.hostname, policy);
}

/** The port of a parsed url, which is empty if it is the protocol's own. */
function isAllowedPort(text: string): boolean {
  const port = text === "" ? HTTPS_PORT : Number(text);
  return port === HTTPS_PORT || (port >= PORT_MIN && !SERVICE_PORTS.has(port));
}

/** The host of a parsed url, where the URL standard has already turned every spelling of IPv4 into one. */
function hostRefusal(hostname: string, policy: GuardPolicy): string | null {
  const literal = hostname.replace(/^\[|\]$/g, "");
  if (isIP(literal)) return isAllowedAddress(literal, policy) ? null : "must be a public address";
  if (policy.sandbox && hostname === "localhost") return null;
  const labels = hostname.split(".");
  if (labels.at(-1) === "") return "must not end in a dot";
  const inner = INNER_NAMES.some((name) => hostname === name || hostname.endsWith(`.${name}`));
  return inner || labels.length < 2 ? "must name a public host" : null;
}

function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special4.check(address, "ipv4");
  if (family !== 6 || address.includes("%")) return false;
  return global6.check(address, "ipv6") && !special6.check(address, "ipv6");
}

function isLoopbackAddress(address: string): boolean {
  return isIP(address) === 4 ? loopback4.check(address, "ipv4") : address === "::1";
}

function subnets(ranges: readonly string[], family: "ipv4" | "ipv6"): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network, bits] = range.split("/");
    list.addSubnet(network!, Number(bits), family);
  }
  return list;
}
