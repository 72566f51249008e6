import { Command, Option } from "commander";
import { StartError } from "../config.ts";
import { TenantId } from "../domain/ids.ts";
import type { Scope } from "../usecases/operations.ts";
import { addApiKey, revokeApiKey } from "./api-key-file.ts";
import { readApiKeys } from "./api-keys.ts";

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const file = (): string => {
  const path = process.env.API_KEYS_FILE;
  if (path === undefined || path === "") throw new StartError("API_KEYS_FILE: set it to the file that keeps the keys");
  return path;
};

const command = new Command("keys").description("API keys of the file that API_KEYS_FILE names");

command
  .command("create <id>")
  .description("make a key and show it once")
  .requiredOption("--tenant <tenant>", "whose resources it opens")
  .addOption(new Option("--scopes <scopes...>").choices(["read", "submit", "admin"]).default(["read", "submit"]))
  .action(async (id: string, { tenant, scopes }: { tenant: string; scopes: Scope[] }) => {
    const named = TenantId.safeParse(tenant);
    if (!named.success) throw new StartError(`--tenant ${tenant}: ${named.error.issues[0]?.message ?? "is not valid"}`);
    const key = await addApiKey(file(), { id, tenant: named.data, scopes });
    process.stderr.write("Keep it now: it is not stored and cannot be shown again.\n");
    say(key);
  });

command.command("list").action(async () => {
  for (const { id, tenant, scopes } of await readApiKeys(file())) say(`${id}\t${tenant}\t${scopes.join(",")}`);
});

command
  .command("revoke <id>")
  .description("running servers notice within two seconds")
  .action((id: string) => revokeApiKey(file(), id));

try {
  await command.parseAsync();
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`keys: ${error.message}\n`);
  process.exitCode = 1;
}
