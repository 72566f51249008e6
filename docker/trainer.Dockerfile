# A trainer: takes jobs from the queue and computes. Run as many as there are machines. Build from the repository's root:
#   docker build -f docker/trainer.Dockerfile -t descent-trainer .
FROM node:24-slim AS build
WORKDIR /app
# The native kernels are compiled here; the image itself has no compiler.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
# TypeScript would stay, as an optional peer of a package that only its own tests compile.
RUN npm run build && npm prune --omit=dev --ignore-scripts && rm -rf node_modules/typescript node_modules/@typescript

FROM node:24-slim
ENV NODE_ENV=production DATA_DIR=/var/lib/descent
WORKDIR /app
# The folder is made here so that a named volume mounted on it takes over its owner.
RUN mkdir -p /var/lib/descent && chown node:node /var/lib/descent
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
