# Sourced by every recipe: puts the tools that scripts/setup.sh found or installed first on PATH.
# It changes nothing when set-up has not run yet.

FLASKSCALE_TOOLS="${FLASKSCALE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/flaskscale}"
export FLASKSCALE_TOOLS

[ -d "$HOME/.cargo/bin" ] && case ":$PATH:" in
  *":$HOME/.cargo/bin:"*) ;;
  *) PATH="$HOME/.cargo/bin:$PATH" ;;
esac

# The file names the toolchain that set-up settled on: a rustup toolchain, or the system's own compiler.
if [ -f "$FLASKSCALE_TOOLS/toolchain" ]; then
  case "$(cat "$FLASKSCALE_TOOLS/toolchain")" in
    system) PATH="/usr/bin:$PATH"; unset RUSTUP_TOOLCHAIN ;;
    default) ;;
    *) RUSTUP_TOOLCHAIN="$(cat "$FLASKSCALE_TOOLS/toolchain")"; export RUSTUP_TOOLCHAIN ;;
  esac
fi

PATH="$FLASKSCALE_TOOLS/tools/bin:$FLASKSCALE_TOOLS/node/node_modules/.bin:$PATH"
export PATH
