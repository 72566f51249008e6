import type { NetworkDescription } from "../../../domain/models/network.ts";
import { createGraph } from "../../graph/graph.ts";
import { plan } from "../../graph/plan.ts";
import { flopsOf } from "../../graph/record.ts";
import type { TracedSpec } from "../../nn/models.ts";
import { networkValue } from "../../nn/network.ts";
import { splitNetwork, widthOfInput } from "../../nn/network-trunk.ts";
import { createScope } from "../../nn/scope.ts";
import { columnsOf } from "../../tensor/shape.ts";
import { stagesOf } from "./freezing.ts";

/** What is computed once for each row: the part of a network that never changes in training. */
export interface Trunk {
  readonly network: NetworkDescription;
  /** What is trained on its values. */
  readonly top: NetworkDescription;
  /** Numbers of a row that go in, and that are kept. */
  readonly inputs: number;
  readonly width: number;
  /** Rows that are computed at once. */
  readonly rows: number;
  readonly flopsPerRow: number;
}

/** The leaf that rows are written to. */
export const trunkInput = "trunk.input";
/** Intermediate tensors of the rows that are computed at once take no more, if one row does not. */
const arenaBytes = 64 * 2 ** 20;
const mostRows = 32;

/** The trunk's values of `rows` rows, as a graph. */
export const traceTrunk = (network: NetworkDescription, rows: number) => {
  const graph = createGraph();
  const scope = createScope(graph, false, () => true);
  const x = graph.leaf(trunkInput, [rows, widthOfInput(network)]);
  return { graph, scope, value: networkValue(network, scope, x, rows) };
};

/** A frozen trunk with nothing random in it or before it; null where there is none. */
export const findTrunk = (spec: TracedSpec): Trunk | null => {
  const { network, base } = spec;
  if (network === undefined || base === undefined || spec.training.augment !== undefined) return null;
  const { firstOf } = stagesOf(spec);
  const parts = splitNetwork(
    network,
    { keeps: (name) => firstOf(name) === null, fixedStatistics: base.frozenBatchNorm === true },
    (trunk) => columnsOf(traceTrunk(trunk, 1).value.shape),
  );
  if (parts === null) return null;
  const { graph, value } = traceTrunk(parts.trunk, 1);
  const one = plan({ graph, results: [{ value, offset: 0 }], placeOf: () => 0, arenaOffset: 0, floatBytes: 4 });
  const rows = Math.floor(arenaBytes / Math.max(1, one.arenaBytes));
  return {
    ...{ network: parts.trunk, top: parts.top, inputs: widthOfInput(network), width: parts.width },
    rows: Math.max(1, Math.min(mostRows, rows)),
    flopsPerRow: flopsOf(graph, [value]),
  };
};
