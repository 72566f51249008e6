import { useState } from "preact/hooks";
import { type FieldProps, idOf, leftOut } from "./field-parts.tsx";
import { asObject, type Json } from "./schema.ts";

/** A text that is read as something else: kept as it is typed, told where it is no such thing. */
const TypedText = ({
  id,
  first,
  placeholder,
  rows,
  read,
  onChange,
}: {
  id: string;
  first: string;
  placeholder: string;
  /** Of one line: 1. */
  rows: number;
  /** The value; a text says what is wrong. */
  read: (text: string) => { value: Json | undefined } | string;
  onChange: (value: Json | undefined) => void;
}) => {
  const [text, setText] = useState(first);
  const [fault, setFault] = useState<string | null>(null);
  const change = ({ currentTarget }: { currentTarget: HTMLInputElement | HTMLTextAreaElement }): void => {
    setText(currentTarget.value);
    const answer = read(currentTarget.value);
    const told = typeof answer === "string" ? answer : null;
    setFault(told);
    currentTarget.setCustomValidity(told ?? "");
    if (typeof answer !== "string") onChange(answer.value);
  };
  const shared = { id, placeholder, value: text, "aria-invalid": fault !== null };
  return (
    <>
      {rows === 1 ? (
        <input type="text" {...shared} onInput={change} />
      ) : (
        <textarea spellcheck={false} rows={rows} {...shared} onInput={change} />
      )}
      {fault !== null && <p class="fault">{fault}</p>}
    </>
  );
};

/** Numbers or names with commas between them; names that have commas themselves as a list in JSON. */
export const ListField = ({ pointer, value, onChange, chosen, numbers }: FieldProps & { numbers: boolean }) => {
  const items = Array.isArray(value) ? (value as readonly Json[]) : [];
  const plain = items.every((item) => !String(item).includes(","));
  const read = (text: string): { value: Json | undefined } | string => {
    if (text.trim() === "") return { value: undefined };
    if (text.trim().startsWith("[")) return readJson(text);
    const parts = text.split(",").map((part) => part.trim());
    if (!numbers) return { value: parts.filter(Boolean) };
    const list = parts.filter(Boolean).map(Number);
    return list.every(Number.isFinite) ? { value: list } : "Numbers with commas between them, such as 64, 32.";
  };
  return (
    <TypedText
      id={idOf(pointer)}
      first={items.length === 0 ? "" : plain ? items.join(", ") : JSON.stringify(items)}
      placeholder={leftOut(chosen)}
      rows={1}
      read={read}
      onChange={onChange}
    />
  );
};

const readJson = (text: string): { value: Json | undefined } | string => {
  if (text.trim() === "") return { value: undefined };
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return `This is no JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
};

/** What has no fields of its own, as JSON. */
export const JsonField = ({ pointer, value, onChange, chosen }: FieldProps) => (
  <TypedText
    id={idOf(pointer)}
    first={value === undefined ? "" : JSON.stringify(value, null, 2)}
    placeholder={`${leftOut(chosen)}; JSON`}
    rows={4}
    read={readJson}
    onChange={onChange}
  />
);

/** Names and values, one in a line. */
export const MapField = ({ pointer, value, onChange, chosen }: FieldProps) => {
  const read = (text: string): { value: Json | undefined } | string => {
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    if (lines.length === 0) return { value: undefined };
    if (lines.some((line) => !/^[^=]+=/.test(line))) return "One in a line, as in team=growth.";
    const entries = lines.map((line) => [
      line.slice(0, line.indexOf("=")).trim(),
      line.slice(line.indexOf("=") + 1).trim(),
    ]);
    return { value: Object.fromEntries(entries) as Record<string, string> };
  };
  return (
    <TypedText
      id={idOf(pointer)}
      first={Object.entries(asObject(value))
        .map(([name, text]) => `${name}=${text}`)
        .join("\n")}
      placeholder={`${leftOut(chosen)}; name=value`}
      rows={2}
      read={read}
      onChange={onChange}
    />
  );
};
