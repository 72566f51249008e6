# A trainer: takes jobs from the queue and computes. Run as many as there are machines. Build from the repository's root:
#   docker build -f docker/trainer.Dockerfile -t descent-trainer .
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-slim
ENV NODE_ENV=production DATA_DIR=/var/lib/descent
WORKDIR /app
# The folder is made here so that a named volume mounted on it takes over its owner.
RUN mkdir -p /var/lib/descent && chown node:node /var/lib/descent
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
VOLUME /var/lib/descent
# The program ends when it cannot work; a process that is there but hung shows in /proc as stopped or dead.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "const s = require('node:fs').readFileSync('/proc/1/status', 'utf8'); process.exit(/^State:\\s+[TZX]/m.test(s) ? 1 : 0)"]
# Time for the running jobs to write a checkpoint: give `docker stop` more than DRAIN_SECONDS.
STOPSIGNAL SIGTERM
CMD ["node", "dist/src/main.js", "--role=trainer"]
