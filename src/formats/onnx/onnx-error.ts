import { ServiceError } from "../../domain/errors.ts";

/** The file is not what the format says. */
export const malformedOnnx = (detail: string, cause?: unknown): ServiceError =>
  new ServiceError("malformed", `not a valid ONNX file: ${detail}`, { cause });

/** The file is sound, but holds what cannot be run here: with the node, its operator and what would work. */
export const unsupportedOnnx = (detail: string, cause?: unknown): ServiceError =>
  new ServiceError("unprocessable", detail, { errors: [{ pointer: "", detail }], cause });

/** An assertion about what a node says: `node "/conv1/Conv" (Conv): …`. */
export const nodeProblem = (
  node: { readonly name: string; readonly op: string },
  detail: string,
  cause?: unknown,
): ServiceError =>
  unsupportedOnnx(`node ${JSON.stringify(node.name.slice(0, 200))} (${node.op.slice(0, 100)}): ${detail}`, cause);
