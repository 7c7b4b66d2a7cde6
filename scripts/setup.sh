#!/usr/bin/env bash
# Finds or installs what building and testing need. Says what it installs, and where, before it does.
#
#   scripts/setup.sh build   Rust with the wasm target, cargo-leptos, wasm-bindgen, wasm-opt, cmake
#   scripts/setup.sh test    the same, and Node packages, Chromium, a Python environment, what image needs,
#                            and podman if docker does not work here
#   scripts/setup.sh image   what building is done with, and buildah, mmdebstrap and docker-registry
#
# The ordinary way comes first (rustup, prebuilt programs). Where only package registries can be
# reached, Debian's compiler and a standard library built from its source take rustup's place.
# Tools go to $FLASKSCALE_TOOLS (default ~/.cache/flaskscale), shared by all clones of one user.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

RUST_MINIMUM=1.96.0
CARGO_LEPTOS=0.3.11
BINARYEN=132
WASM_BINDGEN=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/[^0-9.]/, "", $3); print $3 }' Cargo.lock)

say() { printf 'set-up: %s\n' "$*"; }
die() { printf 'set-up failed: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else die "installing system packages needs root or sudo: $*"
  fi
}

apt_install() {
  have apt-get || die "please install these by hand, this system has no apt-get: $*"
  say "installing Debian packages: $*"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get install -y --no-install-recommends "$@" >"$FLASKSCALE_TOOLS/apt.log" 2>&1 && return
  as_root apt-get update >"$FLASKSCALE_TOOLS/apt.log" 2>&1 || true
  as_root apt-get install -y --no-install-recommends "$@" >>"$FLASKSCALE_TOOLS/apt.log" 2>&1 \
    || die "apt-get could not install $*; see $FLASKSCALE_TOOLS/apt.log"
}

# Tools are used, not profiled: a cheap profile builds cargo-leptos in a third of the time.
cargo_install() {
  local crate=$1 version=$2; shift 2
  if have cargo-binstall && cargo binstall --no-confirm --disable-telemetry --locked \
       --root "$FLASKSCALE_TOOLS/tools" "$crate@$version" >/dev/null 2>&1; then
    say "installed the prebuilt $crate $version in $FLASKSCALE_TOOLS/tools"
    return
  fi
  say "building $crate $version into $FLASKSCALE_TOOLS/tools (several minutes, once)"
  export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1
  export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=0
  local target="$FLASKSCALE_TOOLS/build"
  # A registry that lags behind the crate's lock file refuses --locked; without it cargo picks what is there.
  CARGO_TARGET_DIR=$target cargo install --quiet --root "$FLASKSCALE_TOOLS/tools" "$crate" --version "$version" --locked "$@" 2>/dev/null \
    || CARGO_TARGET_DIR=$target cargo install --quiet --root "$FLASKSCALE_TOOLS/tools" "$crate" --version "$version" "$@" \
    || die "cargo could not build $crate $version"
  rm -rf "$target"
}

rust_is_ready() {
  have cargo && have rustc || return 1
  at_least "$RUST_MINIMUM" "$(rustc --version 2>/dev/null | awk '{print $2}')" || return 1
  cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 || return 1
  compgen -G "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib/libstd-*.rlib" >/dev/null
}

rust_by_rustup() {
  if ! have rustup; then
    say "installing rustup and Rust $RUST_MINIMUM in $HOME/.cargo and $HOME/.rustup"
    curl --proto '=https' --tlsv1.2 -sSf --connect-timeout 15 https://sh.rustup.rs 2>/dev/null \
      | sh -s -- -y --no-modify-path --profile minimal --default-toolchain none >/dev/null 2>&1 || return 1
    . scripts/env.sh
    have rustup || return 1
  fi
  say "installing Rust $RUST_MINIMUM with the wasm target through rustup"
  timeout 900 rustup toolchain install "$RUST_MINIMUM" --profile minimal \
    --component clippy --component rustfmt --target wasm32-unknown-unknown >/dev/null 2>&1 || return 1
  echo "$RUST_MINIMUM" >"$FLASKSCALE_TOOLS/toolchain"
}

rust_by_debian() {
  say "rustup cannot be reached; using Debian's compiler in /usr"
  apt_install rustc-web cargo-web rust-web-clippy rustfmt-web rust-web-src lld-22
  echo system >"$FLASKSCALE_TOOLS/toolchain"
  . scripts/env.sh
  at_least "$RUST_MINIMUM" "$(rustc --version | awk '{print $2}')" \
    || die "Rust $RUST_MINIMUM or newer is needed, Debian offers $(rustc --version)"
  local library work
  library="$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib"
  compgen -G "$library/libstd-*.rlib" >/dev/null && return
  say "building the standard library for wasm32-unknown-unknown into $library"
  work=$(mktemp -d)
  mkdir -p "$work/src"
  printf '[package]\nname = "wasmstd"\nversion = "0.0.0"\nedition = "2021"\n' >"$work/Cargo.toml"
  echo '#![no_std]' >"$work/src/lib.rs"
  (cd "$work" && RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/target" cargo build --quiet --release \
    -Zbuild-std=std,panic_abort,proc_macro --target wasm32-unknown-unknown) \
    || die "the standard library for wasm could not be built"
  as_root mkdir -p "$library"
  find "$work/target/wasm32-unknown-unknown/release/deps" -name '*.rlib' ! -name 'libwasmstd*' \
    -exec cp {} "$work" \;
  as_root cp "$work"/*.rlib "$library/"
  rm -rf "$work"
}

ensure_rust() {
  rust_is_ready && return
  rust_by_rustup || rust_by_debian
  . scripts/env.sh
  rust_is_ready || die "no Rust $RUST_MINIMUM with clippy, rustfmt and the wasm target could be set up"
}

ensure_cargo_leptos() {
  [ "$(cargo-leptos --version 2>/dev/null | awk '{print $2}')" = "$CARGO_LEPTOS" ] && return
  cargo_install cargo-leptos "$CARGO_LEPTOS"
}

ensure_wasm_bindgen() {
  # The program and the library must agree exactly, or the browser gets glue for another schema.
  [ "$(wasm-bindgen --version 2>/dev/null | awk '{print $2}')" = "$WASM_BINDGEN" ] && return
  cargo_install wasm-bindgen-cli "$WASM_BINDGEN"
}

ensure_node() {
  have node && have npm && at_least 18 "$(node --version | tr -d v)" && return
  apt_install nodejs npm
}

ensure_wasm_opt() {
  # Versions before 120 reject what current compilers emit.
  have wasm-opt && at_least 120 "$(wasm-opt --version | awk '{print $3}')" && return
  ensure_node
  say "installing wasm-opt (npm package binaryen@$BINARYEN) in $FLASKSCALE_TOOLS/node"
  npm install --silent --no-audit --no-fund --prefix "$FLASKSCALE_TOOLS/node" "binaryen@$BINARYEN" >/dev/null \
    || die "npm could not install binaryen@$BINARYEN"
}

ensure_build_tools() {
  have cc || have gcc || have clang || die "a C compiler is needed (Debian: apt-get install gcc)"
  have cmake || apt_install cmake
}

ensure_browser() {
  have chromium || have chromium-browser || have google-chrome || [ -n "${CHROMIUM:-}" ] && return
  if have apt-get; then apt_install chromium
  else
    say "installing Chromium for the browser tests through Playwright"
    (cd end2end && npx playwright install chromium >/dev/null) || die "no Chromium could be installed"
  fi
}

ensure_node_packages() {
  ensure_node
  cmp -s end2end/package-lock.json end2end/node_modules/.installed 2>/dev/null && return
  say "installing the browser tests' packages in end2end/node_modules"
  (cd end2end && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --silent --no-audit --no-fund >/dev/null) \
    || die "npm could not install the packages of end2end/package-lock.json"
  cp end2end/package-lock.json end2end/node_modules/.installed
}

ensure_image_tools() {
  have buildah && have mmdebstrap && have docker-registry && return
  apt_install buildah mmdebstrap docker-registry
}

# For the local cloud's real containers, and the program of those that the tests make.
ensure_container_tools() {
  if [ ! -x /bin/busybox ] || ldd /bin/busybox >/dev/null 2>&1; then apt_install busybox-static; fi
  docker version >/dev/null 2>&1 || have podman || apt_install podman runc
}

mkdir -p "$FLASKSCALE_TOOLS"
ensure_build_tools
ensure_rust
ensure_cargo_leptos
ensure_wasm_bindgen
ensure_wasm_opt
if [ "${1:-build}" = image ]; then
  ensure_image_tools
fi
if [ "${1:-build}" = test ]; then
  # Without them the tests of images and containers say that they are skipped.
  if have apt-get; then ensure_image_tools; ensure_container_tools; fi
  ensure_node_packages
  ensure_browser
  scripts/python-env.sh >/dev/null
  scripts/google-clients-env.sh >/dev/null
fi
