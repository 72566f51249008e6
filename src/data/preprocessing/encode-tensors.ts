import { type FieldError, invalidAt, ServiceError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { NetworkPort } from "../../domain/models/network.ts";
import type { NestedNumbers } from "../../domain/models/predictions/prediction.ts";
import { nearNames } from "../../domain/near-names.ts";
import { toPointerSegment } from "../../domain/pointer.ts";

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Strides of the file's axes within the engine's order of them. */
const engineStrides = ({ shape, order }: NetworkPort): number[] => {
  const strides = shape.map(() => 0);
  let stride = 1;
  for (const axis of [...order].reverse()) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
};

/** Writes a row's tensor, lists in lists or all its numbers in one list; what is wrong with it, if anything. */
const writeTensor = (value: NestedNumbers, port: NetworkPort, out: Float32Array, start: number): string | null => {
  const { shape } = port;
  const strides = engineStrides(port);
  const wanted = `[${shape.join(", ")}]`;
  if (!Array.isArray(value)) {
    if (typeof value !== "number" || sizeOf(shape) !== 1)
      return `must be a tensor of the shape ${wanted}, as lists in lists or one list`;
    out[start] = value;
    return null;
  }
  if (shape.length > 1 && value.length === sizeOf(shape) && typeof value[0] === "number") {
    let i = 0;
    const place = (axis: number, at: number): string | null => {
      if (axis === shape.length) {
        const item = value[i++];
        if (typeof item !== "number") return `must hold only numbers in its one list`;
        out[at] = item;
        return null;
      }
      for (let index = 0; index < shape[axis]!; index++) {
        const problem = place(axis + 1, at + index * strides[axis]!);
        if (problem !== null) return problem;
      }
      return null;
    };
    return place(0, start);
  }
  const fill = (part: NestedNumbers, axis: number, at: number): string | null => {
    if (axis === shape.length) {
      if (typeof part !== "number") return `must have the shape ${wanted}; its lists are nested deeper`;
      out[at] = part;
      return null;
    }
    if (!Array.isArray(part) || part.length !== shape[axis]) {
      const found = Array.isArray(part) ? `${part.length} entries` : "no list";
      return `must have the shape ${wanted}; its axis ${axis} has ${found}`;
    }
    for (const [index, inner] of part.entries()) {
      const problem = fill(inner, axis + 1, at + index * strides[axis]!);
      if (problem !== null) return problem;
    }
    return null;
  };
  return fill(value, 0, start);
};

/** What a text of a row is: a picture as the network sees it, or what is wrong with it. */
export type PictureOf = (row: number, input: string) => { values: Float32Array } | { problem: string };

/** Writes a picture, H×W×C, to an input of channels first or last. */
const writePicture = (values: Float32Array, port: NetworkPort, out: Float32Array, start: number): void => {
  const { shape } = port;
  const [height = 0, width = 0, channels = 0] = isChannelsLast(shape) ? shape : [shape[1], shape[2], shape[0]];
  const strides = engineStrides(port);
  const [down = 0, across = 0, deep = 0] = isChannelsLast(shape) ? strides : [strides[1], strides[2], strides[0]];
  let i = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) out[start + y * down + x * across + c * deep] = values[i++]!;
};

/** As `pictureOf` reads a shape: first the file's first axis. */
const isChannelsLast = ([first]: readonly number[]): boolean => first !== 1 && first !== 3;

/** The rows of a request's body, each an object; what they hold is looked at when it is written. */
export const readTensorRows = (body: unknown): Record<string, NestedNumbers | string>[] => {
  const rows = typeof body === "object" && body !== null && "rows" in body ? body.rows : undefined;
  if (!Array.isArray(rows) || rows.length === 0)
    throw invalidAt("/rows", "must be a list of at least one row: input name → tensor");
  if (rows.length > limits.predictRows) throw invalidAt("/rows", `must have at most ${limits.predictRows} entries`);
  const odd = Object.keys(body as object).find((key) => key !== "rows" && key !== "strict");
  if (odd !== undefined)
    throw invalidAt(`/${toPointerSegment(odd)}`, "unknown key; a network from a file takes only rows");
  const wrong = rows.findIndex((row) => typeof row !== "object" || row === null || Array.isArray(row));
  if (wrong >= 0) throw invalidAt(`/rows/${wrong}`, "must be an object: input name → tensor");
  return rows;
};

/**
 * Rows of a network from a file to its inputs in the engine's layout, one array for each. Every input must be there; a network of one input takes it under any
 * of its names. Errors: `invalid` with a pointer for each tensor, `/rows/3/input`.
 */
export const encodeTensors = (
  ports: readonly NetworkPort[],
  rows: readonly Record<string, NestedNumbers | string>[],
  pictureOf: PictureOf = () => ({ problem: "must be a tensor of numbers, no text" }),
): Float32Array[] => {
  const names = ports.map(({ name }) => name);
  const errors: FieldError[] = [];
  const inputs = ports.map(({ shape }) => new Float32Array(rows.length * sizeOf(shape)));
  for (const [i, row] of rows.entries()) {
    for (const key of Object.keys(row)) {
      if (names.includes(key)) continue;
      const detail = `the network has no input ${JSON.stringify(key)}${nearNames(key, names)}; it has ${names.map((name) => JSON.stringify(name)).join(", ")}`;
      errors.push({ pointer: `/rows/${i}/${toPointerSegment(key)}`, detail });
    }
    for (const [at, port] of ports.entries()) {
      const value = Object.hasOwn(row, port.name) ? row[port.name] : undefined;
      const start = i * sizeOf(port.shape);
      if (typeof value === "string") {
        const picture = pictureOf(i, port.name);
        if ("values" in picture) writePicture(picture.values, port, inputs[at]!, start);
        else errors.push({ pointer: `/rows/${i}/${toPointerSegment(port.name)}`, detail: picture.problem });
        continue;
      }
      const problem = value === undefined ? "is missing" : writeTensor(value, port, inputs[at]!, start);
      if (problem !== null) errors.push({ pointer: `/rows/${i}/${toPointerSegment(port.name)}`, detail: problem });
    }
    if (errors.length >= 50) break;
  }
  const [first] = errors;
  if (first !== undefined) throw new ServiceError("invalid", `${first.pointer}: ${first.detail}`, { errors });
  return inputs;
};

/** A row's numbers as lists in lists. */
export const nestedOf = (values: Float32Array, shape: readonly number[], start = 0): NestedNumbers => {
  const [size, ...rest] = shape;
  if (size === undefined) return values[start]!;
  const step = sizeOf(rest);
  return Array.from({ length: size }, (_, i) => nestedOf(values, rest, start + i * step));
};
