import { ServiceError } from "../../domain/errors.ts";
import { parseJsonBytes } from "../../domain/json-bytes.ts";
import { limits } from "../../domain/limits.ts";
import { pictureOf } from "../../domain/models/image-presets.ts";
import { type AnyModel, isImported } from "../../domain/models/model.ts";
import { readForm } from "../../formats/multipart/multipart.ts";

const invalid = (pointer: string, detail: string): ServiceError =>
  new ServiceError("invalid", pointer === "" ? detail : `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });

/** The column of a row, or the input of a network from a file, that a picture without a name is meant for. */
const pictureColumn = (model: AnyModel): string => {
  if (isImported(model)) {
    const [first, ...others] = model.inputs;
    if (first === undefined || others.length > 0 || pictureOf(first) === null)
      throw invalid("", "the input of this network is no picture; send its tensors as JSON rows");
    return first.name;
  }
  const images = model.preprocessing.features.filter(({ type }) => type === "image");
  const [first, ...others] = images;
  if (first === undefined) throw invalid("", "none of this model's features is an image; send its rows as JSON");
  if (others.length > 0)
    throw invalid("", `a row of this model has ${images.length} images; send its rows as JSON, with images in base64`);
  return first.column;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * A request's body whose rows have these pictures, as JSON has them: each is the image of the row in its place, or a row of its own if there are no rows.
 * `invalid` if the model takes no pictures, or there are as many rows as do not fit.
 */
export const withPictures = (model: AnyModel, body: unknown, pictures: readonly Uint8Array[]): unknown => {
  if (pictures.length === 0) return body;
  if (!isObject(body)) throw invalid("", "what is said beside the pictures must be a JSON object");
  const column = pictureColumn(model);
  const given = Array.isArray(body.rows) && body.rows.length > 0 ? body.rows : null;
  if (given !== null && given.length !== pictures.length)
    throw invalid("/rows", `there are ${given.length} rows and ${pictures.length} pictures; send one for each row`);
  const rows = pictures.map((picture, i) => {
    const cells: unknown = given?.[i] ?? {};
    if (!isObject(cells)) return cells;
    const file = Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength).toString("base64");
    // fromEntries makes own properties even of names such as __proto__.
    return Object.fromEntries([...Object.entries(cells), [column, file]]);
  });
  return { ...body, rows };
};

/** The part of a form that has what a JSON body has beside pictures: other columns' cells, `strict`, `coverage`. */
const requestPart = "request";

const readPictureForm = (model: AnyModel, bytes: Uint8Array, contentType: string): unknown => {
  const parts = readForm(bytes, contentType, limits.predictRows + 1);
  const requests = parts.filter(({ name }) => name === requestPart);
  if (requests.length > 1) throw new ServiceError("malformed", `the form has more than one part "${requestPart}"`);
  const pictures = parts.filter(({ name }) => name !== requestPart);
  const text = pictures.find(({ filename, type }) => filename === null && (type === null || /^text\//.test(type)));
  if (text !== undefined) {
    const name = JSON.stringify(text.name.slice(0, 100));
    throw new ServiceError(
      "malformed",
      `the part ${name} is no file; send pictures as files, and all else as JSON in a part "${requestPart}"`,
    );
  }
  if (pictures.length === 0) throw new ServiceError("malformed", "the form has no picture; send one or more as files");
  const said = requests[0] === undefined ? {} : parseJsonBytes(requests[0].content);
  return withPictures(
    model,
    said,
    pictures.map(({ content }) => content),
  );
};

/** A prediction's body as JSON has it, whatever came: JSON, a picture as it is, or a form of several. */
export const readPredictBody = (model: AnyModel, bytes: Uint8Array, contentType: string): unknown => {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "multipart/form-data") return readPictureForm(model, bytes, contentType);
  if (!type.startsWith("image/")) return parseJsonBytes(bytes);
  if (bytes.length === 0) throw new ServiceError("malformed", "the body is empty; it must be the picture's file");
  return withPictures(model, {}, [bytes]);
};
