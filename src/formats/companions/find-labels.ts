import { z } from "zod";
import { ServiceError } from "../../domain/errors.ts";
import { exactRecord } from "../../domain/exact-record.ts";
import { limits } from "../../domain/limits.ts";
import { namesOfLines, namesOfText, namesOfValue } from "./class-names.ts";
import { besideNetwork, type FilesByPath, readCompanion } from "./read-companion.ts";

/** What a network's file and those beside it say of themselves. */
export interface Companions {
  readonly metadata: ReadonlyMap<string, string>;
  readonly files: FilesByPath;
  /** Of the network within the archive; ends in `/` unless it is the top. */
  readonly folder: string;
}

export interface FoundLabels {
  readonly labels: readonly string[] | null;
  readonly found: readonly string[];
  readonly warnings: readonly string[];
}

/** Hugging Face's and timm's. */
const ModelConfig = z.object({
  id2label: exactRecord(z.string(), z.string()).optional(),
  label_names: z.array(z.string()).optional(),
  label_descriptions: exactRecord(z.string(), z.string()).optional(),
});

/** Entries of ONNX metadata that hold names of classes: this service's, Ultralytics', and what others call them. */
const metadataKeys = ["descent.classes", "names", "labels", "classes", "class_names", "label_names", "id2label"];

/** A record holds them, and every prediction answers with them. */
const tooLong = (names: readonly string[]): boolean =>
  names.some((name) => name.length > limits.classNameLength) ||
  names.reduce((sum, name) => sum + name.length, 0) > limits.classNamesBytes;

const isPlaceholder = (names: readonly string[]): boolean => names.every((name, i) => name === `LABEL_${i}`);

const ofConfig = (bytes: Uint8Array): { names: string[] | null; warnings: string[] } => {
  const read = readCompanion(bytes, "config.json", ModelConfig);
  if ("warning" in read) return { names: null, warnings: [read.warning] };
  const { id2label, label_names: own, label_descriptions: descriptions } = read.value;
  const described = own?.map((name) =>
    descriptions && Object.hasOwn(descriptions, name) ? descriptions[name]! : name,
  );
  const names = described ?? (id2label === undefined ? null : namesOfValue(id2label));
  return { names: names !== null && isPlaceholder(names) ? null : names, warnings: [] };
};

/** A file of labels is there to be used: one that cannot be spoils the upload. */
const stated = ({ files, folder }: Companions): { names: string[]; from: string } | null => {
  const json = besideNetwork(files, folder, "labels.json");
  if (json !== undefined) {
    const read = readCompanion(json, "labels.json", z.unknown());
    const names = "value" in read ? namesOfValue(read.value) : null;
    if (names !== null) return { names, from: "labels.json" };
    const detail =
      "labels.json must be a list of texts, one for each column of the output, or an object of a column's number to its name";
    throw new ServiceError("malformed", detail);
  }
  for (const from of ["labels.txt", "classes.txt"]) {
    const text = besideNetwork(files, folder, from);
    if (text !== undefined) return { names: namesOfLines(new TextDecoder().decode(text)), from };
  }
  return null;
};

/**
 * The names of the first output's columns: of a file of labels, which must fit; else of `config.json` or the network's metadata, which are
 * left out with a warning where they do not.
 * @param columns of the first output
 */
export const findLabels = (companions: Companions, columns: number): FoundLabels => {
  const own = stated(companions);
  if (own !== null) {
    if (tooLong(own.names)) {
      const detail = `the labels in ${own.from} are too long: at most ${limits.classNameLength} characters each, and ${limits.classNamesBytes} in all`;
      throw new ServiceError("unprocessable", detail);
    }
    if (own.names.length === columns)
      return { labels: own.names, found: [`labels: ${columns}, in ${own.from}`], warnings: [] };
    const detail = `the upload has ${own.names.length} labels in ${own.from}, the network's first output ${columns} columns`;
    throw new ServiceError("unprocessable", detail);
  }
  const warnings: string[] = [];
  const take = (names: string[] | null, from: string): FoundLabels | null => {
    if (names === null) return null;
    if (tooLong(names)) {
      warnings.push(`the names of classes in ${from} are too long; they are left out`);
      return null;
    }
    if (names.length === columns) return { labels: names, found: [`labels: ${columns}, in ${from}`], warnings };
    warnings.push(
      `${from} names ${names.length} classes, and the first output has ${columns} columns; they are left out`,
    );
    return null;
  };
  const config = besideNetwork(companions.files, companions.folder, "config.json");
  if (config !== undefined) {
    const { names, warnings: own } = ofConfig(config);
    warnings.push(...own);
    const taken = take(names, "config.json");
    if (taken !== null) return taken;
  }
  for (const key of metadataKeys) {
    const text = companions.metadata.get(key);
    const taken = text === undefined ? null : take(namesOfText(text), `the file's metadata (${key})`);
    if (taken !== null) return taken;
  }
  return { labels: null, found: [], warnings };
};
