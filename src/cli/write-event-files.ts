import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Descent } from "../client/descent.ts";
import { tarFiles } from "../formats/archives/tar-files.ts";
import { CommandError } from "./command-error.ts";
import type { Output } from "./output.ts";

const GIB = 1024 ** 3;
const archiveLimits = { entries: 10_000, entryBytes: GIB, totalBytes: 64 * GIB };

const bodyOf = ({ body }: Response): AsyncIterable<Uint8Array> => {
  if (body === null) throw new CommandError("the answer has no body");
  return body as unknown as AsyncIterable<Uint8Array>;
};

/** As the service names the file; a name of its own for none. */
const nameOf = ({ headers }: Response, otherwise: string): string =>
  /filename="([\w.-]+)"/.exec(headers.get("content-disposition") ?? "")?.[1] ?? otherwise;

/** A folder for each run below `logdir`, named by the job, or by the study and its trials. Written again, a run's file is replaced. */
export const writeEventFiles = async (descent: Descent, output: Output, id: string, logdir: string): Promise<void> => {
  const written: string[] = [];
  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    const file = join(logdir, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
    written.push(file);
  };
  if (id.startsWith("std_")) {
    for await (const file of tarFiles(bodyOf(await descent.studies.tensorboard(id)), archiveLimits)) {
      if ("problem" in file) throw new CommandError(`${file.path}: ${file.problem}`);
      await write(file.path, file.bytes);
    }
  } else {
    const answer = await descent.jobs.tensorboard(id);
    await write(join(id, nameOf(answer, `events.out.tfevents.${id}`)), new Uint8Array(await answer.arrayBuffer()));
  }
  output.result({ logdir, files: written }, () =>
    output.say(`${written.length} written; tensorboard --logdir ${logdir}`),
  );
};
