import { Command } from "commander";
import { parseConfig, StartError } from "../config.ts";
import { defaultTenant, TenantId } from "../domain/ids.ts";
import type { Scope } from "../usecases/admission/operations.ts";
import { deriveSecret } from "../webhooks/signature.ts";
import { addApiKey, revokeApiKey } from "./keys/api-key-file.ts";
import { readApiKeys } from "./keys/api-keys.ts";
import { readWebhookSecrets } from "./keys/webhook-secret.ts";

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const file = (): string => {
  const path = process.env.API_KEYS_FILE;
  if (path === undefined || path === "") throw new StartError("API_KEYS_FILE: set it to the file that keeps the keys");
  return path;
};

const parseTenant = (text: string): TenantId => {
  const named = TenantId.safeParse(text);
  if (named.success) return named.data;
  throw new StartError(`--tenant ${text}: ${named.error.issues[0]?.message ?? "is not valid"}`);
};

const knownScopes: readonly Scope[] = ["read", "submit", "admin", "operator"];

/** With blanks or commas between them. */
const parseScopes = (texts: readonly string[]): Scope[] =>
  texts
    .flatMap((text) => text.split(","))
    .map((name) => {
      const scope = knownScopes.find((known) => known === name);
      if (scope === undefined)
        throw new StartError(`--scopes ${name}: there is no such scope; there are ${knownScopes.join(", ")}`);
      return scope;
    });

const command = new Command("keys").description(
  "API keys of the file that API_KEYS_FILE names, and the secrets that webhooks are signed with",
);

command
  .command("create <id>")
  .description("make a key and show it once")
  .requiredOption("--tenant <tenant>", "whose resources it opens")
  .option("--scopes <scopes...>", `some of ${knownScopes.join(", ")}`, ["read", "submit"])
  .action(async (id: string, { tenant, scopes }: { tenant: string; scopes: string[] }) => {
    const key = await addApiKey(file(), { id, tenant: parseTenant(tenant), scopes: parseScopes(scopes) });
    process.stderr.write("Keep it now: it is not stored and cannot be shown again.\n");
    say(key);
  });

command
  .command("list")
  .description("one key a line: its id, tenant and scopes, with tabs between them")
  .action(async () => {
    for (const { id, tenant, scopes } of await readApiKeys(file())) say(`${id}\t${tenant}\t${scopes.join(",")}`);
  });

command
  .command("revoke <id>")
  .description("take a key away; running servers notice within two seconds")
  .action((id: string) => revokeApiKey(file(), id));

command
  .command("webhook-secret")
  .description("show a tenant's secret, by which its receivers know that a webhook is genuine")
  .option("--tenant <tenant>", "whose jobs", defaultTenant)
  .action(async ({ tenant }: { tenant: string }) => {
    const owner = parseTenant(tenant);
    const [newest] = await readWebhookSecrets(parseConfig(process.env));
    if (newest === undefined)
      throw new StartError("WEBHOOK_SECRET: set it as the API has it, or DATA_DIR to the folder of npm start");
    say(deriveSecret(newest, owner));
  });

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`keys: ${error.message}\n`);
  process.exitCode = 1;
}
