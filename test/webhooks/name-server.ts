import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import type { AddressInfo } from "node:net";
import ipaddr from "ipaddr.js";
import { createNameServerResolve, type Resolve } from "../../src/webhooks/resolve.ts";

const A = 1;
const AAAA = 28;

/** The name asked for, in lower case, and its type (RFC 1035, 4.1.2). */
const readQuestion = (query: Buffer): { name: string; type: number; end: number } => {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join(".").toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
};

const record = (address: string): Buffer => {
  const bytes = Buffer.from(ipaddr.parse(address).toByteArray());
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(bytes.length === 4 ? A : AAAA, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
};

export interface NameServer {
  resolve: Resolve;
  /** How often each name was looked up. */
  asked: Map<string, number>;
  close(): Promise<void>;
}

/** A name server of the test's own on a real socket, which the service's own resolver asks. `addressesOf` may change its mind from one lookup to the next. */
export const startNameServer = async (addressesOf: (name: string, number: number) => string[]): Promise<NameServer> => {
  const socket = createSocket("udp4");
  const asked = new Map<string, number>();
  const known = new Map<string, string[]>();
  socket.on("message", (query, from) => {
    const { name, type, end } = readQuestion(query);
    const records = (known.get(name) ?? [])
      .filter((address) => (ipaddr.parse(address).kind() === "ipv4" ? A : AAAA) === type)
      .map(record);
    const head = Buffer.from(query.subarray(0, end));
    head.writeUInt16BE(0x8580, 2);
    head.writeUInt16BE(records.length, 6);
    head.writeUInt16BE(0, 8);
    head.writeUInt16BE(0, 10);
    socket.send(Buffer.concat([head, ...records]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([`127.0.0.1:${(socket.address() as AddressInfo).port}`]);
  const resolve = createNameServerResolve(() => resolver);
  return {
    asked,
    resolve: (name) => {
      const number = asked.get(name) ?? 0;
      asked.set(name, number + 1);
      known.set(name, addressesOf(name, number));
      return resolve(name);
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
};
