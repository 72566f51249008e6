import type { Descent, StatedColumnType } from "../client/descent.ts";
import { CommandError } from "./command-error.ts";
import type { Output } from "./output.ts";

const types = ["number", "category", "boolean", "datetime", "text"] as const;

/** `zip=category`, or `zip=inferred`; a column's name may have an equals sign itself. */
const toChange = (stated: string): [string, StatedColumnType | null] => {
  const at = stated.lastIndexOf("=");
  const [column, type] = [stated.slice(0, at), stated.slice(at + 1)];
  const known = types.find((name) => name === type);
  if (at < 1 || (known === undefined && type !== "inferred"))
    throw new CommandError(
      `${stated}: state a column and its type, as in zip=category; types are ${types.join(", ")}, inferred`,
    );
  return [column, known ?? null];
};

/** Types of a file's columns, stated before there is anything inferred to take back. */
export const statedTypes = (stated: readonly string[]): Record<string, StatedColumnType> =>
  Object.fromEntries(
    stated.map(toChange).map(([name, type]) => {
      if (type === null) throw new CommandError(`--types ${name}=inferred: types are inferred unless they are stated`);
      return [name, type];
    }),
  );

/** `descent types DATASET zip=category …`. */
export const changeTypes = async (
  descent: Descent,
  output: Output,
  dataset: string,
  stated: readonly string[],
): Promise<void> => {
  const changes = stated.map(toChange);
  const changed = await descent.datasets.update(dataset, { types: Object.fromEntries(changes) });
  const wanted = new Set(changes.map(([name]) => name));
  output.result(changed, () => {
    for (const { name, type, notes = [] } of changed.columns.filter((column) => wanted.has(column.name))) {
      output.say(`${name}: ${type}`);
      for (const { message } of notes) output.say(`  ${message}`);
    }
  });
};
