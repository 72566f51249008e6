import { useState } from "preact/hooks";
import { apiKey } from "../api.ts";
import { here } from "../here.ts";
import { Scrolled } from "../scrolled.tsx";
import { type Language, languages, type Resource, toCode } from "./code-samples.ts";
import type { Json } from "./schema.ts";

/** What the form would send, in a language of the reader's choice, to be copied. */
export const CodePanel = ({ resource, spec }: { resource: Resource; spec: Json }) => {
  const [language, setLanguage] = useState<Language>("JSON");
  const [told, setTold] = useState("");
  const url = `${location.origin}${here("")}`.replace(/\/$/, "");
  const code = toCode(language, { url, resource, spec, withKey: apiKey.read() !== null });
  const copy = (): void => {
    // Only where a page is served with TLS, or from the same machine, may it write to the clipboard.
    const copied = navigator.clipboard?.writeText(code) ?? Promise.reject(new Error("no clipboard"));
    copied.then(
      () => setTold("Copied."),
      () => setTold("The browser does not let this page copy; select the text instead."),
    );
  };
  return (
    <div>
      <fieldset class="bare code-choice" aria-label="Shown as">
        {languages.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === language}
            onClick={() => {
              setLanguage(name);
              setTold("");
            }}
          >
            {name}
          </button>
        ))}
        <button type="button" class="quiet" onClick={copy}>
          Copy
        </button>
        <span class="muted small" role="status">
          {told}
        </span>
      </fieldset>
      <Scrolled label={`The specification as ${language}`} kind="code">
        <pre>{code}</pre>
      </Scrolled>
    </div>
  );
};
