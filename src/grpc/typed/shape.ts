/** A schema as the wire can hold it: what the .proto file is written from, and what values are turned by. */
export type Shape =
  | { kind: "scalar"; type: ScalarType }
  /** Some of the same, in their order; of one entry `single` says whether it stands alone in JSON. */
  | { kind: "list"; of: Shape; single: boolean }
  | { kind: "map"; of: Shape }
  | ForeignShape
  | MessageShape
  | ChoiceShape;

/** `google.protobuf.Value` is any JSON. */
export type ScalarType = "string" | "int64" | "double" | "bool" | "google.protobuf.Value";

/** A message that stands in another file, and how it is turned. */
export interface ForeignShape {
  kind: "foreign";
  name: string;
  fromWire(message: unknown): unknown;
  toWire(value: unknown): unknown;
}

export interface Field {
  /** As JSON has it. */
  key: string;
  shape: Shape;
  about: string;
}

export interface MessageShape {
  kind: "message";
  name: string;
  about: string;
  fields: readonly Field[];
  /** JSON has the one field's value in the place of an object: a list or a map that a `oneof` or another list cannot hold by itself. */
  isWrapper: boolean;
}

export interface Option {
  /** In the manner of the wire: `early_stopping`. */
  name: string;
  shape: Shape;
  about: string;
  /** JSON's one value that `true` says; undefined: the value says itself. */
  constant: false | null | undefined;
  /** What JSON's object says under `key` and the wire's does not, as the option's name says it. */
  type: string | null;
  /** Which values are this one's. */
  takes(value: unknown): boolean;
}

/** One of several: by a key of objects, mostly `type`, or by the form of the value. */
export interface ChoiceShape {
  kind: "choice";
  name: string;
  about: string;
  by: "key" | "form";
  /** Whose text says which object it is. */
  key: string;
  options: readonly Option[];
}

/** A name of the wire as the generated code has it. */
export const toCamel = (snake: string): string =>
  snake.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
