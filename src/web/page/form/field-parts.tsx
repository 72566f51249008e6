import type { Json, Schema, Schemas } from "./schema.ts";

export interface FieldProps {
  schemas: Schemas;
  schema: Schema;
  /** Where it is in the specification: `/optimizer/learningRate`. */
  pointer: string;
  title: string;
  required: boolean;
  /** Undefined: left out. */
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  /** What the service would take where it is left out, as its plan has it. */
  chosen: Json | undefined;
  /** By pointer. */
  faults: ReadonlyMap<string, string>;
}

export const idOf = (pointer: string): string => `spec${pointer.replaceAll(/[^\w-]/g, "-")}`;

/** The service writes its descriptions in Markdown: of that, code alone. */
export const Hint = ({ text, id }: { text: string | undefined; id?: string }) =>
  text === undefined ? null : (
    <p class="hint" id={id}>
      {text.split("`").map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}
    </p>
  );

export const Fault = ({ faults, pointer }: Pick<FieldProps, "faults" | "pointer">) => {
  const fault = faults.get(pointer);
  return fault === undefined ? null : <p class="fault">{fault}</p>;
};

const words = (value: Json | undefined): string =>
  value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);

/** What a field that is left out says of itself. */
export const leftOut = (chosen: Json | undefined): string => {
  const text = words(chosen);
  return text === "" || text.length > 40 ? "left out" : `left out: ${text}`;
};
