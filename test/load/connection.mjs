import { connect } from "node:net";

const head = Buffer.from("\r\n\r\n");

/** One request in HTTP/1.1, ready to be written again and again. */
export const encodeRequest = ({ method = "GET", path, headers = {}, body = "" }, host) => {
  const bytes = Buffer.from(body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = method === "GET" ? "" : `content-length: ${bytes.length}\r\n`;
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join("")}${length}\r\n`),
    bytes,
  ]);
};

/** The answer at the start of `bytes`, or null while it is not whole. This server states the length of all that is asked for here. */
const parseAnswer = (bytes) => {
  const end = bytes.indexOf(head);
  if (end < 0) return null;
  const text = bytes.latin1Slice(0, end);
  const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
  const total = end + head.length + length;
  if (bytes.length < total) return null;
  return {
    status: Number(text.slice(9, 12)),
    retryAfter: /^retry-after: *(\d+)/im.exec(text)?.[1] ?? null,
    closes: /^connection: *close/im.test(text),
    body: bytes.subarray(end + head.length, total),
  };
};

/**
 * A kept connection with one request at a time: a tenth of what a whole HTTP client costs, so that one process can ask for more than
 * the server can do. Opens itself again when it was closed.
 */
export const createConnection = ({ host, port }) => {
  let socket = null;
  let received = [];
  let settle = null;
  const finish = (result) => {
    const done = settle;
    settle = null;
    received = [];
    done?.(result);
  };
  const open = () => {
    const opened = connect({ host, port, noDelay: true });
    opened.on("data", (chunk) => {
      received.push(chunk);
      const bytes = received.length === 1 ? chunk : Buffer.concat(received);
      const answer = parseAnswer(bytes);
      if (answer === null) {
        received = [bytes];
        return;
      }
      if (answer.closes) {
        if (socket === opened) socket = null;
        opened.destroy();
      }
      finish(answer);
    });
    const gone = (reason) => {
      if (socket !== opened) return;
      socket = null;
      opened.destroy();
      finish({ error: reason });
    };
    opened.on("error", (error) => gone(error.code ?? error.message));
    opened.on("close", () => gone("closed"));
    return opened;
  };
  return {
    /** Calls back with `{ status, retryAfter, body }` or `{ error }`. */
    send(bytes, done) {
      settle = done;
      socket ??= open();
      socket.write(bytes);
    },
    close: () => {
      const closing = socket;
      socket = null;
      closing?.destroy();
    },
  };
};
