import { guessLabel, guessTask } from "../../../client/guess-task.ts";
import type { Dataset } from "../../../domain/datasets/dataset.ts";
import { Select } from "../select.tsx";
import { ColumnsChoice } from "./columns-choice.tsx";
import { asObject, type Json, type JsonObject, withKey } from "./schema.ts";

const tasks = [
  ["classification", "classification (one of several labels)"],
  ["regression", "regression (a number)"],
  ["clustering", "clustering (rows that are alike)"],
  ["density_estimation", "density estimation (how likely a row is)"],
  ["reconstruction", "reconstruction (rows that are unusual)"],
] as const;

const isSupervised = (type: Json | undefined): boolean => type === "classification" || type === "regression";

/** The task that a data set suggests. */
export const firstTask = ({ columns }: Dataset): JsonObject => {
  const label = guessLabel(columns);
  const column = columns.find(({ name }) => name === label);
  return { type: column === undefined ? "classification" : guessTask(column), label };
};

const namesOf = (value: Json | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);

/** The task of a job: its label, its kind, and the columns that it learns from. */
export const WhatToLearn = ({
  dataset: { columns },
  task,
  onChange,
}: {
  dataset: Dataset;
  task: JsonObject;
  onChange: (task: JsonObject) => void;
}) => {
  const label = typeof task.label === "string" ? task.label : "";
  const excluded = namesOf(task.exclude);
  const without = (names: readonly string[], name: string): readonly string[] | undefined => {
    const left = names.filter((each) => each !== name);
    return left.length === 0 ? undefined : left;
  };
  const chooseLabel = (name: string): void => {
    const column = columns.find((each) => each.name === name);
    const type = column === undefined ? "classification" : guessTask(column);
    // What has no meaning for another label, or for another kind of answer, is not kept.
    onChange({ type, label: name, ...keep({ exclude: without(excluded, name) }) });
  };
  const chooseType = (type: string): void => {
    const known = label === "" ? guessLabel(columns) : label;
    const stated = isSupervised(type) ? { type, label: known } : { type };
    onChange({ ...stated, ...keep({ exclude: without(excluded, isSupervised(type) ? known : "") }) });
  };
  return (
    <>
      {isSupervised(task.type) && (
        <label>
          Predict the column
          <select value={label} onChange={(event) => chooseLabel(event.currentTarget.value)}>
            {columns.map(({ name, type, distinct }) => (
              <option key={name} value={name}>
                {name} ({type}
                {distinct === null ? "" : `, ${distinct} distinct`})
              </option>
            ))}
          </select>
        </label>
      )}
      <Select title="As" value={String(task.type)} options={tasks} onChange={chooseType} />
      <ColumnsChoice
        columns={columns.filter(({ name }) => name !== label)}
        excluded={excluded}
        onChange={(next) => onChange(withKey(task, "exclude", next.length === 0 ? undefined : next))}
      />
    </>
  );
};

const keep = (members: Readonly<Record<string, readonly string[] | undefined>>): JsonObject =>
  Object.fromEntries(Object.entries(members).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));

export const taskOf = (job: JsonObject): JsonObject => asObject(job.task);
