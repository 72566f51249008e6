import { useEffect, useState } from "preact/hooks";
import type { DescentError } from "../../../client/errors.ts";
import { toFailure } from "../api.ts";
import { isPassing, retryMs } from "../poll.ts";

/** What a spec would cost, or what is wrong with it; asked for anew whenever the spec changes, and while the service is away. */
export const usePlan = <Spec, Plan>(
  spec: Spec,
  ask: (spec: Spec) => Promise<Plan>,
): { plan: Plan | null; error: DescentError | null } => {
  const [state, setState] = useState<{ plan: Plan | null; error: DescentError | null }>({ plan: null, error: null });
  const json = JSON.stringify(spec);
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = (failures: number): void => {
      ask(JSON.parse(json) as Spec).then(
        (plan) => current && setState({ plan, error: null }),
        (thrown: unknown) => {
          if (!current) return;
          const error = toFailure(thrown);
          setState({ plan: null, error });
          if (isPassing(error)) timer = setTimeout(() => run(failures + 1), retryMs(failures));
        },
      );
    };
    run(0);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [json]);
  return state;
};
