import type { JobSpec } from "../../src/grpc/generated/descent/v1/job_spec.ts";
import { toWire } from "../../src/grpc/typed/convert.ts";
import { specShapes } from "../../src/grpc/typed/spec-shapes.ts";

type Parts = Partial<Pick<JobSpec, keyof typeof specShapes>>;

/** Parts of a JSON specification as messages: in fields of their own, or as the google.protobuf.Struct of clients of earlier versions, which holds anything. */
export const partsOf = (spec: object, form: "typed" | "struct"): Parts =>
  Object.fromEntries(
    Object.entries(spec)
      .filter(([key]) => key in specShapes)
      .map(([key, value]) => [
        key,
        form === "struct"
          ? { fields: value, kind: undefined }
          : { fields: {}, ...(toWire(specShapes[key as keyof typeof specShapes], value) as object) },
      ]),
  );
