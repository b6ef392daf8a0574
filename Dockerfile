# one-ledger in a container: built with Rust's image, run on plain Debian as an ordinary user.
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --profile dist --locked --bin one-ledger

FROM debian:bookworm-slim
RUN groupadd --system --gid 10001 ledger \
    && useradd --system --uid 10001 --gid ledger --home-dir /data --no-create-home ledger \
    && install -d -o ledger -g ledger -m 0750 /data
COPY --from=build /src/target/dist/one-ledger /usr/local/bin/one-ledger
COPY LICENSE NOTICE /usr/share/doc/one-ledger/
ENV ONE_LEDGER_DATA=/data LANG=C.UTF-8
USER ledger
WORKDIR /data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["one-ledger"]
# A proxy with HTTPS belongs in front: passwords must not cross a network in clear.
CMD ["serve", "--listen", "0.0.0.0:8080", "--behind-proxy"]
