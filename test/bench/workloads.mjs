// The named workloads: all with Adam and cross-entropy on random data. Those of a network are steps of training it from the weights that it has, or answers of it.

const dense = (units) => ({ type: "dense", units });
const conv = (filters, kernel, padding = "valid") => ({ type: "conv2d", filters, kernel, padding });
const image = { height: 28, width: 28, channels: 1 };

/** Of 224 × 224, and 1000 classes; few mini-batches, since they are large. */
const photographs = (network, batch) => ({
  ...{ inputs: 224 * 224 * 3, outputs: 1000, batch, batches: 2, model: { type: "network" }, network },
});

export const workloads = {
  "tiny-mlp": { inputs: 4, outputs: 3, batch: 16, model: { type: "mlp", hidden: [16] } },
  "tabular-mlp": { inputs: 13, outputs: 3, batch: 32, model: { type: "mlp", hidden: [64, 32] } },
  "bn-mlp": { inputs: 30, outputs: 2, batch: 128, model: { type: "mlp", hidden: [128, 64], batchNorm: true } },
  "mnist-mlp": { inputs: 784, outputs: 10, batch: 128, model: { type: "mlp", hidden: [256, 128] } },
  "wide-mlp": { inputs: 1024, outputs: 10, batch: 256, model: { type: "mlp", hidden: [1024, 1024] } },
  lenet: {
    inputs: 784,
    outputs: 10,
    batch: 64,
    model: {
      type: "cnn",
      input: image,
      layers: [
        conv(6, 5, 2),
        { type: "average_pool", size: 2 },
        conv(16, 5),
        { type: "average_pool", size: 2 },
        dense(120),
        dense(84),
      ],
    },
  },
  "mnist-cnn": {
    inputs: 784,
    outputs: 10,
    batch: 64,
    model: { type: "cnn", input: image, layers: [conv(32, 3), conv(64, 3), { type: "max_pool", size: 2 }, dense(128)] },
  },
  "resnet-18": photographs("resnet18", 16),
  "resnet-18-answers": { ...photographs("resnet18", 16), answers: true },
  mobilenet: photographs("mobilenet", 32),
  "mobilenet-answers": { ...photographs("mobilenet", 32), answers: true },
};

/** The job that a client would send, with what the service would fill in. */
export const toSpec = ({ model, batch }, threads, JobSpec) => {
  const base = { model: "mdl_00000000000000000000000000" };
  const parsed = JobSpec.parse({
    dataset: "ds_00000000000000000000000000",
    task: { type: "classification", label: "label" },
    model,
    loss: { type: "cross_entropy" },
    optimizer: { type: "adam", learningRate: 0.001 },
    training: { epochs: 100_000, batchSize: batch, earlyStopping: false, l2: 0, split: { validation: 0, test: 0 } },
    ...(model.type === "network" ? { base } : {}),
    resources: { threads, memoryBytes: 3 * 1024 ** 3 },
  });
  return { name: null, ...parsed };
};
