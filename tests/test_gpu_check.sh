#!/usr/bin/env bash
# The bundle of ./run pack-gpu: packed, unpacked elsewhere and run as on a machine that has a card (a false one,
# tests/fake_cuda), a driver, cuDNN of pip, and nothing of this build; and the parts of test_gpu.sh, at tiny sizes, with a
# checker that only notes how it is called.
set -euo pipefail
build=$(dirname "$(realpath "${BRIM_BINARY:-build/release/brim}")")
false_card=$build/tests/fake_cuda
[ -e "$false_card/libcudnn.so.9" ] || {
    echo "skipped: this build has no cuda backend, or no false card"
    exit 77
}
if grep -qE '^BRIM_SANITIZE:STRING=.' "$build/CMakeCache.txt"; then
    echo "skipped: a build with a sanitizer is not what one packs"
    exit 77
fi
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
tree="$work/some place/brim-gpu" card_folder="$work/the card"
mkdir "$work/some place" "$card_folder" "$work/bin" "$work/cache"
cp "$false_card"/*.so* "$card_folder/"

fail() {
    echo "FAILED: $*"
    sed 's/^/    /' "$work/out"
    exit 1
}

# expect WHAT CODE TEXT...: how the last run ended, and what it said.
expect() {
    local what=$1 text
    [ "$code" = "$2" ] || fail "$what: exit code $code, not $2"
    shift 2
    for text in "$@"; do
        grep -qF -- "$text" "$work/out" || fail "$what: does not say: $text"
    done
}

# check WORDS...: the bundle's, in an environment that knows no build, in a folder with a blank; its card is $card, and
# "${told[@]}" what it is told besides.
check() {
    code=0
    env -i PATH="$work/bin:/usr/bin:/bin" HOME="$work" XDG_CACHE_HOME="$work/cache" LD_LIBRARY_PATH="$card_folder" \
        OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive BRIM_FAKE_CARD="$card" BRIM_FAKE_DNN=engines=one BRIM_TEST_GPU_QUICK=1 \
        "${told[@]}" "$tree/check" "$@" >"$work/out" 2>&1 || code=$?
}
card=memory=4G,context=80M,late=64K,grain=2M

# ---- packing ----

BRIM_SHARED=$work bash bench/pack_gpu.sh "$build" "$work/bundle.tar" --without pictures,weights >"$work/out" || fail "packing"
code=0
expect "packing" 0 "without pictures" "there is no $work/reference/golden/" "Packed: "
tar -C "$work/some place" -xf "$work/bundle.tar"
stranger=$(find "$tree/lib" -name 'libc.so*' -o -name 'libm.so*' -o -name 'libcuda.so*' -o -name 'libcudnn*' -o -name 'libnccl*')
[ -z "$stranger" ] || fail "packed what must be the machine's own: $stranger"
for program in "$tree"/build/release/brim "$tree"/build/release/*/*; do
    ! readelf -d "$program" | grep -E 'RPATH|RUNPATH' || fail "$program looks for libraries where it was built"
done
# What has tests of its own, and takes long on a host.
rm "$tree"/build/release/tests/test_cuda_{amp,crew,depth,recompute,sync_bn}

# ---- a checker that notes what it is asked ----

cat >"$work/bin/compute-sanitizer" <<'STUB'
#!/bin/bash
[ "$1" != --help ] || { echo "  --kernel-name arg    key1=val1,key2=val2,..."; exit; }
echo "${BRIM_TEST_PART:-} $*" >>"$HOME/asked"
echo "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)"
[ "${BRIM_TEST_PART:-}" != "${HAZARD:-none}" ] || exit 9
STUB
chmod +x "$work/bin/compute-sanitizer"
pieces=$(nproc)
[ "$pieces" -le 8 ] || pieces=8
pieces=$((2 * pieces))

told=(BRIM_TEST_GPU_PARTS="racecheck tests")
check test
expect "racecheck" 0 "  passed    racecheck" "| piece 1 of $pieces, exit code 0: RACECHECK SUMMARY: 0 hazards" \
    "  passed    test_cuda_lanes" "  skipped   test_cuda_golden: $tree/shared/reference/golden/" \
    "3 passed, 0 failed, 1 skipped" "results.tar.gz"
asked() { grep -qFx -- "$*" "$work/asked" || fail "compute-sanitizer was not asked: $*; it was: $(cat "$work/asked")"; }
for ((piece = 0; piece < pieces; piece++)); do
    asked $piece/$pieces --tool racecheck --error-exitcode 9 --kernel-name kernel_substring=brim_ build/release/tests/test_cuda
done
tar -tzf "$tree/results.tar.gz" >"$work/out"
expect "what comes home" 0 results/machine.txt results/test.txt "results/test/racecheck-$((pieces - 1)).txt"

told=(HAZARD="1/$pieces" BRIM_TEST_GPU_PARTS=memcheck)
check test
expect "a hazard" 1 "  FAILED    memcheck" "| piece 1 of $pieces, exit code 9" "0 passed, 1 failed"
asked 0/$pieces --tool memcheck --error-exitcode 9 build/release/tests/test_cuda

# ---- what no card has shown yet ----

told=(BRIM_TEST_GPU_PARTS=exact)
check test
expect "memory" 0 "  passed    exact" "given 16 MiB less: exit code 3" "1 passed, 0 failed"

card=cards=2,$card
told=(BRIM_TEST_GPU_PARTS="cards training")
check test
expect "two cards" 0 "  passed    cards" "two with --sync-bn" "  skipped   training-amp" "facemask700/data.yaml is not there" \
    "1 passed, 0 failed, 2 skipped"

told=(BRIM_TEST_GPU_PARTS="exact nothing")
check test
expect "no such part" 2 'there is no part "nothing"; there are racecheck pictures'

# ---- cuDNN of a pip environment; no card; measuring ----

# A loader's cache without cuDNN, which a machine that builds has.
printf '#!/bin/sh\nPATH=/sbin:/usr/sbin:/bin:/usr/bin\nldconfig -p | grep -v libcudnn\n' >"$work/bin/ldconfig"
printf '#!/bin/sh\necho %s/site\n' "$work" >"$work/bin/python-of-pip"
chmod +x "$work/bin/ldconfig" "$work/bin/python-of-pip"
mkdir -p "$work/site/nvidia/cudnn/lib"
mv "$card_folder/libcudnn.so.9" "$work/site/nvidia/cudnn/lib/"
card=memory=4G
told=(PEER_PYTHON="$work/bin/python-of-pip" BRIM_TEST_GPU_PARTS="pictures cards")
check test
expect "cuDNN of pip" 0 "cuDNN: $work/site/nvidia/cudnn/lib/libcudnn.so.9" "  passed    pictures" \
    " MiB of pictures in the host: planned " "  skipped   cards: there is no second card"
if ! "$work/bin/ldconfig" | grep 'libcuda\.so\.1' >/dev/null; then
    mv "$card_folder/libcuda.so.1" "$work/"
    check test
    expect "no card" 77 "No card that brim can use: no NVIDIA driver"
    told=(env -u LD_LIBRARY_PATH BRIM_TEST_GPU_PARTS=cards) # as most machines are
    check test
    expect "no LD_LIBRARY_PATH" 77 "cuDNN: there is no libcudnn.so.9" "No card that brim can use: no NVIDIA driver"
    mv "$work/libcuda.so.1" "$card_folder/"
fi
mv "$work/site/nvidia/cudnn/lib/libcudnn.so.9" "$card_folder/"
if command -v python3 >/dev/null; then
    told=()
    check bench n --imgsz 32 --batch 1 --steps 1 --rounds 1 --plan-batches 1 --quick --seconds 0 --peer-python /nowhere/python3
    expect "measuring" 0 "Written: results/gpu-bench.md"
    grep -qF "yolov5n" "$tree/results/gpu-bench.md" || fail "results/gpu-bench.md has no yolov5n"
fi
echo "the bundle for a card: all is as it should be"
