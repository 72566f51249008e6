import { describe, expect, it } from "vitest";
import { createAddressPolicy, isPublicAddress } from "../../src/webhooks/address-policy.ts";
import { privateAddresses, publicAddresses } from "./private-addresses.ts";

const toUrl = (address: string): URL => new URL(`https://${address.includes(":") ? `[${address}]` : address}/hook`);

describe("addresses of webhooks", () => {
  const policy = createAddressPolicy([]);

  it.each(Object.entries(privateAddresses))("refuses %s: %j", (_range, addresses) => {
    for (const address of addresses) {
      expect([address, isPublicAddress(address)]).toEqual([address, false]);
      expect([address, policy.refusalOf(toUrl(address))]).toEqual([address, "must be a public address"]);
      expect(policy.allows(new URL("https://example.com/"), address)).toBe(false);
    }
  });

  it("allows what stands on the internet", () => {
    for (const address of publicAddresses) {
      expect([address, isPublicAddress(address), policy.refusalOf(toUrl(address))]).toEqual([address, true, null]);
    }
    expect(policy.refusalOf(new URL("https://example.com/hooks?token=a"))).toBeNull();
  });

  it("is not deceived by other ways to write an address", () => {
    for (const host of [
      "0x7f.1",
      "2130706433",
      "127.1",
      "0177.0.0.1",
      "127.0.0.1.",
      "[::ffff:7f00:1]",
      "１２７.0.0.1",
    ]) {
      expect([host, policy.refusalOf(new URL(`https://${host}/`))]).toEqual([host, "must be a public address"]);
    }
    for (const host of ["localhost", "LOCALHOST", "localhost.", "a.localhost"]) {
      expect(policy.refusalOf(new URL(`https://${host}/`))).toMatch(/not this one/);
    }
    expect(isPublicAddress("example.com")).toBe(false);
  });

  it("refuses plain http and the ports of other services", () => {
    expect(policy.refusalOf(new URL("http://example.com/"))).toBe("must be a URL of https://");
    for (const port of [22, 25, 53, 110, 514, 1023]) {
      expect(policy.refusalOf(new URL(`https://example.com:${port}/`))).toMatch(/^port \d+ is not allowed/);
    }
    for (const port of [443, 1024, 8443, 65_535]) {
      expect(policy.refusalOf(new URL(`https://example.com:${port}/`))).toBeNull();
    }
  });

  it("makes exceptions for the hosts it is told, and for no other", () => {
    const some = createAddressPolicy(["127.0.0.1", "Hooks.Internal", "*.corp.example", "[::1]"]);
    for (const url of [
      ...["http://127.0.0.1:25/", "http://hooks.internal/", "http://a.b.corp.example/", "http://[::1]:8080/"],
    ]) {
      expect([url, some.refusalOf(new URL(url))]).toEqual([url, null]);
      expect(some.allows(new URL(url), "10.0.0.1")).toBe(true);
    }
    for (const url of [
      "http://127.0.0.2/",
      "http://evilhooks.internal/",
      "http://corp.example/",
      "http://xcorp.example/",
    ]) {
      expect(some.refusalOf(new URL(url))).not.toBeNull();
      expect(some.allows(new URL(url), "10.0.0.1")).toBe(false);
    }
    expect(createAddressPolicy(["*"]).refusalOf(new URL("http://10.0.0.1:25/"))).toBeNull();
  });
});
