import { useEffect, useState } from "preact/hooks";

const stateOf = (): Record<string, unknown> => (history.state ?? {}) as Record<string, unknown>;

/** A state that is kept with the entry of the browser's history: there again after Back and a reload, and not where the view is opened anew. JSON alone. */
export const useKept = <T>(name: string, first: T): [T, (value: T) => void] => {
  const [value, setValue] = useState<T>(() => (stateOf()[name] as T | undefined) ?? first);
  useEffect(() => {
    if (stateOf()[name] !== value) history.replaceState({ ...stateOf(), [name]: value }, "");
  }, [value]);
  return [value, setValue];
};
