import { ServiceError } from "../domain/errors.ts";

/** One call of a method that is over: how long it took, and the code (or, for a bug, the name) of the error it was rejected with. */
export type OnCall = (method: string, seconds: number, error: string | null) => void;

const nameOf = (error: unknown): string =>
  error instanceof ServiceError ? error.code : error instanceof Error ? error.name : "unknown";

type Method = (...args: unknown[]) => unknown;
const isMethod = (value: unknown): value is Method => typeof value === "function";
const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;

/** The same object, whose asynchronous methods are told of when they settle: for meters. */
export const watchCalls = <T extends object>(target: T, onCall: OnCall): T => {
  const watched = (name: string, method: Method): Method => {
    return (...args) => {
      const startedMs = performance.now();
      const tell = (error: string | null): void => onCall(name, (performance.now() - startedMs) / 1000, error);
      const result = Reflect.apply(method, target, args);
      if (isPromise(result))
        result.then(
          () => tell(null),
          (error: unknown) => tell(nameOf(error)),
        );
      return result;
    };
  };
  const entries = Object.entries(target).map(([name, value]) => [name, isMethod(value) ? watched(name, value) : value]);
  return Object.fromEntries(entries);
};
