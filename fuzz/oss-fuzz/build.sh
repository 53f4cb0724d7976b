#!/bin/bash -eu
# Builds one fuzz_TARGET a target for OSS-Fuzz and ClusterFuzzLite. Their contract: the tree in $SRC/orus, compilers and
# flags in $CC $CXX $CFLAGS $CXXFLAGS, the engine to link in $LIB_FUZZING_ENGINE; everything that is to run goes to $OUT.
# fuzz/oss-fuzz/check.sh runs this script under that contract.

# The engine's image brings its own compiler and libc++. The interpreter then uses computed goto where the compiler has
# no preserve_none; nothing else depends on it.
flags="$CXXFLAGS -fno-sanitize=function,vptr"
# The build must know the sanitizer too: clang cannot compile the interpreter's handlers with address checks.
case "${SANITIZER:-}" in
  address | undefined) sanitize="$SANITIZER" ;;
  *) sanitize="" ;;
esac
cmake -G Ninja -S "$SRC/orus" -B "$WORK/orus" -DCMAKE_BUILD_TYPE=Release -DORUS_TESTS=OFF -DORUS_WERROR=OFF \
  -DORUS_CHECKED=ON -DORUS_SANITIZE="$sanitize" -DORUS_FUZZ_ENTRY=ON -DORUS_FUZZ_ENGINE="$LIB_FUZZING_ENGINE" \
  -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_C_FLAGS="$CFLAGS" -DCMAKE_CXX_FLAGS="$flags" \
  -DCMAKE_C_FLAGS_RELEASE="" -DCMAKE_CXX_FLAGS_RELEASE=""

mapfile -t targets < <(sed -n 's/^TARGET(\([a-z_]*\),.*/fuzz_\1/p' "$SRC/orus/fuzz/targets/targets.def")
cmake --build "$WORK/orus" -j "${ORUS_BUILD_JOBS:-$(nproc)}" --target "${targets[@]}"

for target in "${targets[@]}"; do
  cp "$WORK/orus/$target" "$OUT/"
  corpus="$SRC/orus/fuzz/corpus/${target#fuzz_}"
  if [ -d "$corpus" ] && [ -n "$(ls -A "$corpus")" ]; then
    (cd "$corpus" && zip -q -r "$OUT/${target}_seed_corpus.zip" .)
  fi
  # Inputs are short by construction; one run must stay far below the service's limits.
  printf '[libfuzzer]\nmax_len = 4096\ntimeout = 20\nrss_limit_mb = 2000\n' >"$OUT/$target.options"
done

# Shared libraries that the runner's image lacks go beside the targets.
mkdir -p "$OUT/lib"
for library in $(ldd "$OUT/${targets[0]}" | awk '/=> \// { print $3 }' | grep -E 'Zydis|Zycore|libffi' || true); do
  cp "$library" "$OUT/lib/"
done
for target in "${targets[@]}"; do
  # shellcheck disable=SC2016  # the loader expands it
  patchelf --set-rpath '$ORIGIN/lib' "$OUT/$target"
done
