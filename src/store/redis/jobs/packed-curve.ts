import { promisify } from "node:util";
import { deflateRaw, inflateRaw } from "node:zlib";
import type { MetricPoint } from "../../../domain/jobs/job.ts";

const [deflate, inflate] = [promisify(deflateRaw), promisify(inflateRaw)];

/** Points of one block: more would hardly make it smaller, and a page begins with a whole block. */
export const POINTS_IN_BLOCK = 64;
/** What no point's JSON begins with. */
const PACKED = 0x01;

export const isPacked = (entry: Buffer): boolean => entry[0] === PACKED;

/** A curve as blocks, each behind the step of its last point: a byte 1, and the points' JSON deflated (RFC 1951), every digit kept. */
export const packPoints = async (points: readonly MetricPoint[]): Promise<(number | Buffer)[]> => {
  const blocks: (number | Buffer)[] = [];
  for (let from = 0; from < points.length; from += POINTS_IN_BLOCK) {
    const some = points.slice(from, from + POINTS_IN_BLOCK);
    blocks.push(some.at(-1)!.step, Buffer.concat([Buffer.of(PACKED), await deflate(JSON.stringify(some))]));
  }
  return blocks;
};

/** The points of an entry of the set: one, or a block's. */
export const readPoints = async (entry: Buffer): Promise<MetricPoint[]> =>
  isPacked(entry)
    ? JSON.parse((await inflate(entry.subarray(1))).toString("utf8"))
    : [JSON.parse(entry.toString("utf8"))];
