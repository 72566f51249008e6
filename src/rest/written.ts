import type { FastifyReply } from "fastify";
import { entityTag } from "./routes/entity-tag.ts";

interface Written {
  text: string;
  tag: string;
}

/** Answers in JSON with their ETags. What is frozen is shared by those who ask for it and does not change: it is written once. */
export const createWriter = () => {
  const written = new WeakMap<object, Written>();
  /** The answer, written; anything else is left to the framework. */
  return (reply: FastifyReply, answer: unknown): unknown => {
    if (typeof answer !== "object" || answer === null || !Object.isFrozen(answer)) return answer;
    let known = written.get(answer);
    if (known === undefined) {
      const text = JSON.stringify(answer);
      known = { text, tag: entityTag(text) };
      written.set(answer, known);
    }
    reply.type("application/json; charset=utf-8");
    if (reply.request.method === "GET") reply.header("etag", known.tag);
    return known.text;
  };
};
