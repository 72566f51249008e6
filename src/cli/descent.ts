import { Command, CommanderError, InvalidArgumentError } from "commander";
import { createDescent, type Descent } from "../client/descent.ts";
import { DescentError } from "../client/errors.ts";
import type { JobState } from "../client/types.ts";
import { StartError } from "../config.ts";
import { ServiceError } from "../domain/errors.ts";
import { diagnose } from "../main/doctor.ts";
import { changeTypes } from "./column-types.ts";
import { CommandError } from "./command-error.ts";
import { importModel, updateModel } from "./import-model.ts";
import { listJobs, listModels, showJob, showModel } from "./lists.ts";
import { createOutput, endWithReader, type Output, toTable } from "./output.ts";
import { predict } from "./predict.ts";
import { runStudy, type StudyOptions } from "./study.ts";
import { addTenantCommands } from "./tenants.ts";
import { follow, requireSuccess, type TrainOptions, train } from "./train.ts";
import { addTableOptions } from "./with-dataset.ts";
import { writeEventFiles } from "./write-event-files.ts";

const toCount = (text: string): number => {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("it must be a whole number above 0");
};

type Work<A extends unknown[]> = (descent: Descent, output: Output, ...rest: A) => Promise<void>;

/** Gives an action the client and the output that the global options ask for. */
const withClient =
  <A extends unknown[]>(program: Command, work: Work<A>) =>
  async (...rest: A): Promise<void> => {
    const { url, json } = program.opts<{ url?: string; json?: boolean }>();
    await work(createDescent(url === undefined ? {} : { url }), createOutput(json === true), ...rest);
  };

const addJobCommands = (program: Command): void => {
  const training = program
    .command("train <file>")
    .description("upload a file (or take a data set's id), train, and show the report")
    .option("--label <column>", "the column to predict")
    .option("--task <task>", "one of those below (as the label says)")
    .option("--model <type>", "softmax, mlp, linear, k_means, … (the task's first)")
    .option("--effort <effort>", "quick, good or best, which compute more (quick)")
    .option("--name <name>", "the job's name")
    .option("--epochs <n>", "passes over the training rows")
    .option("--seed <n>", "of everything random")
    .option("--pool <pool>", "of the trainers that may run it (default)")
    .option("--spec <file>", "a JobSpec in JSON; the options above come before it")
    .option("--plan-only", "show what the job would need, and submit nothing")
    .addHelpText("after", "\nTasks: classification, regression, clustering, density_estimation,\nreconstruction")
    .action(
      withClient(program, (descent, output, file: string, options: TrainOptions) =>
        train(descent, output, file, options),
      ),
    );
  addTableOptions(training);
  program
    .command("jobs [id]")
    .description("list jobs, newest first, or show one")
    .option("--state <state>", "only those in this state")
    .option("--limit <n>", "so many", toCount, 20)
    .action(
      withClient(
        program,
        async (descent, output, id: string | undefined, options: { state?: JobState; limit: number }) => {
          if (id === undefined) await listJobs(descent, output, options);
          else showJob(output, await descent.jobs.get(id));
        },
      ),
    );
  program
    .command("watch <job>")
    .description("follow a job until it is done; with --json one event a line")
    .action(
      withClient(program, async (descent, output, id: string) => {
        const job = await follow(output, descent.jobs.watch(id), () => descent.jobs.wait(id));
        if (!output.json) showJob(output, job);
        requireSuccess(job);
      }),
    );
  program
    .command("tensorboard <id>")
    .description("write a job's or a study's curves where TensorBoard finds them")
    .option("--logdir <folder>", "what TensorBoard is started with", "runs")
    .action(
      withClient(program, (descent, output, id: string, { logdir }: { logdir: string }) =>
        writeEventFiles(descent, output, id, logdir),
      ),
    );
  for (const action of ["cancel", "pause", "resume"] as const)
    program
      .command(`${action} <job>`)
      .description(`${action} a job`)
      .action(
        withClient(program, async (descent, output, id: string) => showJob(output, await descent.jobs[action](id))),
      );
};

const addStudyCommand = (program: Command): void => {
  const search = program
    .command("study <file>")
    .description("upload a file (or take a data set's id), search for hyper-parameters, and show what was found")
    .option("--label <column>", "the column to predict")
    .option("--task <task>", "classification, regression, reconstruction (by label)")
    .option("--model <type>", "softmax, mlp, linear, … (the task's first)")
    .option("--epochs <n>", "of each trial")
    .option("--template <file>", "a JobSpec in JSON: what all trials have in common")
    .option("--trials <n>", "how many (50)")
    .option("--parallel <n>", "that wait or run at a time (4)")
    .option("--sampler <type>", "tpe, random, sobol, grid (tpe)")
    .option("--pruner <type>", "none, asha, median, racing (none)")
    .option("--seeds <n>", "trainings of each trial, whose mean counts (1)")
    .option("--seed <n>", "of the proposals")
    .option("--name <name>", "the study's name")
    .option("--spec <file>", "a StudySpec in JSON; the options above come before it")
    .option("--plan-only", "show what the study would need, and submit nothing")
    .action(
      withClient(program, (descent, output, file: string, options: StudyOptions) =>
        runStudy(descent, output, file, options),
      ),
    );
  addTableOptions(search);
};

const addModelCommands = (program: Command): void => {
  program
    .command("types <dataset> <types...>")
    .description("change column types of a data set: zip=category sold=datetime note=text; zip=inferred takes it back")
    .action(withClient(program, changeTypes));
  program
    .command("predict <model> [files...]")
    .description("predict the rows of a CSV file (- for stdin), one line of CSV for each; or pictures, in a table")
    .option("--row <json>", "a row, or a list of rows, in JSON instead of a file")
    .action(
      withClient(program, (descent, output, model: string, files: string[], { row }: { row?: string }) =>
        predict(descent, output, model, { files, row }),
      ),
    );
  const models = program
    .command("models [id]")
    .description("list models, newest first, or show one with its report")
    .option("--limit <n>", "so many", toCount, 20)
    .action(
      withClient(program, (descent, output, id: string | undefined, { limit }: { limit: number }) =>
        id === undefined ? listModels(descent, output, limit) : showModel(descent, output, id),
      ),
    );
  const stating = (command: Command): Command =>
    command
      .option("--labels <file>", "names of the output's columns, a line each or in JSON")
      .option("--preprocessing <what>", "imagenet, unit, minus_one_to_one, none, or in JSON")
      .option("--licence <text>", "of the weights")
      .option("--source <text>", "where the file comes from")
      .addHelpText("after", "\nPreprocessing in JSON: mean and deviation, scale, shorterSide, channelOrder");
  stating(models.command("import <file>").description("import a network: .onnx, .zip or .safetensors"))
    .option("--name <name>", "the model's name (the file's)")
    .option("--architecture <name>", "of safetensors: resnet18, … or a model's JSON spec")
    .option("--sizes <list>", "of ONNX: sizes left open behind the batch: 640x480")
    .action(withClient(program, importModel));
  stating(models.command("update <id>").description("state labels or preprocessing of an imported model")).action(
    withClient(program, updateModel),
  );
};

const marks = { ok: "✓", warning: "!", fault: "✗" } as const;

const addServerCommands = (program: Command): void => {
  program
    .command("doctor")
    .description("say what is wrong with this machine or its configuration; ends with 1 if the service could not start")
    .action(async () => {
      const output = createOutput(program.opts<{ json?: boolean }>().json === true);
      const findings = await diagnose(process.env);
      output.result(findings, () => {
        output.say(
          toTable(
            ["", "what", "found"],
            findings.map(({ about, state, detail }) => [marks[state], about, detail]),
          ),
        );
        for (const { about, remedy } of findings) if (remedy !== null) output.say(`\n${about}: ${remedy}`);
      });
      if (findings.some(({ state }) => state === "fault")) process.exitCode = 1;
    });
  // Listed for --help; what follows them is for those programs to read.
  program.command("serve").description("start the service, as npm start does; see serve --help");
  program.command("keys").description("make, list and revoke API keys of the file; see keys --help");
};

export const createProgram = (): Command => {
  const program = new Command("descent")
    .description("Training as a service, from the command line. DESCENT_URL and DESCENT_API_KEY say where and as whom.")
    .option("--url <url>", "DESCENT_URL, or http://127.0.0.1:8080")
    .option("--json", "print JSON, for programs")
    .showHelpAfterError("(descent --help shows the commands)")
    .exitOverride();
  addJobCommands(program);
  addStudyCommand(program);
  addModelCommands(program);
  addTenantCommands(program, (work) => withClient(program, work), toCount);
  addServerCommands(program);
  // `descent jobs --json` and `descent --json jobs` are the same.
  const nested = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const command of nested) {
    command.option("--json", "print JSON, for programs").hook("preAction", (_, action) => {
      if (action.opts<{ json?: boolean }>().json === true) program.setOptionValue("json", true);
    });
  }
  return program;
};

const aboutFiles: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "it may not be read",
  EISDIR: "it is a folder, not a file",
};

/** What a user can put right is a line; what the service refused is a line for each fault. */
const describe = (error: unknown): string | null => {
  if (error instanceof DescentError)
    return error.errors.length > 1
      ? error.errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join("\n")
      : error.message;
  const isOurs = error instanceof CommandError || error instanceof StartError || error instanceof ServiceError;
  if (isOurs) return error.message;
  const { code, path, message } = error as NodeJS.ErrnoException;
  const remedy = code === undefined ? undefined : aboutFiles[code];
  return remedy === undefined ? null : path === undefined ? message : `${path}: ${remedy}`;
};

/** `npx descent …`. */
export const runCommandLine = async (argv: readonly string[]): Promise<void> => {
  const [, , name, ...rest] = argv;
  // These two are programs of their own, with their own options.
  if (name === "serve" || name === "keys") {
    process.argv = [argv[0] ?? "", `descent ${name}`, ...rest];
    await (name === "serve" ? import("../main.ts") : import("../main/keys.ts"));
    return;
  }
  endWithReader(process.stdout, () => process.exit());
  const program = createProgram();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode;
      return;
    }
    const told = describe(error);
    if (told === null) throw error;
    const json = program.opts<{ json?: boolean }>().json === true;
    const problem =
      error instanceof DescentError ? { code: error.code, status: error.status, errors: error.errors } : {};
    process.stderr.write(json ? `${JSON.stringify({ error: told, ...problem })}\n` : `descent: ${told}\n`);
    process.exitCode = 1;
  }
};
