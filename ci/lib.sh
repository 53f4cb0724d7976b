# Shared by the scripts in ci/: sourced, never run. Every script sets -euo pipefail before sourcing.
# shellcheck shell=bash

# shellcheck disable=SC2034  # used by the scripts
CALLED_FROM="$PWD"
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT" || exit 1

PRESETS="release debug asan tsan fuzz cov gcc campaign_train campaign asan_fast"

say() { printf '%s\n' "$*" >&2; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# A bad command line: exit 64, like orus itself.
usage_error() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  printf 'try %s --help\n' "$0" >&2
  exit 64
}

# Prints the comment block at the top of the calling script.
print_help() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"; }

# Runs "$@" as root: directly, or through sudo without asking for a password.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo -n "$@"
  else
    die "root is needed to run '$*': start as root, or install sudo"
  fi
}

is_preset() {
  local preset
  for preset in $PRESETS; do
    [ "$preset" = "$1" ] && return 0
  done
  return 1
}

# Runs "$@" and keeps its output in the file $1. A terminal sees everything; elsewhere only a failure prints the log's end.
run_logged() {
  local log="$1"
  shift
  mkdir -p "$(dirname "$log")"
  if [ -t 1 ]; then
    "$@" && return 0
    return 1
  fi
  if "$@" >"$log" 2>&1; then
    return 0
  fi
  tail -n 80 "$log" >&2
  say "(the whole log: $log)"
  return 1
}

# The package groups a preset needs.
groups_for() {
  case "$1" in
    release | gcc) echo "main" ;;
    fuzz) echo "main test fuzz" ;;
    *) echo "main test" ;;
  esac
}

# build_preset PRESET: installs what is missing, configures and builds.
build_preset() {
  local preset="$1" start=$SECONDS
  # shellcheck disable=SC2046  # the groups are separate words
  "$ROOT/ci/deps" $(groups_for "$preset")
  say "building $preset"
  run_logged "build/$preset/configure.log" cmake --preset "$preset" ||
    die "configuring '$preset' failed"
  run_logged "build/$preset/build.log" cmake --build --preset "$preset" ||
    die "building '$preset' failed"
  say "built $preset in $((SECONDS - start)) s"
}

# need_orus PRESET: the path of the binary, or a clear error.
need_orus() {
  local binary="$ROOT/build/$1/orus"
  [ -x "$binary" ] || die "build/$1/orus does not exist after the build: this tree has no tools/orus yet"
  echo "$binary"
}
