import { type FieldProps, idOf, leftOut } from "./field-parts.tsx";
import type { Json } from "./schema.ts";

/** One of a few values, or left out. */
export const Choice = ({ schema, pointer, value, onChange, chosen, required }: FieldProps) => {
  const options = schema.type === "boolean" ? [true, false] : (schema.enum ?? []);
  const shown = (option: Json): string => (option === true ? "yes" : option === false ? "no" : String(option));
  return (
    <select
      id={idOf(pointer)}
      value={value === undefined ? "" : JSON.stringify(value)}
      onChange={(event) =>
        onChange(event.currentTarget.value === "" ? undefined : JSON.parse(event.currentTarget.value))
      }
    >
      {!required && <option value="">{leftOut(chosen)}</option>}
      {options.map((option) => (
        <option key={String(option)} value={JSON.stringify(option)}>
          {shown(option)}
        </option>
      ))}
    </select>
  );
};

/** A number or a text. */
export const Scalar = ({ schema, pointer, value, onChange, chosen, required, faults }: FieldProps) => {
  const number = schema.type === "number" || schema.type === "integer";
  const shared = {
    ...{ id: idOf(pointer), required, placeholder: leftOut(chosen), "aria-invalid": faults.has(pointer) },
    value: value === undefined ? "" : String(value),
  };
  if (!number)
    return (
      <input
        type="text"
        list={undefined}
        maxLength={schema.maxLength}
        {...shared}
        onInput={({ currentTarget: { value: text } }) => onChange(text === "" && !required ? undefined : text)}
      />
    );
  return (
    <input
      type="number"
      step={schema.type === "integer" ? 1 : "any"}
      min={schema.minimum}
      max={schema.maximum}
      {...shared}
      onInput={({ currentTarget: { value: text } }) => onChange(text === "" ? undefined : Number(text))}
    />
  );
};
