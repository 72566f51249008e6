import { z } from "zod";

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const settled = (result: z.core.ParsePayload | Promise<z.core.ParsePayload>): z.core.ParsePayload => {
  if (result instanceof Promise) throw new Error("a record's schemas are synchronous");
  return result;
};

/** A ZodRecord whose parser leaves no key out: that of zod skips `__proto__`, and here a column, a class or a label may be called so. */
const ExactRecord = z.core.$constructor("ExactRecord", (inst: z.ZodRecord, def: z.ZodRecord["_zod"]["def"]) => {
  z.ZodRecord.init(inst, def);
  const { keyType, valueType } = def;
  inst._zod.parse = (payload, context) => {
    const input: unknown = payload.value;
    if (!isObject(input)) {
      payload.issues.push({ code: "invalid_type", expected: "record", input, inst });
      return payload;
    }
    const entries: [string, unknown][] = [];
    for (const key of Object.keys(input)) {
      const { issues } = settled(keyType._zod.run({ value: key, issues: [] }, context));
      if (issues.length > 0) {
        const finalized = issues.map((issue) => z.core.util.finalizeIssue(issue, context, z.core.config()));
        payload.issues.push({
          code: "invalid_key",
          origin: "record",
          issues: finalized,
          input: key,
          path: [key],
          inst,
        });
        continue;
      }
      const result = settled(valueType._zod.run({ value: input[key], issues: [] }, context));
      payload.issues.push(...z.core.util.prefixIssues(key, result.issues));
      entries.push([key, result.value]);
    }
    // fromEntries makes own properties even of names such as __proto__; an assignment would set the prototype.
    payload.value = Object.fromEntries(entries) as typeof payload.value;
    return payload;
  };
});

/** What `z.record` is, without its exception: every own key is checked and kept, `__proto__` like any other. */
export const exactRecord = <K extends z.core.$ZodRecordKey, V extends z.core.$ZodType>(
  keyType: K,
  valueType: V,
): z.ZodRecord<K, V> =>
  new ExactRecord({ type: "record", keyType, valueType } as never) as unknown as z.ZodRecord<K, V>;
