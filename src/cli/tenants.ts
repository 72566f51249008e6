import { type Command, InvalidArgumentError } from "commander";
import type { Descent } from "../client/descent.ts";
import { DescentError } from "../client/errors.ts";
import type { Tenant, TenantChange } from "../client/types.ts";
import { CommandError } from "./command-error.ts";
import { atMost } from "./lists.ts";
import type { Output } from "./output.ts";
import { type Limit, showAudit, showSecret, showTenant, showTenants, showUsage } from "./showing/show-tenants.ts";

interface LimitOptions {
  queuedJobs?: { limit: Limit };
  runningJobs?: { limit: Limit };
  storedBytes?: { limit: Limit };
  rate?: Record<string, { perSecond: number; burst: number } | undefined>;
  suspend?: boolean;
  resume?: boolean;
}

const quotaNames = ["queuedJobs", "runningJobs", "storedBytes"] as const;

/** In an object, so that "default" is told from an option that was not given. */
const toLimit = (text: string): { limit: Limit } => {
  if (text === "any") return { limit: null };
  if (text === "default") return { limit: undefined };
  if (/^\d{1,15}$/.test(text)) return { limit: Number(text) };
  throw new InvalidArgumentError('it must be a whole number, "any" for no limit, or "default" for the service\'s');
};

const toRates = (text: string, before: LimitOptions["rate"] = {}): NonNullable<LimitOptions["rate"]> => {
  const [, name, word, perSecond, burst] =
    /^(read|predict|submit|admin)=(?:(default)|(\d+(?:\.\d+)?):(\d+))$/.exec(text) ?? [];
  if (name === undefined)
    throw new InvalidArgumentError(
      "it must be read, predict, submit or admin, as read=100:400 (a second, and at once) or read=default",
    );
  return { ...before, [name]: word === undefined ? { perSecond: Number(perSecond), burst: Number(burst) } : undefined };
};

const withLimits = (command: Command): Command =>
  command
    .option("--queued-jobs <n>", "queued and paused jobs", toLimit)
    .option("--running-jobs <n>", "jobs with trainers at a time", toLimit)
    .option("--stored-bytes <n>", "of data sets, models and checkpoints", toLimit)
    .option("--rate <class=rate>", "of each key: read=100:400, a second and at once", toRates)
    .addHelpText("after", "\nA limit is a number, any (no limit) or default (the service's).\n--rate may be repeated.");

/** What was there with what the options say in its place: the service replaces all of it. */
const changed = (
  before: Pick<Tenant, "suspended" | "quotas" | "rates"> | null,
  options: LimitOptions,
): TenantChange => {
  const quotas = { ...before?.quotas };
  for (const name of quotaNames) if (options[name] !== undefined) quotas[name] = options[name].limit;
  const suspended = options.suspend === true || (options.resume !== true && before?.suspended === true);
  return { suspended, quotas, rates: { ...before?.rates, ...options.rate } };
};

const create = async ({ tenants }: Descent, output: Output, id: string, options: LimitOptions): Promise<void> => {
  const before = await tenants.get(id).catch((error: unknown) => {
    if (error instanceof DescentError && error.code === "not_found") return null;
    throw error;
  });
  if (before !== null)
    throw new CommandError(`there is a tenant ${id} already; change it with: descent tenants limit ${id}`);
  showTenant(output, await tenants.put(id, changed(null, options)));
};

const limit = async ({ tenants }: Descent, output: Output, id: string, options: LimitOptions): Promise<void> => {
  if (Object.keys(options).length === 0)
    throw new CommandError("name a limit to set; descent tenants limit --help lists them");
  if (options.suspend === true && options.resume === true)
    throw new CommandError("--suspend and --resume exclude each other");
  showTenant(output, await tenants.put(id, changed(await tenants.get(id), options)));
};

type Act = <A extends unknown[]>(
  work: (descent: Descent, output: Output, ...rest: A) => Promise<void>,
) => (...rest: A) => Promise<void>;

const addKeyCommands = (tenants: Command, act: Act): void => {
  tenants
    .command("create-key <tenant> <key>")
    .description("make a key and show its secret, this once")
    .option("--scopes <scopes...>", "some of read, submit, admin (read submit)")
    .option("--expires <time>", "when it ends, as 2027-01-31T00:00:00Z (never)")
    .action(
      act(
        async (
          descent,
          output,
          tenant: string,
          id: string,
          { scopes, expires }: { scopes?: string[]; expires?: string },
        ) => {
          const all = scopes?.flatMap((text) => text.split(","));
          const key = { id, ...(all === undefined ? {} : { scopes: all }), expiresAt: expires ?? null };
          showSecret(output, await descent.tenants.createKey(tenant, key));
        },
      ),
    );
  tenants
    .command("rotate-key <tenant> <key>")
    .description("make a new secret under the same id, and show it, this once")
    .option("--overlap <seconds>", "for which the secrets before still open (86400)", (text) => {
      if (/^\d{1,9}$/.test(text)) return Number(text);
      throw new InvalidArgumentError("it must be a whole number of seconds");
    })
    .action(
      act(async (descent, output, tenant: string, key: string, { overlap }: { overlap?: number }) => {
        const options = overlap === undefined ? {} : { overlapSeconds: overlap };
        showSecret(output, await descent.tenants.rotateKey(tenant, key, options));
      }),
    );
  tenants
    .command("revoke-key <tenant> <key>")
    .description("from the next request on it opens nothing")
    .action(
      act(async (descent, output, tenant: string, key: string) => {
        await descent.tenants.revokeKey(tenant, key);
        output.result({ tenant, revoked: key }, () => output.say(`Revoked ${key} of ${tenant}`));
      }),
    );
};

/** `descent tenants …`, for operators. */
export const addTenantCommands = (program: Command, act: Act, toCount: (text: string) => number): void => {
  const tenants = program
    .command("tenants [id]")
    .description("list tenants, or show one with its keys; needs a key with the scope operator, as all that follows")
    .option("--limit <n>", "so many", toCount, 100)
    .action(
      act(async (descent, output, id: string | undefined, { limit: most }: { limit: number }) => {
        if (id !== undefined) return showTenant(output, await descent.tenants.get(id));
        showTenants(output, await atMost(most, descent.tenants.list));
      }),
    );
  withLimits(tenants.command("create <id>").description("record a tenant; what is left out is the service's")).action(
    act(create),
  );
  withLimits(tenants.command("limit <id>").description("change what a tenant may; what is left out stays"))
    .option("--suspend", "refuse its keys")
    .option("--resume", "take its keys again")
    .action(act(limit));
  addKeyCommands(tenants, act);
  tenants
    .command("usage <id>")
    .description("show what a tenant used, by day of UTC")
    .option("--from <day>", "the first, as 2026-01-01 (thirty days ago)")
    .option("--to <day>", "the last, as 2026-01-31 (today)")
    .action(
      act(async (descent, output, id: string, days: { from?: string; to?: string }) =>
        showUsage(output, await descent.tenants.usage(id, days)),
      ),
    );
  tenants
    .command("audit")
    .description("show who changed what, or was refused it, of all tenants, newest first")
    .option("--limit <n>", "so many", toCount, 50)
    .action(
      act(async (descent, output, own: { limit: number }) => {
        // Wherever it stands, commander gives a --limit to the first command that has one.
        const { limit: most } = tenants.getOptionValueSource("limit") === "cli" ? tenants.opts<typeof own>() : own;
        showAudit(output, await atMost(most, descent.tenants.audit));
      }),
    );
};
