import { describe, expect, it } from "vitest";
import { digamma64, logGamma64, trigamma64 } from "../../../src/engine/kernels/gamma64.ts";

/** x, ln Γ, ψ and ψ′ by R 4.2 (lgamma, digamma, trigamma), 17 digits. */
const values: [number, number, number, number][] = [
  [0.001, 6.907178885383853, -1000.5755719318104, 1000001.6425331959],
  [0.5, 0.5723649429247001, -1.9635100260214235, 4.934802200544679],
  [1, 0, -0.5772156649015323, 1.6449340668482264],
  [1.5, -0.12078223763524518, 0.036489973978576895, 0.9348022005446793],
  [2, 0, 0.42278433509846747, 0.6449340668482264],
  [3.7, 1.428072326665388, 1.1671535393615113, 0.31003785767003833],
  [9.9, 12.577179904219879, 2.2411803166063815, 0.1062830416287406],
  [10, 12.801827480081469, 2.2517525890667214, 0.10516633568168572],
  [55.5, 166.32150615984037, 4.0073469585404435, 0.018181317363221768],
  [1e6, 12815504.569147611, 13.81551005796419, 1.0000005000001672e-6],
];

describe("the gamma function in double precision", () => {
  it.each(values)("at %d agrees with R's to 15 digits", (x, logGamma, digamma, trigamma) => {
    const close = (value: number, wanted: number): void =>
      expect(Math.abs(value - wanted)).toBeLessThan(4e-15 * Math.max(1, Math.abs(wanted)));
    close(logGamma64(x), logGamma);
    close(digamma64(x), digamma);
    expect(Math.abs(trigamma64(x) / trigamma - 1)).toBeLessThan(4e-15);
  });
});
