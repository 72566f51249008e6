// Brings rows to a ring, a different number at a time. Node 20 starts no worker from a .ts file: this one runs what `npm run build` put into dist.
import { workerData } from "node:worker_threads";
import { createRingReader } from "../../../dist/src/engine/train/ring/ring-reader.js";

const { ring, memory, features } = workerData;
const reader = createRingReader(ring, memory);
let most = 1;
for (let wanted = reader.next(most); wanted !== null; wanted = reader.next(most)) {
  for (const [i, place] of wanted.places.entries()) {
    const row = features[wanted.split].subarray(place * ring.inputs, (place + 1) * ring.inputs);
    reader.floats.set(row, wanted.slots[i]);
    reader.ready(1);
  }
  most = 1 + ((most + 2) % 5);
}
