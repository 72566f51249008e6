import { z } from "zod";
import type { Usage, UsageAmounts } from "../../domain/access/usage.ts";
import { invalidAt } from "../../domain/errors.ts";
import type { Caller } from "../admission/caller.ts";
import { parse } from "../admission/parse.ts";
import type { Deps } from "../deps.ts";
import { parseTenantId } from "./change-tenant.ts";

const Range = z.object({
  from: z.iso.date("must be a day such as 2026-01-31"),
  to: z.iso.date("must be a day such as 2026-01-31"),
});
const DAY_MS = 86_400_000;
const mostDays = 400;

const none: UsageAmounts = { computeSeconds: 0, jobs: 0, predictions: 0, predictedRows: 0 };

/** What a tenant used on each day of UTC; left out, the last thirty days. */
export const getUsage = async (
  deps: Deps,
  _caller: Caller,
  request: { id: string; from?: string | undefined; to?: string | undefined },
): Promise<Usage> => {
  const tenant = parseTenantId(request.id);
  const to = request.to ?? deps.now().toISOString().slice(0, 10);
  const monthBefore = (): string => {
    const ms = Date.parse(to) - 29 * DAY_MS;
    return Number.isNaN(ms) ? "" : new Date(ms).toISOString().slice(0, 10);
  };
  const range = parse(Range, { from: request.from ?? monthBefore(), to }, { base: "/query" });
  const [first, last] = [Date.parse(range.from) / DAY_MS, Date.parse(range.to) / DAY_MS];
  if (first > last) throw invalidAt("/query/from", `must be no later than ${range.to}`);
  if (last - first >= mostDays) throw invalidAt("/query/from", `must be within ${mostDays} days before ${range.to}`);
  const days = await deps.access.usage(tenant, first, last);
  const sum = (name: keyof UsageAmounts): number => days.reduce((total, day) => total + day[name], 0);
  const totals = Object.fromEntries(Object.keys(none).map((name) => [name, sum(name as keyof UsageAmounts)]));
  const storedBytes = await deps.artifacts.usedBytes(`${tenant}/`);
  return { tenant, ...range, ...none, ...totals, storedBytes, days };
};
