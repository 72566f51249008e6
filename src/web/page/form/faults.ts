import type { DescentError } from "../../../client/errors.ts";

/** What the service says is wrong, by pointer. */
export const faultsOf = (error: DescentError | null): ReadonlyMap<string, string> =>
  new Map((error?.errors ?? []).map(({ pointer, detail }) => [pointer, detail]));

/** Whether a field holds what cannot be read, which the specification is then without: it is shown. */
export const showUnread = (form: HTMLFormElement): boolean => {
  const fields = [...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")];
  const unread = fields.find(({ validity }) => validity.badInput || validity.customError);
  if (unread === undefined) return false;
  for (let part = unread.closest("details"); part !== null; part = part.parentElement?.closest("details") ?? null)
    part.open = true;
  unread.reportValidity();
  return true;
};
