import { type Control, currentSignal } from "../engine/control.ts";

/** The job is told to stop before it has computed anything that a checkpoint could keep. */
export class StoppedReading extends Error {
  constructor() {
    super("the job was told to stop while its data were read");
    this.name = "StoppedReading";
  }
}

/** The same chunks, until the job is told to stop: a large file takes longer to read than a trainer may take to stop. */
export async function* untilSignalled(control: Control, stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    if (currentSignal(control) !== "go") throw new StoppedReading();
    yield chunk;
  }
}
