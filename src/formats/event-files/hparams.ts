import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { PluginValue } from "./event-file.ts";

/** What a hyper-parameter may be in the plugin's table. */
export type HyperParameter = number | string | boolean;

const plugin = "hparams";

const sub = (writer: BinaryWriter, number: number, bytes: Uint8Array): BinaryWriter =>
  writer.tag(number, WireType.LengthDelimited).bytes(bytes);
const text = (writer: BinaryWriter, number: number, value: string): BinaryWriter =>
  writer.tag(number, WireType.LengthDelimited).string(value);
const double = (writer: BinaryWriter, number: number, value: number): BinaryWriter =>
  writer.tag(number, WireType.Bit64).double(value);

/** google.protobuf.Value {2 number_value, 3 string_value, 4 bool_value}. */
const encodeHyperParameter = (value: HyperParameter): Uint8Array => {
  const writer = new BinaryWriter();
  if (typeof value === "number") return double(writer, 2, value).finish();
  if (typeof value === "string") return text(writer, 3, value).finish();
  return writer.tag(4, WireType.Varint).bool(value).finish();
};

/** HParamsPluginData {1 version, 2 experiment, 3 session_start_info, 4 session_end_info}. */
const pluginData = (part: number, bytes: Uint8Array): Uint8Array =>
  sub(new BinaryWriter().tag(1, WireType.Varint).int32(0), part, bytes).finish();

/** SessionStartInfo {1 map hparams, 4 group_name, 5 start_time_secs}: the values that a run goes by. */
export const sessionStart = (
  group: string,
  startSeconds: number,
  values: ReadonlyMap<string, HyperParameter>,
): PluginValue => {
  const writer = new BinaryWriter();
  for (const [name, value] of values)
    sub(writer, 1, sub(text(new BinaryWriter(), 1, name), 2, encodeHyperParameter(value)).finish());
  const bytes = double(text(writer, 4, group), 5, startSeconds).finish();
  return { tag: "_hparams_/session_start_info", plugin, content: pluginData(3, bytes) };
};

const statuses = { success: 1, failure: 2, running: 3 } as const;
export type SessionStatus = keyof typeof statuses;

/** SessionEndInfo {1 status, 2 end_time_secs}. */
export const sessionEnd = (status: SessionStatus, endSeconds: number): PluginValue => {
  const writer = new BinaryWriter().tag(1, WireType.Varint).int32(statuses[status]);
  return { tag: "_hparams_/session_end_info", plugin, content: pluginData(4, double(writer, 2, endSeconds).finish()) };
};

/** A column of the table, and what it may hold; left out: whatever the runs have. */
export interface HyperParameterColumn {
  name: string;
  type: "string" | "bool" | "number";
  interval?: { min: number; max: number };
}

const types = { string: 1, bool: 2, number: 3 } as const;

/** HParamInfo {1 name, 4 type, 6 domain_interval {1 min_value, 2 max_value}}. */
const encodeColumn = ({ name, type, interval }: HyperParameterColumn): Uint8Array => {
  const writer = text(new BinaryWriter(), 1, name).tag(4, WireType.Varint).int32(types[type]);
  if (interval === undefined) return writer.finish();
  return sub(writer, 6, double(double(new BinaryWriter(), 1, interval.min), 2, interval.max).finish()).finish();
};

/** MetricInfo {1 name {2 tag}}. */
const encodeMetric = (tag: string): Uint8Array =>
  sub(new BinaryWriter(), 1, text(new BinaryWriter(), 2, tag).finish()).finish();

export interface ExperimentTable {
  name: string;
  createdSeconds: number;
  columns: readonly HyperParameterColumn[];
  /** Tags of curves, whose last values are shown. */
  metrics: readonly string[];
}

/** Experiment {3 time_created_secs, 4 hparam_infos, 5 metric_infos, 6 name}: what the table of all runs looks like. */
export const experiment = ({ name, createdSeconds, columns, metrics }: ExperimentTable): PluginValue => {
  const writer = double(new BinaryWriter(), 3, createdSeconds);
  for (const column of columns) sub(writer, 4, encodeColumn(column));
  for (const tag of metrics) sub(writer, 5, encodeMetric(tag));
  return { tag: "_hparams_/experiment", plugin, content: pluginData(2, text(writer, 6, name).finish()) };
};
