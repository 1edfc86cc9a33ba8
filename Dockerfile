# syntax=docker/dockerfile:1
# Builds Nexus and puts it into an otherwise empty image. Example:
#   docker build --tag nexus --build-arg BUILD_COMMIT=$(git rev-parse HEAD) .
#   docker run --read-only --publish 127.0.0.1:8000:8000 --volume nexus-data:/data nexus serve --demo

FROM rust:1.95-slim-bookworm AS build
ARG BUILD_COMMIT=""
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    BUILD_COMMIT="$BUILD_COMMIT" cargo build --release --locked --bin nexus \
    && packaging/rootfs.sh target/release/nexus /rootfs

FROM scratch
LABEL org.opencontainers.image.title="Nexus" \
      org.opencontainers.image.description="A shop in one file" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /rootfs /
# The folder of the volume must be the user's, or nothing could be written to a new one.
COPY --from=build --chown=65532:65532 --chmod=0700 /rootfs/data /data
USER 65532:65532
ENV ROCKET_ADDRESS=0.0.0.0 \
    ROCKET_PORT=8000 \
    NEXUS_DATA_DIR=/data \
    NEXUS_LOG_FORMAT=json
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# The image has no other program that could ask.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["/usr/bin/nexus", "health"]
ENTRYPOINT ["/usr/bin/nexus"]
CMD ["serve"]
