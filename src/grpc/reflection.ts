import type {} from "@fastify/swagger"; // declares `schema.hide`
import { ReflectionService } from "@grpc/reflection";
import type { FastifyInstance } from "fastify";
import { descriptorSet } from "./generated/descriptor-set.ts";

/** FileDescriptorSet { repeated FileDescriptorProto file = 1 }: the bytes of each file, as the service wants them. */
const filesOf = (set: Buffer): Buffer[] => {
  const files: Buffer[] = [];
  for (let at = 0; at < set.length; ) {
    at += 1; // the tag 0x0a: field 1, length-delimited; the set has no other field
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = set[at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    files.push(set.subarray(at, at + length));
    at += length;
  }
  return files;
};

/**
 * Reflection (v1 and v1alpha) from the descriptor set that buf built: loading .proto files at run time loses the
 * dependencies between them (grpc-node#3034), and then clients cannot resolve the types.
 */
export const createReflection = (): ReflectionService => {
  const fileDescriptorProtos = filesOf(Buffer.from(descriptorSet, "base64"));
  return new ReflectionService({
    descent: { format: "Protocol Buffer 3 DescriptorProto", type: {}, fileDescriptorProtos },
  } as unknown as ConstructorParameters<typeof ReflectionService>[0]);
};

/** The same set over HTTP, as `/openapi.json` has the contract of REST: for clients that make their messages from it without reflection or a compiler. */
export const registerDescriptors = async (app: FastifyInstance): Promise<void> => {
  const set = Buffer.from(descriptorSet, "base64");
  app.get("/descriptors.binpb", { schema: { hide: true } }, async (_request, reply) =>
    reply.type("application/x-protobuf").send(set),
  );
};
