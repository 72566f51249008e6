import type { LookupAddress } from "node:dns";
import { lookup, Resolver } from "node:dns/promises";

/** A host's addresses, at least one; rejects with a code of Node's dns module. */
export type Resolve = (hostname: string) => Promise<LookupAddress[]>;

/** As the operating system finds them, its hosts file and search domains included: for hosts that the operator named. */
export const resolveBySystem: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true });

const QUERY_MS = 3000;

const newResolver = (): Resolver => new Resolver({ timeout: QUERY_MS, tries: 2 });

/**
 * As the name servers say: for hosts that anyone may name. The system's own lookup has two threads for the whole process; a
 * tenant whose name servers do not answer would keep everyone else's names waiting.
 */
export const createNameServerResolve =
  (open: () => Resolver = newResolver): Resolve =>
  async (hostname) => {
    const resolver = open();
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const found = answers.flatMap((answer, index) =>
      answer.status === "rejected" ? [] : answer.value.map((address) => ({ address, family: index === 0 ? 4 : 6 })),
    );
    const [first] = answers;
    if (found.length === 0 && first.status === "rejected") throw first.reason;
    return found;
  };
