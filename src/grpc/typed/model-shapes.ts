import { Comparison } from "../../domain/models/comparison.ts";
import { ImagePreprocessing } from "../../domain/models/image-preprocessing.ts";
import { ImportedFile } from "../../domain/models/imported-model.ts";
import { Lineage } from "../../domain/models/lineage.ts";
import { Preprocessing } from "../../domain/models/model.ts";
import { Report } from "../../domain/models/report.ts";
import { createShapes } from "./read-shapes.ts";

// Coverage's interval of one answer has the name already.
const shapes = createShapes({ isAnswer: true, names: { PredictionInterval: "ReportInterval" } });

/** What is answered of a model, whose messages are made from the schemas. */
export const modelShapes = {
  report: shapes.of(Report, "Report"),
  preprocessing: shapes.of(Preprocessing, "Preprocessing"),
  image: shapes.of(ImagePreprocessing, "ImagePreprocessing"),
  file: shapes.of(ImportedFile, "ImportedFile"),
  lineage: shapes.of(Lineage, "Lineage"),
  comparison: shapes.of(Comparison, "Comparison"),
};

/** Every message that they need: those inside before those around them. */
export const modelMessages = shapes.all();
