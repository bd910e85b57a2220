# worker (the default target) holds the worker and the starter; gateway the HTTP API; standalone holds the program with everything in it.

FROM golang:1.26.8 AS source
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ENV CGO_ENABLED=0

FROM source AS build-worker
RUN go build -trimpath -ldflags='-s -w' -o /out/ ./worker ./starter

FROM source AS build-gateway
RUN go build -trimpath -ldflags='-s -w' -o /out/ ./gateway

FROM source AS build-standalone
RUN go build -trimpath -ldflags='-s -w' -o /out/ ./standalone
# The only folder the program writes to; a volume takes its owner from here.
RUN mkdir /out/data

# Listens on loopback only, so it runs with the network of its host:
#   docker run --network host --volume handover:/data handover-standalone
FROM gcr.io/distroless/static-debian12 AS standalone
COPY --from=build-standalone /out/standalone /standalone
COPY --from=build-standalone --chown=65532:65532 /out/data /data
USER 65532:65532
VOLUME /data
ENTRYPOINT ["/standalone", "--data-dir", "/data"]

FROM gcr.io/distroless/static-debian12 AS gateway
COPY --from=build-gateway /out/gateway /
USER 65532:65532
ENTRYPOINT ["/gateway"]

FROM gcr.io/distroless/static-debian12 AS worker
COPY --from=build-worker /out/worker /out/starter /
USER 65532:65532
ENTRYPOINT ["/worker"]
