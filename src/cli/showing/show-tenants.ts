import type { AuditEntry, CreatedKey, Tenant, Usage } from "../../client/types.ts";
import { type Output, toBytes, toShort, toTable, toTime } from "../output.ts";

/** Null: none; undefined: the service's own. */
export type Limit = number | null | undefined;

const limitOf = (limit: Limit, show: (value: number) => string): string =>
  limit === undefined ? "default" : limit === null ? "any" : show(limit);

const rowOf = ({ id, suspended, quotas, keys, createdAt }: Tenant): string[] => [
  ...[id, suspended ? "suspended" : "active", limitOf(quotas.queuedJobs, String), limitOf(quotas.runningJobs, String)],
  ...[limitOf(quotas.storedBytes, toBytes), String(keys.length), toTime(createdAt)],
];
const heads = ["tenant", "state", "queued jobs", "running jobs", "stored", "keys", "created"];

export const showTenants = (output: Output, tenants: readonly Tenant[]): void =>
  output.result(tenants, () => output.say(toTable(heads, tenants.map(rowOf))));

export const showTenant = (output: Output, tenant: Tenant): void =>
  output.result(tenant, () => {
    output.say(toTable(heads, [rowOf(tenant)]));
    for (const [name, rate] of Object.entries(tenant.rates))
      if (rate !== undefined) output.say(`  ${name}: ${rate.perSecond} a second, ${rate.burst} at once`);
    if (tenant.keys.length === 0) return;
    output.say();
    const rows = tenant.keys.map(({ id, scopes, createdAt, rotatedAt, expiresAt, secrets }) => [
      ...[id, scopes.join(","), toTime(createdAt), rotatedAt === null ? "–" : toTime(rotatedAt)],
      ...[expiresAt === null ? "never" : toTime(expiresAt), String(secrets)],
    ]);
    output.say(toTable(["key", "scopes", "created", "rotated", "expires", "secrets"], rows));
  });

/** The secret alone on stdout, so that it can be piped to where it is kept. */
export const showSecret = (output: Output, key: CreatedKey): void =>
  output.result(key, () => {
    process.stderr.write("Keep it now: it is not stored and cannot be shown again.\n");
    output.say(key.secret);
  });

export const showUsage = (output: Output, usage: Usage): void =>
  output.result(usage, () => {
    const row = (name: string, { computeSeconds, jobs, predictions, predictedRows }: Omit<Usage["days"][0], "day">) => [
      ...[name, toShort(computeSeconds), String(jobs), String(predictions), String(predictedRows)],
    ];
    const rows = [...usage.days.map((day) => row(day.day, day)), row("in all", usage)];
    output.say(toTable(["day", "compute s", "jobs", "predictions", "predicted rows"], rows));
    output.say(`\nStored now: ${toBytes(usage.storedBytes)}`);
  });

export const showAudit = (output: Output, entries: readonly AuditEntry[]): void =>
  output.result(entries, () =>
    output.say(
      toTable(
        ["at", "tenant", "key", "operation", "resource", "status"],
        entries.map(({ at, tenant, key, operation, resource, status }) => [
          ...[toTime(at), tenant, key ?? "–", operation, resource ?? "–", status],
        ]),
      ),
    ),
  );
