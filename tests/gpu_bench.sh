#!/usr/bin/env bash
# The benchmark of a card: what it says without one, and that it runs through on a card that is none (tests/fake_cuda).
set -euo pipefail

build=$(dirname "$BRIM_BINARY")
bench=$build/bench
[ -x "$bench/bench_card" ] && [ -e "$build/tests/fake_cuda/libcuda.so.1" ] || {
    echo "skipped: no cuda backend in this build"
    exit 77
}
command -v python3 >/dev/null || {
    echo "skipped: no python3"
    exit 77
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# expect TEXT FILE
expect() {
    grep -qF -- "$1" "$2" || {
        echo "$2 does not have: $1"
        cat "$2"
        exit 1
    }
}

run() {
    python3 bench/gpu_bench.py --models n --imgsz 32 --batch 1 --steps 1 --rounds 1 --plan-batches 1 --quick \
        --brim "$bench/bench_step" --ops "$bench/bench_card" --peer-python /nowhere/python3 --output "$folder/found.md" "$@"
}

if [ ! -e /dev/nvidiactl ]; then
    if LD_LIBRARY_PATH='' run >"$folder/said" 2>&1; then
        echo "no card, and yet it ran"
        exit 1
    fi
    expect "There is no card to measure on: " "$folder/said" # and then what the driver says, if its library is there
fi

export LD_LIBRARY_PATH=$build/tests/fake_cuda
run >"$folder/said" 2>&1 || {
    cat "$folder/said"
    exit 1
}
expect "A card of the tests, which is none: no figure here means anything." "$folder/found.md"
expect "PyTorch was not measured, as /nowhere/python3 has none for the card" "$folder/found.md"
expect "| yolov5n | 1 | fp32 |" "$folder/found.md"
expect "| OPTIMIZE | 4 | 1 |" "$folder/found.md"
expect "| **all** | 391 | 633 |" "$folder/found.md"
expect '"planned_bytes"' "$folder/found.md.json"
run --seconds 0 >"$folder/said" 2>&1
expect "No time was left." "$folder/found.md"
echo "the benchmark of a card runs through"
