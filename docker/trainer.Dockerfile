# A trainer: takes jobs from the queue and computes. Run as many as there are machines. Build from the repository's root:
#   docker build -f docker/trainer.Dockerfile -t descent-trainer .
#   docker buildx build --platform linux/amd64,linux/arm64 -f docker/trainer.Dockerfile -t descent-trainer .
FROM --platform=$BUILDPLATFORM node:24-slim AS build
ARG BUILDARCH TARGETARCH
WORKDIR /app
# Everything is built on the building machine's own processor; the native kernels are compiled for the target's. The image itself has no compiler.
RUN case "$TARGETARCH" in "$BUILDARCH") packages="gcc libc6-dev" ;; \
      arm64) packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross" ;; \
      amd64) packages="gcc-x86-64-linux-gnu libc6-dev-amd64-cross" ;; esac && \
    apt-get update && apt-get install -y --no-install-recommends $packages && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
# npm and Node say x64 where Docker says amd64. TypeScript would stay, as an optional peer of a package that only its own tests compile;
# nobody reads sources, types and their maps here.
RUN cpu=$(echo "$TARGETARCH" | sed s/amd64/x64/) && npm run build --cpu="$cpu" && \
    npm ci --omit=dev --ignore-scripts --cpu="$cpu" && rm -rf node_modules/typescript node_modules/@typescript && \
    find node_modules dist -type f \( -name '*.map' -o -name '*.ts' -o -name '*.[cm]ts' -o -name '*.md' \) ! -iname 'licen[cs]e*' -delete && mkdir /data

# The default, said for buildah: before 1.29 it takes the platform of the stage before.
FROM --platform=$TARGETPLATFORM node:24-slim
ENV NODE_ENV=production DATA_DIR=/var/lib/descent
WORKDIR /app
# An empty folder of its user, whose owner a named volume mounted on it takes over. Nothing is run here: that would be the target's program.
COPY --from=build --chown=node:node /data /var/lib/descent
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
VOLUME /var/lib/descent
# A trainer that cannot work ends by itself and is started again; this finds one that is there but stopped. The init process has the same
# command line and never stops: one stopped process is enough.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD n=0; for p in $(grep -lsE '[-]-role=trainer' /proc/[0-9]*/cmdline); do grep -qs '^State:[[:space:]]*[TZX]' ${p%cmdline}status && exit 1; n=1; done; [ $n = 1 ]
# Time for the running jobs to write a checkpoint: give `docker stop` more than DRAIN_SECONDS.
STOPSIGNAL SIGTERM
CMD ["node", "dist/src/main.js", "--role=trainer"]
