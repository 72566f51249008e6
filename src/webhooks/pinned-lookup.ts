import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import type { AddressPolicy } from "./address-policy.ts";
import type { Resolve } from "./resolve.ts";

/** What a refused address is told as. Not which one it was: that would show the inside of a network to who may only name hosts. */
export const REFUSED = "EREFUSEDADDRESS";

const refusal = (): NodeJS.ErrnoException => Object.assign(new Error("not a public address"), { code: REFUSED });

/**
 * The lookup of one connection: the addresses that were checked are the ones that are tried, so an answer that changes between
 * check and connection (DNS rebinding) gains nothing. One address that is not allowed refuses them all.
 */
export const createPinnedLookup =
  (policy: AddressPolicy, url: URL, resolve: Resolve): LookupFunction =>
  (hostname, options, callback) => {
    const find = async (): Promise<LookupAddress[]> => {
      const addresses = await resolve(hostname);
      if (!addresses.every(({ address }) => policy.allows(url, address))) throw refusal();
      return addresses;
    };
    find().then(
      (addresses) => {
        const [first] = addresses;
        if (first === undefined) callback(Object.assign(new Error("no address"), { code: "ENOTFOUND" }), "");
        else if (options.all === true) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, options.all === true ? [] : ""),
    );
  };
