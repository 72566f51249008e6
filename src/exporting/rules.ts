import type { Value } from "../engine/graph/graph.ts";
import type { Translation } from "./translation.ts";

/** Inputs and outputs of a node by their names; null: an optional input left out. */
type Ports = Readonly<Record<string, Value | null>>;

/** What an op of the engine becomes in the file: nodes that compute its output. The attributes are the op's own, which its name ties to its rule. */
export type Rule = (t: Translation, ports: Ports, attributes: never) => void;

export type Rules = Readonly<Record<string, Rule>>;
