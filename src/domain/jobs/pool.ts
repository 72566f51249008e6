import { z } from "zod";

/** Of trainers without a label, and of jobs that name none. */
export const DEFAULT_POOL = "default";

/** A label that trainers have and jobs name: the jobs of a pool run on its trainers, and on no others. */
export const PoolName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/,
    "must be at most 32 lower-case letters, digits and hyphens, such as large",
  );

export const poolOf = ({ pool }: { pool?: string | undefined }): string => pool ?? DEFAULT_POOL;

/** Each pool has a queue of its own; that of the default one has the name that was there before there were others. */
export const queueNameOf = (pool: string): string => (pool === DEFAULT_POOL ? "training" : `training.${pool}`);
