import { assert } from "../../src/domain/errors.ts";
import type { TenantId } from "../../src/domain/ids.ts";
import type { Conformal } from "../../src/domain/models/conformal.ts";
import type { ImportedModel } from "../../src/domain/models/imported-model.ts";
import { type AnyModel, isImported, type Model } from "../../src/domain/models/model.ts";
import { exportImported } from "../../src/exporting/export-imported.ts";
import { exportModel } from "../../src/exporting/export-model.ts";
import type { OnnxFile } from "../../src/formats/onnx/writing/onnx-file.ts";
import type { Tensor } from "../../src/formats/safetensors/safetensors.ts";
import type { ArtifactStore } from "../../src/store/artifacts/artifact-store.ts";
import { weightsOf } from "../../src/store/artifacts/model-files.ts";
import { readNetwork } from "../../src/store/artifacts/read-network.ts";
import { readReport } from "../../src/store/artifacts/read-report.ts";
import { readVerified } from "../../src/store/artifacts/verified.ts";
import { floatsOf, readContent } from "../inference/read-content.ts";
import { decodeStored } from "../training/stored-tensors.ts";

const readTensors = async (artifacts: ArtifactStore, tenant: TenantId, model: AnyModel): Promise<readonly Tensor[]> => {
  const { key, check, what } = weightsOf(tenant, model);
  return decodeStored(await readVerified(artifacts, key, check, what), what).tensors;
};

/** The scores of held-out rows, from the report. */
const readConformal = async (artifacts: ArtifactStore, tenant: TenantId, model: Model): Promise<Conformal | null> => {
  const report = await readReport(artifacts, tenant, model);
  return ("conformal" in report && report.conformal) || null;
};

const exportStoredImport = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: ImportedModel,
  options: { preprocessing: boolean },
): Promise<OnnxFile> => {
  const network = await readNetwork(artifacts, tenant, model);
  assert(network !== null, "an imported model has a description of its network");
  return exportImported(model, network, floatsOf(await readTensors(artifacts, tenant, model)), options);
};

/** A stored model as an ONNX file. `corrupt` if its files are not what was written, `over_limit` if it is too large for one. */
export const exportStored = async (
  artifacts: ArtifactStore,
  tenant: TenantId,
  model: AnyModel,
  options: { preprocessing: boolean },
): Promise<OnnxFile> =>
  isImported(model)
    ? exportStoredImport(artifacts, tenant, model, options)
    : exportModel(model, await readContent(artifacts, tenant, model, await readTensors(artifacts, tenant, model)), {
        ...options,
        conformal: options.preprocessing ? await readConformal(artifacts, tenant, model) : null,
      });
