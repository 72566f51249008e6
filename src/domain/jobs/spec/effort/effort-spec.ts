import { z } from "zod";

export const Effort = z.enum(["quick", "good", "best"]).meta({
  id: "Effort",
  description:
    "How much is computed for a better model of a table. `quick`: one small network. `good`: an ensemble of six different networks, wider where there are more rows, of which two count where held-out rows say so; calibrated, measured, and then fitted once more on every row; minutes at most on one core. `best`: up to three of each kind, and up to ten times the work. What it chose is in the record, part by part; what the specification states is kept. The work is planned, not timed: the same specification gives the same weights.",
});

export type Effort = z.infer<typeof Effort>;

/** Whether more than usual is to be computed. */
export const isLarge = (effort: Effort | undefined): effort is Exclude<Effort, "quick"> =>
  effort !== undefined && effort !== "quick";
