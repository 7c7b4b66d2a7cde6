# syntax=docker/dockerfile:1
#
#   docker build -t flaskscale .                       the image for production: `serve` on port 5000
#   docker build -t flaskscale-local --target local .  the local cloud, for systems that are not Linux

ARG RUST=1.96.0
# Other bases can be given, such as a mirror's; the second needs glibc, libgcc and certificates.
ARG BUILDER=rust:${RUST}-slim-bookworm
ARG RUNTIME=gcr.io/distroless/cc-debian12:nonroot

# Tools change rarely: they are a layer of their own, before any source.
FROM ${BUILDER} AS tools
RUN apt-get update \
 && apt-get install -y --no-install-recommends cmake curl g++ make nodejs npm perl pkg-config \
 && rm -rf /var/lib/apt/lists/* \
 && rustup component add clippy rustfmt \
 && rustup target add wasm32-unknown-unknown
WORKDIR /src
ENV FLASKSCALE_TOOLS=/opt/flaskscale
COPY scripts/setup.sh scripts/env.sh scripts/
COPY Cargo.lock ./
RUN scripts/setup.sh build
RUN cargo install cargo-chef --version 0.1.78 --locked
ENV PATH=/opt/flaskscale/tools/bin:/opt/flaskscale/node/node_modules/.bin:$PATH

# The recipe holds manifests only, so the dependency layers survive every change of our own source.
FROM tools AS recipe
COPY . .
RUN cargo chef prepare --recipe-path recipe.json

FROM tools AS dependencies
COPY --from=recipe /src/recipe.json recipe.json
COPY .cargo .cargo
RUN cargo chef cook --release --package server --no-default-features --recipe-path recipe.json \
 && cargo chef cook --profile wasm-release --target wasm32-unknown-unknown --package frontend --recipe-path recipe.json

FROM dependencies AS build
COPY . .
RUN cargo leptos build --release --precompress --bin-cargo-args=--no-default-features \
 && mkdir -p /out && strip -o /out/flaskscale target/release/flaskscale && cp -r target/site /out/site

FROM build AS build-local
RUN cargo leptos build --release --precompress \
 && strip -o /out/flaskscale target/release/flaskscale && rm -rf /out/site && cp -r target/site /out/site

# The C library and certificates, no shell and no package manager.
FROM ${RUNTIME} AS runtime
LABEL org.opencontainers.image.title="FlaskScale" \
      org.opencontainers.image.description="Runs a web app on Compute Engine so that it grows and shrinks with its load" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /app
ENV PORT=5000 FLASKSCALE_BIND=0.0.0.0
EXPOSE 5000
# The base's own `nonroot`, by number: a policy against root containers cannot read a name.
USER 65532:65532
STOPSIGNAL SIGTERM

FROM runtime AS local
LABEL org.opencontainers.image.title="FlaskScale local cloud"
COPY --from=build-local /out /app
# Inside the container everything listens on all addresses; publish the ports on 127.0.0.1 only.
EXPOSE 8080 8085
VOLUME /home/nonroot/.local/share/flaskscale
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/app/flaskscale", "healthcheck", "--port", "8080"]
ENTRYPOINT ["/app/flaskscale", "up"]
CMD ["--speed", "1"]

# Last, so that a plain `docker build` makes the image for production.
FROM runtime AS production
COPY --from=build /out /app
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/app/flaskscale", "healthcheck"]
ENTRYPOINT ["/app/flaskscale"]
CMD ["serve"]
