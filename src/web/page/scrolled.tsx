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
