import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";

/** Stands for a request whose bytes are not the message: grpc-js would answer INTERNAL, and it is the client's fault. */
export class Undecodable {
  readonly detail: string;
  constructor(cause: unknown) {
    this.detail = `the message could not be decoded: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

/** The same service, whose decoding never throws: handlers find an `Undecodable` instead. */
export const withSafeDecoding = <T extends ServiceDefinition<UntypedServiceImplementation>>(service: T): T =>
  Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      {
        ...method,
        requestDeserialize: (bytes: Buffer) => {
          try {
            return method.requestDeserialize(bytes);
          } catch (cause) {
            return new Undecodable(cause);
          }
        },
      },
    ]),
  ) as T;
