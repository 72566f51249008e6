import { Command, CommanderError, Option } from "commander";
import { parseConfig, StartError } from "./config.ts";
import { environmentHelp } from "./environment-help.ts";
import { createLog } from "./main/observing/log.ts";
import { createScrub, secretsOf } from "./main/observing/scrub.ts";
import { readMachine } from "./main/processes/machine.ts";
import { misspeltVariables } from "./main/processes/misspelt-variables.ts";
import { isPart, tellParent } from "./main/processes/parent.ts";

type Role = "all" | "api" | "trainer" | "reindex";

/** Null when commander has already answered (`--help`). */
const parseRole = (argv: readonly string[]): Role | null => {
  const command = new Command("descent")
    .description("Training as a service. Without --role: a private Redis, the API and the trainers, in one terminal.")
    .addOption(new Option("--role <role>", "run one part only").choices(["all", "api", "trainer"]).default("all"))
    .option("--reindex", "rebuild Redis from the manifests in the artifact store, and end")
    .addHelpText("after", `\n${environmentHelp}`)
    .configureOutput({ outputError: () => {} })
    .exitOverride();
  try {
    const { role, reindex } = command.parse(argv).opts<{ role: Role; reindex?: boolean }>();
    return reindex === true ? "reindex" : role;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw new StartError(`${error.message.replace(/^error: /, "")}; see --help`);
  }
};

/** Neither the log nor the line of a start that fails shows a secret. */
const scrub = createScrub(secretsOf(process.env));

const run = async (): Promise<void> => {
  const role = parseRole(process.argv);
  if (role === null) return;
  const config = parseConfig(process.env, readMachine());
  const log = createLog(role === "all" ? "main" : role, config.logLevel, scrub);
  // The parts have the environment of the process that started them, which has said it.
  if (!isPart())
    for (const { name, hint } of misspeltVariables(process.env))
      log.warn({ variable: name }, `${name} is set and means nothing here; did you mean ${hint}?`);
  // Each process loads what its role needs: half of a start is reading modules.
  if (role === "api") return (await import("./main/api.ts")).runApi(config, log);
  if (role === "trainer") return (await import("./main/trainer.ts")).runTrainer(config, log);
  if (role === "reindex") return (await import("./main/reindex.ts")).runReindex(config, log);
  const { runAllInOne, scriptOf } = await import("./main/processes/all-in-one.ts");
  return runAllInOne(scriptOf(import.meta.url), config, log);
};

try {
  await run();
  process.exit(0);
} catch (error) {
  // What the user can put right is one line; a mistake of ours keeps its stack.
  const line =
    error instanceof StartError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  const shown = scrub(line);
  if (!isPart()) process.stderr.write(`descent: ${shown}\n`);
  else await tellParent({ type: "cannot_start", line: shown });
  process.exit(1);
}
