/** A model that does not fit its data: `pointer` is an RFC 6901 pointer into the job's specification. */
export class ModelShapeError extends Error {
  readonly pointer: string;

  constructor(pointer: string, message: string) {
    super(message);
    this.name = "ModelShapeError";
    this.pointer = pointer;
  }
}
