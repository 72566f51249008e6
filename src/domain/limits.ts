const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** A limit on everything. Bytes, counts and milliseconds; the names end in the unit. */
export const limits = {
  jsonBodyBytes: MIB,
  /** Of one request; they are recorded in one step, which keeps Redis from everyone else. */
  jobsPerBatch: 250,
  predictBodyBytes: 16 * MIB,
  predictRows: 10_000,
  predictWarnings: 1000,
  predictAnswerBytes: 32 * MIB,
  /** Numbers that the rows of one request become, four bytes each. */
  predictInputs: 32 * MIB,
  previewRows: 1000,
  /** Of a preview's rows, about: fewer rows are shown of a wide table, one at least. */
  previewBytes: MIB / 2,
  /** … whose images are shown smaller: that are read for it. */
  previewReadBytes: 8 * MIB,
  /** Of a table as it is stored, and of any other file as it is uploaded. */
  tableBytes: 16 * GIB,
  datasetBytes: GIB,
  modelBytes: GIB,
  /** Of an archive of images: its entries, each unpacked, all unpacked; of a picture as its header states it; of the pixels that are kept. */
  archiveEntries: 1_000_000,
  archiveEntryBytes: 64 * MIB,
  archiveUnpackedBytes: 16 * GIB,
  imagePixels: 100_000_000,
  imageSide: 1024,
  imageFileBytes: 8 * GIB,
  /** Of the labels of one IDX file. */
  idxRows: 4_000_000,
  /** Files left out that a record tells of by their paths. */
  brokenImages: 100,
  csvRowBytes: MIB,
  csvCellBytes: 64 * KIB,
  columns: 16_384,
  categoriesPerColumn: 1000,
  /** Values of a column that rows belong together by. */
  groups: 100_000,
  /** Of a data set's record, for the values that columns have with their counts. */
  manifestValueBytes: 2 * MIB,
  /** Of memory, for values that are counted while one file is read. */
  countedValueBytes: 32 * MIB,
  classes: 10_000,
  /** Of the weights of models that were measured and are kept beside the one that a job leaves. */
  measuredBytes: 64 * MIB,
  /** Models that one cross-validation fits beside that of all rows. */
  fits: 100,
  hiddenLayers: 32,
  members: 16,
  unitsPerLayer: 65_536,
  parameters: 500_000_000,
  jobMemoryBytes: 3 * GIB,
  epochs: 100_000,
  pageSize: 100,
  /** Of a page's entries as they are stored: a page ends before the entry that would be too much, and has one at least. */
  pageBytes: 4 * MIB,
  frozenLayers: 1000,
  unfreezings: 32,
  /** Of earlier studies, that a study's proposals see. */
  earlierTrials: 100,
  eventsPerJob: 1000,
  metricPointsPerJob: 10_000,
  /** Of a finished job's events, and of the points of its curve, as they are kept in the artifact store. */
  jobEventsBytes: 2 * MIB,
  jobPointsBytes: 6 * MIB,
  waitSeconds: 60,
  nameLength: 200,
  /** Of one name of a network's output, and of all of them together. */
  classNameLength: 500,
  classNamesBytes: MIB,
  /** Of a model's spec as JSON in a query. */
  architectureLength: 8000,
  labels: 64,
  /** Of a study: its trials, numbers and choices to find, values of one choice, and points of a grid. */
  studyTrials: 1000,
  studyDimensions: 64,
  studyChoices: 64,
  studyParallel: 64,
  /** Trainings of one trial. */
  studySeeds: 20,
  /** Of one tenant, at a time. */
  openStudies: 100,
  gridPoints: 10_000,
  /** Of a tenant, and the changes that are kept of each. */
  aliases: 1000,
  aliasHistory: 100,
  listedVersions: 500,
  /** Models, jobs and data sets that one lineage shows. */
  lineageNodes: 200,
  grpcMessageBytes: 4 * MIB,
  /** What one API process has under way at once, over both surfaces. */
  requestsAtOnce: 32,
  requestsWaiting: 256,
  requestWaitMs: 250,
  /** Waits for a job's change, streams of events, downloads. */
  lastingRequestsAtOnce: 1000,
  uploadsAtOnce: 32,
  bodyBytesAtOnce: 64 * MIB,
  /** Faults that one answer puts into words: more would help nobody, and gRPC's trailers are small. */
  errorsInAnswer: 20,
  /** Of a JSON object that is no row: class weights have the most, one for each category. */
  keysPerObject: 1000,
  /** Objects and lists in a spec: a network's layers are the most. */
  partsPerSpec: 8192,
} as const;
