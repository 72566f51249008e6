/** The variables as `--help` lists them. */
export const environmentHelp = `Environment:
  PORT                  REST, dashboard and docs (8080; 0: any free port)
  GRPC_PORT             gRPC (50051)
  HOST                  address to listen on (127.0.0.1; another one needs API_KEYS_FILE)
  DATA_DIR              artifacts and the private Redis's files (./data)
  REDIS_URL             redis://, redis+sentinel://h1,h2/name, redis+cluster://h1,h2, rediss… by TLS, unix:// (unset: a private redis-server is started)
  ARTIFACT_URL          file:///folder or s3://bucket/prefix?region=… (file://DATA_DIR/artifacts)
  ARTIFACT_CACHE_BYTES  data sets and weights of S3 that trainers keep in DATA_DIR (4 GiB; 0: none; for file:// none)
  WORKERS               trainer processes started by the all-in-one command (1)
  API_KEYS_FILE         keys and tenants (unset: no authentication)
  TLS_CERT_FILE         certificate chain in PEM, for REST and gRPC (unset: without TLS)
  TLS_KEY_FILE          its private key in PEM
  GRPC_CLIENT_CA_FILE   gRPC clients must present a certificate signed by one of these (unset: need not)
  LOG_LEVEL             trace, debug, info, warn, error, silent (info)
  CHECKPOINT_SECONDS    between two checkpoints of a running job (10)
  HEARTBEAT_SECONDS     after which a silent engine thread is taken for hung (30)
  DRAIN_SECONDS         for a trainer to checkpoint and hand back its jobs (20)
  LEASE_SECONDS         after which a silent trainer has lost its jobs (10)
  POISON_CRASHES        after so many without progress a job runs alone, and fails with one more (3)
  TRAINER_THREADS       cores that one trainer may use (all that the machine or container has)
  TRAINER_POOL          label of the trainers: they run the jobs whose resources.pool it is, and no others (default)
  TRAINER_MEMORY_BYTES  bytes that one trainer's jobs may plan together (3/4 of the machine's or container's, shared by WORKERS)
  TRAINER_METRICS_PORT  where a trainer serves its metrics (0: the API's /metrics shows them)
  TRAINER_METRICS_HOST  address for that (127.0.0.1)
  KERNELS               wasm, native: forces these; the bits are the same (auto: native where the build made some)
  PREDICT_CACHE_BYTES   weights kept loaded for predictions (256 MiB)
  PREDICT_BATCH_ROWS    rows of several requests that are computed together under load (64; 1: each request by itself)
  QUOTA_QUEUED_JOBS     waiting jobs that one tenant may have (0: any number)
  QUOTA_RUNNING_JOBS    jobs that one tenant may have with trainers at a time (0: any number)
  QUOTA_STORED_BYTES    that one tenant's data sets and models may take (0: any number)
  RATE_LIMITS           requests per second and at once of one key: read=100:400,submit=20:100,admin=20:100,predict=100:400
  CORS_ORIGINS          pages that may use the service: https://app.example,http://localhost:5173 (only its own)
  RETENTION_DAYS        after which finished jobs and unused data sets and models are deleted (0: never)
  WEBHOOK_SECRET        signs webhooks; two with a comma while changing it (kept in DATA_DIR by npm start)
  WEBHOOK_PRIVATE_HOSTS hosts of webhooks that may be private and http://: hooks.internal,*.corp.example (none)
  WEBHOOK_RETRY_SECONDS pauses between deliveries (5,300,1800,7200,18000,36000,50400,72000,86400)
  MLFLOW_TRACKING_URI   each job becomes a run of this MLflow server: https://mlflow.example:5000 (none)
  MLFLOW_EXPERIMENT_NAME  its experiment; of another tenant than the default one descent/<tenant> (descent)
  MLFLOW_TRACKING_USERNAME  for a server that asks for a name
  MLFLOW_TRACKING_PASSWORD  and its password
  MLFLOW_TRACKING_TOKEN   or for one that asks for a bearer token
  OTEL_EXPORTER_OTLP_ENDPOINT  spans and numbers go by OTLP over HTTP to this collector: http://collector:4318 (none)
  OTEL_EXPORTER_OTLP_HEADERS   sent along: api-key=secret,other=value
  OTEL_EXPORTER_OTLP_PROTOCOL  http/protobuf, which is the only one
  OTEL_SERVICE_NAME            as which they are told (descent)
  OTEL_RESOURCE_ATTRIBUTES     what else is told of the process: deployment.environment.name=production
  OTEL_TRACES_EXPORTER         otlp, none: no spans (otlp)
  OTEL_METRICS_EXPORTER        otlp, none: no numbers (otlp)
  OTEL_TRACES_SAMPLER          which requests are traced (parentbased_always_on)
  OTEL_TRACES_SAMPLER_ARG      the share of them, for parentbased_traceidratio and traceidratio (1)
  OTEL_METRIC_EXPORT_INTERVAL  milliseconds between two times that numbers are sent (60000)
  OTEL_SDK_DISABLED            true: neither (false)`;
