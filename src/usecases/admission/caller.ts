import type { TenantRecord } from "../../domain/access/tenant.ts";
import { ServiceError } from "../../domain/errors.ts";
import type { QuotaStanding, RateStanding } from "../../domain/fairness/rate.ts";
import { defaultTenant, type TenantId } from "../../domain/ids.ts";
import type { Span } from "../../domain/observing/tracing.ts";
import type { Origin } from "../../domain/trace.ts";
import { type Admitted, type Scope, scopeOf } from "./operations.ts";
import type { Rates } from "./rates.ts";

/** How many of the further parts of a request its rate lets in, where the caller stands then, and what the others are told. */
interface MoreCounted {
  admitted: number;
  standing: RateStanding;
  refused: ServiceError;
}

/** On whose behalf an operation runs: the first thing each use case asks for, so none can forget the tenant. */
export interface Caller {
  tenant: TenantId;
  scopes: ReadonlySet<Scope>;
  /** The API key's id for logs and rate limits; null without keys. */
  key: string | null;
  /** Of who came with an event token: the one job or study whose events it opens. */
  onlyOf?: string;
  /** Its tenant's own, as its admission read them; left out: they were not read. */
  quotas?: TenantRecord["quotas"];
  /** Counts what one request asks for beside the first; left out: nothing is counted. */
  countMore?: (count: number) => Promise<MoreCounted>;
  /** Its own, where they differ from the service's. */
  rates?: Partial<Rates>;
  /** After this request; left out: nothing is counted. */
  rate?: RateStanding;
  /** Takes where the tenant stands with a quota that this request counts against, or with a rate of which it took more; left out: nobody asks. */
  tell?: (standing: RateStanding | QuotaStanding) => void;
  /** Left out: the service itself. */
  origin?: Origin;
  /** The span of the operation; left out: nothing is traced. */
  span?: Span;
}

/** For what the caller makes. */
export const originOf = ({ origin }: Caller): { origin?: Origin } => (origin === undefined ? {} : { origin });

/**
 * The one door to the use cases: both surfaces call it with what the client presented (the `Authorization` header or
 * metadata) before every operation. It answers with the caller, or rejects with `unauthenticated`, `forbidden` or `rate_limited`.
 */
export type Admit = (operation: Admitted, authorization: string | undefined, peer: string) => Promise<Caller>;

const everything: ReadonlySet<Scope> = new Set(["read", "submit", "admin", "operator"]);

/** Without API keys: everyone who reaches the (loopback) port is the default tenant. */
export const admitEveryone: Admit = async () => ({ tenant: defaultTenant, scopes: everything, key: null });

/** `forbidden`, naming the scope that is missing. */
export const requireScope = (caller: Caller, operation: Admitted): void => {
  const scope = scopeOf(operation);
  if (!caller.scopes.has(scope)) {
    throw new ServiceError("forbidden", `this API key lacks the scope "${scope}", which ${operation} needs`);
  }
};
