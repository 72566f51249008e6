import type { ComponentChildren } from "preact";

/** One of a few, by name and words. */
export const Select = <T extends string>({
  title,
  value,
  options,
  onChange,
  inline = false,
  children,
}: {
  title: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (value: T) => void;
  inline?: boolean;
  /** Below it. */
  children?: ComponentChildren;
}) => (
  <label class={inline ? "inline" : undefined}>
    {title}
    <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
      {options.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </select>
    {children}
  </label>
);
