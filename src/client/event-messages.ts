/** A message of a stream of server-sent events. */
export interface EventMessage {
  id: string;
  event: string;
  data: string;
}

const parseMessage = (block: string): EventMessage => {
  const message: EventMessage = { id: "", event: "", data: "" };
  const data: string[] = [];
  for (const line of block.split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(":");
    // A line that begins with a colon is a comment.
    if (colon <= 0) continue;
    const value = line.slice(colon + 1).replace(/^ /, "");
    const field = line.slice(0, colon);
    if (field === "id") message.id = value;
    else if (field === "event") message.event = value;
    else if (field === "data") data.push(value);
  }
  message.data = data.join("\n");
  return message;
};

/** The messages of a stream, as the WHATWG's HTML (9.2) has them. */
export async function* eventMessages(body: ReadableStream<Uint8Array>): AsyncGenerator<EventMessage, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split(/\r\n\r\n|\n\n|\r\r/);
      text = blocks.pop() ?? "";
      for (const block of blocks) yield parseMessage(block);
    }
  } finally {
    // What is not read any more is not sent any more; a stream that broke has nothing to cancel.
    await reader.cancel().catch(() => undefined);
  }
}
