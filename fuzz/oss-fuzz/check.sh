#!/usr/bin/env bash
# fuzz/oss-fuzz/check.sh [FOLDER]: runs build.sh under the environment that OSS-Fuzz promises, without its image.
#
# Sets $SRC, $OUT, $WORK, $CC, $CXX, $CFLAGS, $CXXFLAGS and $LIB_FUZZING_ENGINE as the service does (libFuzzer, address
# sanitizer), builds into FOLDER (default build/oss-fuzz), and runs every target for 200 inputs. Exit status 0: all ran.
set -euo pipefail
case "${1:-}" in
  -h | --help)
    awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$0"
    exit 0
    ;;
esac
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
folder="$(mkdir -p "${1:-$root/build/oss-fuzz}" && cd "${1:-$root/build/oss-fuzz}" && pwd)"
mkdir -p "$folder/src" "$folder/out" "$folder/work"
ln -sfn "$root" "$folder/src/orus"
for tool in zip patchelf; do
  command -v "$tool" >/dev/null || { echo "check.sh: $tool is not installed" >&2; exit 1; }
done
export SANITIZER=address SRC="$folder/src" OUT="$folder/out" WORK="$folder/work"
export CC="${CC:-clang-19}" CXX="${CXX:-clang++-19}" LIB_FUZZING_ENGINE="${LIB_FUZZING_ENGINE:--fsanitize=fuzzer}"
export CFLAGS="-O1 -fno-omit-frame-pointer -gline-tables-only -fsanitize=address,fuzzer-no-link" CXXFLAGS="-O1 -fno-omit-frame-pointer -gline-tables-only -fsanitize=address,fuzzer-no-link"
bash -eu "$root/fuzz/oss-fuzz/build.sh"
ran=0
for target in "$OUT"/fuzz_*; do
  case "$target" in *.options | *.zip) continue ;; esac
  echo "running $(basename "$target")"
  (cd "$WORK" && ASAN_OPTIONS=detect_leaks=0 "$target" -runs=200 -max_len=4096 -timeout=60 -rss_limit_mb=2500 >"$WORK/$(basename "$target").log" 2>&1) ||
    { tail -n 30 "$WORK/$(basename "$target").log" >&2; echo "check.sh: $(basename "$target") failed" >&2; exit 1; }
  ran=$((ran + 1))
done
[ "$ran" -gt 0 ] || { echo "check.sh: no targets in $OUT" >&2; exit 1; }
echo "$ran targets ran"
