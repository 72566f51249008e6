/** One or two of every range that is no place on the internet, by its name in the IANA registries. */
export const privateAddresses: Record<string, string[]> = {
  "this host (unspecified)": ["0.0.0.0", "0.1.2.3", "::"],
  loopback: ["127.0.0.1", "127.255.255.254", "::1"],
  "private use": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"],
  "link local, with the clouds' metadata": ["169.254.169.254", "169.254.0.1", "fe80::1", "febf::1"],
  "shared (CGNAT)": ["100.64.0.1", "100.127.255.255"],
  "unique local": ["fc00::1", "fdff:ffff::1", "fd00:ec2::254"],
  "site local (deprecated)": ["fec0::1"],
  multicast: ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
  broadcast: ["255.255.255.255"],
  "reserved, documentation, benchmarking": [
    ...["192.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255", "240.0.0.1"],
    ...["2001:db8::1", "3fff::1", "2001:2::1", "100::1", "5f00::1"],
  ],
  "6to4 relays, AS112": ["192.88.99.1", "192.31.196.1", "192.175.48.1"],
  "IPv4 mapped into IPv6": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8"],
  "IPv4 compatible (deprecated)": ["::127.0.0.1", "::8.8.8.8"],
  "IPv4 translated": ["::ffff:0:127.0.0.1"],
  NAT64: ["64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1"],
  "6to4 and Teredo": ["2002:7f00:1::1", "2002:a00:1::1", "2001::1"],
};

export const publicAddresses = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111"];
