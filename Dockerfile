# One image for every process of the product; docker-compose.yml says which one a container runs.
FROM node:22-bookworm-slim AS build
WORKDIR /galaxia
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /galaxia
RUN mkdir /data && chown node:node /data
COPY --from=build /galaxia/package.json ./
COPY --from=build /galaxia/node_modules ./node_modules
COPY --from=build /galaxia/dist ./dist
COPY --from=build /galaxia/schema ./schema
COPY --from=build /galaxia/subgraphs ./subgraphs
USER node
VOLUME /data
EXPOSE 4000
# Whether the process is alive, not whether all that it depends on is: nobody shall restart a gateway that answers in part. /health/ready is for
# balancers. A port that is set in a configuration file alone is not known here: set PORT.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=12 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node is the first process and handles SIGTERM itself; npm would stand between.
CMD ["node", "dist/gateway/all-in-one.js"]
