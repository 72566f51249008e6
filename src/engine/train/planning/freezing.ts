import type { BaseSpec } from "../../../domain/jobs/spec/base/base-spec.ts";
import { ModelShapeError } from "../../nn/errors.ts";
import type { TracedSpec } from "../../nn/models.ts";
import type { TensorDeclaration } from "../../nn/scope.ts";

type Layers = BaseSpec["freeze"] | NonNullable<BaseSpec["unfreeze"]>[number]["layers"];

/** Whether a name is `prefix` or lies under it: `hidden.1` covers `hidden.1.weight` but not `hidden.10`. */
export const covers = (prefix: string, name: string): boolean => name === prefix || name.startsWith(`${prefix}.`);

/** Whether a tensor or a layer of this name belongs to what makes the outputs. */
const createIsHead = ({ network }: TracedSpec): ((name: string) => boolean) => {
  if (network === undefined) return (name) => covers("output", name);
  const { head } = network;
  if (head === null) return () => false;
  const own = network.tensors.filter(({ name }) => name === head.weight || name === head.bias);
  const names = new Set(own.flatMap(({ name, layer }) => [name, layer]));
  return (name) => names.has(name);
};

/** When layers begin to learn. Stage 0 is the beginning; the next ones begin after so many epochs. */
export interface Stages {
  readonly afterEpochs: readonly number[];
  /** Whether what bears this name, a tensor or a layer, keeps its values in this stage. */
  isFrozen(name: string, stage: number): boolean;
  /** The stage from which it learns; null: it never does. */
  firstOf(name: string): number | null;
}

export const stagesOf = (spec: TracedSpec): Stages => {
  const isHead = createIsHead(spec);
  const matches = (layers: Layers, name: string): boolean => {
    if (layers === "all") return true;
    if (layers === "all but the head") return !isHead(name);
    return layers.some((prefix) => covers(prefix, name));
  };
  const { freeze = [], unfreeze = [] } = spec.base ?? {};
  const firstOf = (name: string): number | null => {
    if (!matches(freeze, name)) return 0;
    const at = unfreeze.findIndex(({ layers }) => matches(layers, name));
    return at < 0 ? null : at + 1;
  };
  return {
    afterEpochs: [0, ...unfreeze.map(({ afterEpochs }) => afterEpochs)],
    firstOf,
    isFrozen: (name, stage) => (firstOf(name) ?? Number.POSITIVE_INFINITY) > stage,
  };
};

const mostShown = 12;

const requireNames = (pointer: string, layers: Layers, declarations: readonly TensorDeclaration[]): void => {
  if (typeof layers === "string") return;
  const names = declarations.map(({ name }) => name);
  const layersOf = declarations.map(({ layer }) => layer);
  for (const [i, prefix] of layers.entries()) {
    if (names.some((name) => covers(prefix, name))) continue;
    const known = [...new Set(layersOf)];
    const shown = `${known.slice(0, mostShown).join(", ")}${known.length > mostShown ? ", …" : ""}`;
    throw new ModelShapeError(`${pointer}/${i}`, `no layer is called ${JSON.stringify(prefix)}; there are ${shown}`);
  }
};

/** Layers that are frozen or unfrozen are there, and something learns. */
export const checkFreezing = (spec: TracedSpec, declarations: readonly TensorDeclaration[]): void => {
  const { base } = spec;
  if (base === undefined) return;
  const names = declarations.map(({ name }) => name);
  const { freeze, unfreeze = [] } = base;
  requireNames("/base/freeze", freeze, declarations);
  const stages = stagesOf(spec);
  for (const [i, { layers }] of unfreeze.entries()) {
    const pointer = `/base/unfreeze/${i}/layers`;
    requireNames(pointer, layers, declarations);
    if (names.some((name) => stages.firstOf(name) === i + 1)) continue;
    throw new ModelShapeError(pointer, "none of these layers is frozen by then; freeze them, or leave this out");
  }
  const learns = ({ kind, fixed, name }: TensorDeclaration): boolean =>
    kind === "parameter" && fixed !== true && stages.firstOf(name) !== null;
  if (!declarations.some(learns)) {
    throw new ModelShapeError("/base/freeze", "every layer is frozen, so nothing would be learnt; freeze fewer");
  }
  const isHead = createIsHead(spec);
  const stale = base.newHead && declarations.find(({ name }) => isHead(name) && stages.firstOf(name) === null);
  if (stale) {
    throw new ModelShapeError(
      "/base/freeze",
      `${stale.layer} is the new head, and would never learn; do not freeze it`,
    );
  }
};
