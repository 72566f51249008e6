import type { ComponentChildren } from "preact";

/** What may be wider, or taller, than its place: it scrolls by itself, and the keyboard reaches it. */
export const Scrolled = ({
  label,
  kind = "scroll",
  children,
}: {
  label: string;
  kind?: string;
  children: ComponentChildren;
}) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard (WCAG 2.1.1)
  <section class={kind} aria-label={label} tabIndex={0}>
    {children}
  </section>
);

/** The heads of a table whose first column names its rows and whose others are numbers. */
export const NumberHeads = ({ first, numbers }: { first: string; numbers: readonly string[] }) => (
  <thead>
    <tr>
      <th scope="col">{first}</th>
      {numbers.map((name) => (
        <th key={name} scope="col" class="number">
          {name}
        </th>
      ))}
    </tr>
  </thead>
);
