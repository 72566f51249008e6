import type { MessagePort } from "node:worker_threads";
import { ServiceError } from "../../src/domain/errors.ts";
import type { FromAnswering, ToAnswering } from "../engine/protocol.ts";

/** Tells that the thread does what must be done before it can answer. */
export const tellAlive = (port: MessagePort): void =>
  port.postMessage({ type: "alive" } satisfies FromAnswering<never>);

/**
 * The thread's side of a request worker: answers what it is asked. What users can cause travels back as data, since a
 * ServiceError's class is lost between threads; anything else ends the thread. Buffers that `transferOf` names are moved.
 */
export const answerQuestions = <Question, Answer>(
  port: MessagePort,
  answerOf: (question: Question) => Promise<Answer> | Answer,
  transferOf: (answer: Answer) => readonly ArrayBuffer[] = () => [],
): void => {
  const post = (message: FromAnswering<Answer>, transfer: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, [...transfer]);
  const reply = async ({ id, question }: ToAnswering<Question>): Promise<void> => {
    try {
      const answer = await answerOf(question);
      if (id !== null) post({ type: "answer", id, answer }, transferOf(answer));
    } catch (error) {
      if (!(error instanceof ServiceError) || id === null) throw error;
      post({ type: "refused", id, code: error.code, detail: error.message, errors: [...error.errors] });
    }
  };
  port.on("message", (message: ToAnswering<Question>) => {
    reply(message).catch((error: unknown) => {
      // Out of the promise, so that it reaches the process as the thread's `error` and a fresh thread takes over.
      setImmediate(() => {
        throw error;
      });
    });
  });
};
