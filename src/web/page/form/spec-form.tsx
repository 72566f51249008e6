import { api } from "../api.ts";
import { Failure } from "../parts.tsx";
import { usePoll } from "../poll.ts";
import { Hint } from "./field-parts.tsx";
import { type JsonObject, kindOf, resolve, type Schemas, titleOfKey, withKey } from "./schema.ts";
import { Members, SpecField } from "./spec-field.tsx";

interface PartsProps {
  schemas: Schemas;
  /** `JobSpec` or `StudySpec`. */
  root: string;
  spec: JsonObject;
  onChange: (spec: JsonObject) => void;
  /** As the service would record it. */
  chosen: JsonObject;
  faults: ReadonlyMap<string, string>;
  /** Members that are asked for elsewhere. */
  without: readonly string[];
}

/** Every part of a specification, each folded up until it is looked for; those that say something tell so. */
const Parts = ({ schemas, root, spec, onChange, chosen, faults, without }: PartsProps) => {
  const schema = schemas[root] ?? {};
  return (
    <div class="parts">
      {Object.entries(schema.properties ?? {})
        .filter(([key]) => !without.includes(key))
        .map(([key, member]) => {
          const part = resolve(schemas, member);
          const pointer = `/${key}`;
          const wrong = [...faults.keys()].some((each) => each === pointer || each.startsWith(`${pointer}/`));
          const props = {
            ...{ schemas, schema: part, pointer, title: titleOfKey(key), required: false, faults },
            ...{ value: spec[key], chosen: chosen[key] },
            onChange: (value: JsonObject[string] | undefined) => onChange(withKey(spec, key, value)),
          };
          return (
            <details key={key}>
              <summary>
                {titleOfKey(key)}
                {spec[key] !== undefined && <span class="tag">stated</span>}
                {wrong && <span class="tag level-error">to be mended</span>}
              </summary>
              {kindOf(schemas, part) === "object" ? (
                <>
                  <Hint text={part.description} />
                  <div class="spec-fields">
                    <Members {...props} />
                  </div>
                </>
              ) : (
                <div class="spec-fields">
                  <SpecField {...props} />
                </div>
              )}
            </details>
          );
        })}
    </div>
  );
};

/** A form of the whole specification, made from the service's own contract: what that knows can be stated here. */
export const SpecForm = (props: Omit<PartsProps, "schemas">) => {
  const { value, failure, refresh } = usePoll(
    "contract",
    (signal) => api.schemas(signal),
    () => null,
  );
  return (
    <>
      <Failure failure={failure} retry={refresh} />
      {value === null ? <p class="muted">Loading…</p> : <Parts schemas={value} {...props} />}
    </>
  );
};
