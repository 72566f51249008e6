import type { Party } from "../../src/domain/fairness/shares.ts";
import { createTurns } from "../../src/domain/fairness/turns.ts";
import type { Prediction } from "../../src/domain/models/predictions/prediction.ts";
import type { Answer, Encoded } from "./answer.ts";

export interface BatchLimits {
  /** Rows of several requests that are computed together; 1: every request by itself, at once. */
  rows: number;
  /** Of their inputs. */
  bytes: number;
  /** What a batch of several requests may take, by what a row of the model took last: the others wait for so long. */
  ms: number;
  /** Of all inputs that wait: beyond it something is computed before more is taken in. */
  waitingBytes: number;
}

interface Waiting extends Encoded {
  readonly answer: Answer;
  readonly party: Party;
  readonly bytes: number;
  readonly resolve: (predictions: Prediction[]) => void;
  readonly reject: (error: unknown) => void;
}

const concatenate = (parts: readonly Float32Array[]): Float32Array => {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

const together = (batch: readonly Waiting[]): Encoded => ({
  inputs: batch[0]!.inputs.map((_, i) => concatenate(batch.map(({ inputs }) => inputs[i]!))),
  rows: batch.reduce((sum, { rows }) => sum + rows, 0),
});

const alone = ({ answer, resolve, reject, ...encoded }: Waiting): void => {
  try {
    resolve(answer(encoded));
  } catch (error) {
    reject(error);
  }
};

/** Whoever's rows cannot be computed shall be the only one to hear of it. */
const settle = (batch: readonly Waiting[]): void => {
  const [first, ...others] = batch;
  if (first === undefined) return;
  if (others.length === 0) {
    alone(first);
    return;
  }
  let predictions: Prediction[];
  try {
    predictions = first.answer(together(batch));
  } catch {
    for (const each of batch) alone(each);
    return;
  }
  let at = 0;
  for (const { rows, resolve } of batch) {
    resolve(predictions.slice(at, at + rows));
    at += rows;
  }
};

/**
 * Requests for one model that came while another was computed are computed together. Nothing is waited for: what is asked runs as soon as the thread has read the
 * messages that lie before it. Tenants, and the keys of one, take turns from batch to batch, however much one has waiting.
 * @param afterMessages runs what it is given when the messages that are there were read: `setImmediate`
 */
export const createMicroBatches = (
  limits: BatchLimits,
  { afterMessages, nowMs }: { afterMessages: (act: () => void) => void; nowMs: () => number },
) => {
  const turns = createTurns<Waiting>();
  const byModel = new Map<Answer, Set<Waiting>>();
  const rowMs = new WeakMap<Answer, number>();
  let waitingBytes = 0;
  let scheduled = false;

  const leave = (item: Waiting): void => {
    const others = byModel.get(item.answer);
    others?.delete(item);
    if (others?.size === 0) byModel.delete(item.answer);
    turns.remove(item.party, item);
    waitingBytes -= item.bytes;
  };
  /** Whose turn it is, and who fits beside. */
  const nextBatch = (): Waiting[] => {
    const first = turns.next();
    if (first === null) return [];
    leave(first);
    const batch = [first];
    const most = Math.min(limits.rows, limits.ms / (rowMs.get(first.answer) ?? Number.POSITIVE_INFINITY));
    let { rows, bytes } = first;
    for (const other of byModel.get(first.answer) ?? []) {
      if (rows + other.rows > most || bytes + other.bytes > limits.bytes) break;
      rows += other.rows;
      bytes += other.bytes;
      batch.push(other);
    }
    for (const other of batch.slice(1)) leave(other);
    return batch;
  };
  const compute = (): void => {
    const batch = nextBatch();
    const startMs = nowMs();
    settle(batch);
    const [first] = batch;
    if (first === undefined) return;
    const rows = batch.reduce((sum, each) => sum + each.rows, 0);
    rowMs.set(first.answer, (nowMs() - startMs) / Math.max(1, rows));
  };
  const schedule = (): void => {
    if (scheduled || turns.size() === 0) return;
    scheduled = true;
    afterMessages(() => {
      scheduled = false;
      compute();
      schedule();
    });
  };

  return {
    ask: (party: Party, answer: Answer, encoded: Encoded): Promise<Prediction[]> =>
      new Promise((resolve, reject) => {
        const bytes = encoded.inputs.reduce((sum, { byteLength }) => sum + byteLength, 0);
        const item: Waiting = { ...encoded, answer, party, bytes, resolve, reject };
        if (limits.rows <= 1) return alone(item);
        turns.add(party, item);
        const others = byModel.get(answer) ?? new Set();
        byModel.set(answer, others.add(item));
        waitingBytes += bytes;
        while (waitingBytes > limits.waitingBytes) compute();
        schedule();
      }),
  };
};
