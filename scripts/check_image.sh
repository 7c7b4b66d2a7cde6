#!/usr/bin/env bash
# Builds the Dockerfile's production image with buildah, starts it, asks it, and stops it as a cloud does.
#
#   scripts/check_image.sh          builds the program first, in target/image
#   scripts/check_image.sh FOLDER   takes `flaskscale` and `site` from a folder
#
# No registry of images is needed: the base is made here, of Debian's packages, and the stage that compiles is
# replaced by what its command builds on this machine. `docker build .` runs every stage as it is written.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

die() { printf 'image: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "a container's file system is mounted here, which needs root"
scripts/setup.sh image

chroot=$(PATH=$PATH:/usr/sbin command -v chroot) || die "chroot is needed"
work=$(mktemp -d)
buildah() { command buildah --root "$work/store" --runroot "$work/run" --storage-driver vfs "$@"; }
server=
clean() {
  [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
  buildah umount --all >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean EXIT

built=${1:-}
if [ -z "$built" ]; then
  CARGO_TARGET_DIR=target/image cargo leptos build --release --precompress --bin-cargo-args=--no-default-features
  built=$work/taken
  mkdir "$built"
  cp -r target/image/release/flaskscale target/site "$built"
fi
mkdir -p "$work/build/out" "$work/base"
strip -o "$work/build/out/flaskscale" "$built/flaskscale"
cp -r "$built/site" "$work/build/out"

mmdebstrap --quiet --variant=extract --include=libc6,libgcc-s1,ca-certificates,tzdata,netbase \
  bookworm "$work/base/base.tar"
printf 'FROM scratch\nADD base.tar /\n' >"$work/base/Dockerfile"
buildah build --quiet --isolation chroot --tag base "$work/base" >/dev/null
buildah build --quiet --isolation chroot --format docker --tag flaskscale --target production \
  --build-arg RUNTIME=localhost/base --build-context "build=$work/build" . >/dev/null

container=$(buildah from flaskscale)
root=$(buildah mount "$container")
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
# The user, the folder and the words of the image's own configuration, in its own file system.
configured() { buildah inspect --type image --format "{{$1}}" flaskscale; }
user=$(configured .OCIv1.Config.User)
[ "$user" = 65532:65532 ] || die "the image runs as '$user'"
[ "$(configured .OCIv1.Config.Entrypoint)$(configured .OCIv1.Config.Cmd)" = "[/app/flaskscale][serve]" ] \
  || die "the image starts $(configured .OCIv1.Config.Entrypoint) $(configured .OCIv1.Config.Cmd)"
began=$(date +%s%N)
env -i PORT="$port" FLASKSCALE_BIND=127.0.0.1 \
  "$chroot" --userspec="$user" "$root" /app/flaskscale serve >"$work/log" 2>&1 &
server=$!
deadline=$((SECONDS + 120))
until curl -fsS -o /dev/null "http://127.0.0.1:$port/health" 2>/dev/null; do
  kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; die "it ended before it was healthy"; }
  [ "$SECONDS" -lt "$deadline" ] || { cat "$work/log" >&2; die "it was not healthy within two minutes"; }
  sleep 0.01
done
ready=$((($(date +%s%N) - began) / 1000000))
curl -fsS "http://127.0.0.1:$port/" | grep -q '<title>' || die "the page is not there"
env -i PORT="$port" "$chroot" --userspec="$user" "$root" /app/flaskscale healthcheck || die "its own health check fails"
memory=$(awk '/^VmRSS/ { print $2 }' "/proc/$server/status")

began=$(date +%s%N)
kill -TERM "$server"
code=0
wait "$server" || code=$?
stopped=$((($(date +%s%N) - began) / 1000000))
server=
[ "$code" = 0 ] || { cat "$work/log" >&2; die "it ended with $code after TERM"; }
[ "$stopped" -lt 25000 ] || die "it took $stopped ms to end after TERM"

program=$(stat -c %s "$work/build/out/flaskscale")
site=$(du -sb "$work/build/out/site" | cut -f1)
printf 'image: beyond its base %.1f MB (program %.1f, site %.1f); healthy after %d ms; %.1f MB resident; ended %d ms after TERM\n' \
  "$(((program + site) / 100000))e-1" "$((program / 100000))e-1" "$((site / 100000))e-1" "$ready" "$((memory / 100))e-1" "$stopped"
