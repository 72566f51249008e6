import type { AnyModel } from "../../../domain/models/model.ts";
import { api } from "../api.ts";
import { Card } from "../parts.tsx";
import { FileDownload } from "../views/file-download.tsx";

interface Export {
  label: string;
  file: "weights" | "onnx" | "card" | "report.html";
  ending: string;
  preprocessing?: boolean;
  about: string;
}

const exports: readonly Export[] = [
  {
    label: "Download ONNX",
    file: "onnx",
    ending: ".onnx",
    about: "The whole model, with its preprocessing, for onnxruntime and whatever else reads ONNX.",
  },
  {
    ...{ label: "Download bare ONNX", file: "onnx", ending: ".network.onnx", preprocessing: false },
    about: "The network alone: prepared numbers or pixels go in.",
  },
  { label: "Download weights", file: "weights", ending: ".safetensors", about: "The numbers alone, as safetensors." },
  {
    label: "Download card",
    file: "card",
    ending: ".md",
    about: "What it is, how good it is, where it comes from and its licence, in Markdown.",
  },
];

const report: Export = {
  label: "Download report",
  file: "report.html",
  ending: ".report.html",
  about: "Every figure with its interval and its plots, as a page that needs nothing else.",
};

/** The forms in which a model leaves. */
export const ExportCard = ({ model }: { model: AnyModel }) => (
  <Card title="Take it away">
    <ul class="exports">
      {("preprocessing" in model ? [...exports, report] : exports).map(
        ({ label, file, ending, preprocessing, about }) => (
          <li key={label}>
            <FileDownload
              label={label}
              path={`/v1/models/${model.id}/${file}${preprocessing === false ? "?preprocessing=false" : ""}`}
              name={`${model.id}${ending}`}
              read={() => api.modelFile(model.id, file, preprocessing)}
            />
            <span class="muted small">{about}</span>
          </li>
        ),
      )}
    </ul>
  </Card>
);
