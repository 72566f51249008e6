import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { limits } from "../domain/limits.ts";
import { Encoded } from "./encoded.ts";

/** Stands for a request whose bytes are not the message: grpc-js would answer INTERNAL, and it is the client's fault. */
export class Undecodable {
  readonly code: "malformed" | "too_large";
  readonly detail: string;
  constructor(code: "malformed" | "too_large", detail: string) {
    this.code = code;
    this.detail = detail;
  }
}

const tooLarge = (bytes: number): Undecodable => {
  const most = limits.jsonBodyBytes.toLocaleString("en-US");
  return new Undecodable("too_large", `the message has ${bytes} bytes; one of this kind may have at most ${most}`);
};

/**
 * The same service, whose decoding never throws, and reads no more at once than a JSON body may have, unless the method's messages are
 * taken apart elsewhere: handlers find an `Undecodable` instead. What they have encoded themselves is sent as it is.
 */
export const withOwnCoding = <T extends ServiceDefinition<UntypedServiceImplementation>>(
  service: T,
  elsewhere: readonly string[] = [],
): T =>
  Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer) => {
          if (bytes.length > limits.jsonBodyBytes && !elsewhere.includes(name)) return tooLarge(bytes.length);
          try {
            return method.requestDeserialize(bytes);
          } catch (cause) {
            const reason = cause instanceof Error ? cause.message : String(cause);
            return new Undecodable("malformed", `the message could not be decoded: ${reason}`);
          }
        },
        responseSerialize: (answer: unknown) =>
          answer instanceof Encoded ? answer.buffer() : method.responseSerialize(answer),
      },
    ]),
  ) as T;
