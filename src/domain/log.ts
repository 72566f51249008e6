/** What a floor may say about its work: pino's shape, so that main.ts hands a pino logger in. Fields carry tenant, job and request ids, never secrets. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
