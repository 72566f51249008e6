import { useState } from "preact/hooks";
import { type FieldProps, idOf, leftOut } from "./field-parts.tsx";
import { numberOf, numberText } from "./number-text.ts";
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

/** A field of a number that leaves what is typed alone. */
export const NumberInput = ({
  value,
  onChange,
  ...attributes
}: {
  id?: string;
  step?: number | "any";
  min?: number | undefined;
  max?: number | undefined;
  required?: boolean;
  placeholder?: string;
  "aria-invalid"?: boolean;
  value: Json | undefined;
  onChange: (value: number | undefined) => void;
}) => {
  const [typed, setTyped] = useState("");
  return (
    <input
      type="number"
      {...attributes}
      value={numberText(typed, value)}
      onInput={({ currentTarget: { value: text } }) => {
        setTyped(text);
        onChange(numberOf(text));
      }}
    />
  );
};

/** A number or a text. */
export const Scalar = ({ schema, pointer, value, onChange, chosen, required, faults }: FieldProps) => {
  const number = schema.type === "number" || schema.type === "integer";
  const shared = {
    ...{ id: idOf(pointer), required, placeholder: leftOut(chosen), "aria-invalid": faults.has(pointer) },
  };
  if (!number)
    return (
      <input
        type="text"
        list={undefined}
        maxLength={schema.maxLength}
        {...shared}
        value={value === undefined ? "" : String(value)}
        onInput={({ currentTarget: { value: text } }) => onChange(text === "" && !required ? undefined : text)}
      />
    );
  return (
    <NumberInput
      step={schema.type === "integer" ? 1 : "any"}
      min={schema.minimum}
      max={schema.maximum}
      {...shared}
      value={value}
      onChange={onChange}
    />
  );
};
