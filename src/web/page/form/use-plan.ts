import { useEffect, useState } from "preact/hooks";
import type { DescentError } from "../../../client/errors.ts";
import { toFailure } from "../api.ts";

/** What a spec would cost, or what is wrong with it; asked for anew whenever the spec changes. */
export const usePlan = <Spec, Plan>(
  spec: Spec,
  ask: (spec: Spec) => Promise<Plan>,
): { plan: Plan | null; error: DescentError | null } => {
  const [state, setState] = useState<{ plan: Plan | null; error: DescentError | null }>({ plan: null, error: null });
  const json = JSON.stringify(spec);
  useEffect(() => {
    let current = true;
    ask(JSON.parse(json) as Spec).then(
      (plan) => current && setState({ plan, error: null }),
      (error: unknown) => current && setState({ plan: null, error: toFailure(error) }),
    );
    return () => {
      current = false;
    };
  }, [json]);
  return state;
};
