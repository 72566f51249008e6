import { openFile } from "./open-file.ts";
import { createListing, type Listing, type ListOptions } from "./pages.ts";
import type { RequestOptions, Transport } from "./transport.ts";
import type {
  Comparison,
  Lineage,
  Model,
  PicturePreprocessing,
  PredictRequest,
  PredictResponse,
  Report,
  Row,
} from "./types.ts";
import { type FileSource, nameOf, titleOf, type UploadOptions, uploadFile } from "./upload-file.ts";

export interface CompareOptions extends RequestOptions {
  /** Which rows: all, unless only those are wanted that none of the models has learnt from. */
  rows?: "all" | "held_out";
}

export interface ModelImport extends UploadOptions {
  /** Left out: the file's name. */
  name?: string;
  /** Of a safetensors file: `resnet18`, … */
  architecture?: string;
  /** Of an ONNX file: the sizes that its inputs leave open behind the batch, in its order. */
  sizes?: readonly number[];
  /** Left out: as the file has it, if it does. */
  preprocessing?: PicturePreprocessing;
  licence?: string;
  source?: string;
}

/** Of an imported model; what is left out stays as it is. */
export interface ModelUpdate {
  /** Names of the first output's columns, in their order; null: none. */
  labels?: readonly string[] | null;
  preprocessing?: PicturePreprocessing;
  licence?: string | null;
  source?: string | null;
}

/** A picture: PNG, JPEG or WebP, by its path (Node only), as a file or its bytes. */
export type PictureSource = string | URL | Blob | Uint8Array<ArrayBuffer>;

/** `strict`, `explain`, `coverage` and whatever else a request for predictions may have beside its rows. */
export type PredictOptions = RequestOptions & Omit<PredictRequest, "rows">;

export interface FileOptions extends RequestOptions {
  /** Of ONNX: whether the preprocessing is inside. Left out: it is. */
  preprocessing?: boolean;
}

const id = encodeURIComponent;

const isPicture = (item: Row | PictureSource): item is PictureSource =>
  typeof item === "string" || item instanceof URL || item instanceof Blob || item instanceof Uint8Array;

const blobOf = async (picture: PictureSource): Promise<Blob> => {
  if (picture instanceof Blob) return picture;
  if (picture instanceof Uint8Array) return new Blob([picture]);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of (await openFile(picture)).chunks()) chunks.push(new Uint8Array(chunk));
  return new Blob(chunks);
};

/** A form of pictures, and what is said beside them. */
const formOf = async (pictures: readonly PictureSource[], said: object): Promise<FormData> => {
  const form = new FormData();
  for (const picture of pictures) form.append("picture", await blobOf(picture), nameOf(picture) ?? "picture");
  if (Object.keys(said).length > 0) form.append("request", JSON.stringify(said));
  return form;
};

export const modelsOf = (transport: Transport) => {
  const predict = async (
    model: string,
    items: readonly Row[] | readonly PictureSource[],
    options: PredictOptions = {},
  ): Promise<PredictResponse> => {
    const { signal, ...said } = options;
    const given: readonly (Row | PictureSource)[] = items;
    const pictures = given.filter(isPicture);
    if (pictures.length > 0 && pictures.length < given.length)
      throw new TypeError("predict takes rows or pictures, not both; put a picture into its row in base64");
    const form = pictures.length > 0 ? await formOf(pictures, said) : null;
    const content = form === null ? { json: { rows: items, ...said } } : { body: () => form };
    const sent = { method: "POST" as const, repeatable: true, ...content, ...(signal === undefined ? {} : { signal }) };
    return transport.json<PredictResponse>(`/v1/models/${id(model)}/predict`, sent);
  };
  return {
    import: (source: FileSource, options: ModelImport = {}): Promise<Model> => {
      const { name = titleOf(source), sizes, preprocessing, ...said } = options;
      const stated = typeof preprocessing === "object" ? JSON.stringify(preprocessing) : preprocessing;
      const query = { ...said, name, sizes: sizes?.join("x"), preprocessing: stated };
      return uploadFile<Model>(transport, "/v1/models", source, query, "application/onnx");
    },
    /** States labels, preprocessing, licence or source of an imported model. */
    update: (model: string, change: ModelUpdate, options?: RequestOptions) =>
      transport.json<Model>(`/v1/models/${id(model)}`, {
        ...{ method: "PATCH", json: change, repeatable: true, ...options },
      }),
    list: (options: ListOptions = {}): Listing<Model> => createListing<Model>(transport, "/v1/models", { ...options }),
    /** By id or alias, as wherever a model is meant. */
    get: (model: string, options?: RequestOptions) => transport.json<Model>(`/v1/models/${id(model)}`, options),
    report: (model: string, options?: RequestOptions) =>
      transport.json<Report>(`/v1/models/${id(model)}/report`, options),
    /** Where it comes from, and what came of it. */
    lineage: (model: string, options?: RequestOptions) =>
      transport.json<Lineage>(`/v1/models/${id(model)}/lineage`, options),
    /** How good models are on the same rows of a data set, and which cannot be told apart; with `rows: "held_out"` on those held out from each that was trained on this file. */
    compare: (models: readonly string[], dataset: string, { rows, ...options }: CompareOptions = {}) =>
      transport.json<Comparison>("/v1/comparisons", {
        ...{ method: "POST", json: { models, dataset, rows }, repeatable: true, ...options },
      }),
    /** The same as a page of HTML to hand on; as a response to stream from. */
    comparePage: (models: readonly string[], dataset: string, { rows, ...options }: CompareOptions = {}) =>
      transport.send("/v1/comparisons", {
        ...{
          method: "POST",
          json: { models, dataset, rows },
          repeatable: true,
          headers: { accept: "text/html" },
          ...options,
        },
      }),
    /** Rows as in the data set, or pictures, of which each is a row of its own. */
    predict,
    /** Weights as safetensors, the network as ONNX, its card in Markdown, or its report as a page; as a response to stream from. */
    file: (
      model: string,
      kind: "weights" | "onnx" | "card" | "held-out" | "report.html",
      { preprocessing, ...options }: FileOptions = {},
    ) =>
      transport.send(`/v1/models/${id(model)}/${kind}`, {
        headers: { accept: "*/*" },
        query: { preprocessing },
        ...options,
      }),
    delete: async (model: string, options?: RequestOptions): Promise<void> => {
      await transport.send(`/v1/models/${id(model)}`, { method: "DELETE", ...options });
    },
  };
};
