import { z } from "zod";
import { ModelId } from "../../ids.ts";
import { nestedTest } from "../inference.ts";

export const NestedModels = z
  .object({
    smaller: ModelId.describe("the model whose every column the larger one has, too"),
    larger: ModelId.describe("the other"),
    rows: z.int().describe("training rows, the same of both: the test is about these, not about the rows compared"),
    ...nestedTest,
  })
  .meta({
    id: "NestedModels",
    description:
      "Whether what the larger of two nested models has more is worth it, by the rows that both learnt from.",
  });

export type NestedModels = z.infer<typeof NestedModels>;
