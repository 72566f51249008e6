import ipaddr from "ipaddr.js";

/** Where webhooks may go. */
export interface AddressPolicy {
  /** Whether the operator named this URL's host: then it may be anywhere. */
  isPrivateHost(url: URL): boolean;
  /** Why this URL is refused, without asking a name server; null if it may be tried. Asked at submission and before each delivery. */
  refusalOf(url: URL): string | null;
  /** Whether a connection for this URL may be made to this address: asked for what its name stands for, at each delivery. */
  allows(url: URL, address: string): boolean;
}

/** Of IPv6 only this is given out as global unicast (RFC 4291, IANA); also leaves out ::/8, where IPv4 addresses can hide. */
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether anyone may be meant by an address: global unicast. Not loopback, private, link-local, shared (CGNAT), multicast,
 * unspecified, documentation, benchmarking or reserved, nor IPv6 forms that carry an IPv4 address (mapped, compatible, NAT64,
 * 6to4, Teredo).
 */
export const isPublicAddress = (text: string): boolean => {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== "unicast") return false;
  return address instanceof ipaddr.IPv4 || address.match(globalUnicast);
};

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");

/** `name`, `*.domain` or `*`. */
const covers = (pattern: string, host: string): boolean =>
  pattern === "*" || (pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern);

/** Below 1024 live mail, name and remote shell servers, none of which a webhook is for. */
const allowedPort = ({ port }: URL): boolean => port === "" || port === "80" || port === "443" || Number(port) >= 1024;

/**
 * Everyone on the internet over https, and `privateHosts` over http too, wherever they are: host names or addresses,
 * `*.domain` for all below it, `*` for any (development).
 */
export const createAddressPolicy = (privateHosts: readonly string[]): AddressPolicy => {
  const patterns = privateHosts.map((host) => bare(host.toLowerCase()));
  const isPrivateHost = (url: URL): boolean => patterns.some((pattern) => covers(pattern, bare(url.hostname)));
  return {
    isPrivateHost,
    refusalOf: (url) => {
      if (isPrivateHost(url)) return null;
      const host = bare(url.hostname);
      if (url.protocol !== "https:") return "must be a URL of https://";
      if (host === "localhost" || host.endsWith(".localhost")) return "must be a host on the internet, not this one";
      if (ipaddr.isValid(host) && !isPublicAddress(host)) return "must be a public address";
      if (!allowedPort(url)) return `port ${url.port} is not allowed; use 443 or one from 1024 on`;
      return null;
    },
    allows: (url, address) => isPrivateHost(url) || isPublicAddress(address),
  };
};
