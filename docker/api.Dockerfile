# The API: REST, gRPC and the status page. Build from the repository's root:
#   docker build -f docker/api.Dockerfile -t descent-api .
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
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 GRPC_PORT=50051 DATA_DIR=/var/lib/descent
WORKDIR /app
# The folder is made here so that a named volume mounted on it takes over its owner.
RUN mkdir -p /var/lib/descent && chown node:node /var/lib/descent
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/proto ./proto
COPY --from=build /app/src/web/public ./src/web/public
COPY --from=build /app/src/web/docs ./src/web/docs
USER node
EXPOSE 8080 50051
VOLUME /var/lib/descent
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "require(process.env.TLS_CERT_FILE ? 'https' : 'http').get({ host: '127.0.0.1', port: process.env.PORT, path: '/readyz', rejectUnauthorized: false }, (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
CMD ["node", "dist/src/main.js", "--role=api"]
