#!/usr/bin/env bash
# What can only be shown on a card, in one call: `./run test-gpu`. Everything else of the cuda backend is tested on a false
# card (tests/fake_cuda). The loader decides which libcuda is meant: this script puts no false one first.
#   BRIM_TEST_GPU_SECONDS  no part is begun after so many (540); what was left out is counted
#   BRIM_TEST_GPU_TABLE    further options for bench/gpu_memory.py
set -uo pipefail
build=${1:?the build folder}
brim=$build/brim
seconds=${BRIM_TEST_GPU_SECONDS:-540}
shared=${BRIM_SHARED:-../shared}
log=$build/test-gpu
passed=0 failed=0 skipped=0
mkdir -p "$log"

left() { echo $((seconds - SECONDS)); }

# part NAME COMMAND...: runs it in the time that is left, and says what became of it; what it said is in a file.
part() {
    local name=$1 began=$SECONDS code=0
    shift
    if [ "$(left)" -lt 5 ]; then
        printf '  left out  %s: the time is up\n' "$name"
        skipped=$((skipped + 1))
        return
    fi
    timeout "$(left)" "$@" >"$log/$name.txt" 2>&1 || code=$?
    case $code in
    0)
        passed=$((passed + 1))
        printf '  passed    %s, %d s\n' "$name" $((SECONDS - began))
        ;;
    124)
        skipped=$((skipped + 1))
        printf '  cut off   %s, after %d s: the time was up\n' "$name" $((SECONDS - began))
        ;;
    77)
        skipped=$((skipped + 1))
        printf '  skipped   %s: %s\n' "$name" "$(tail -n 1 "$log/$name.txt")"
        ;;
    *)
        failed=$((failed + 1))
        printf '  FAILED    %s, exit code %d; %s has all of it, and its end is:\n' "$name" "$code" "$log/$name.txt"
        tail -n 15 "$log/$name.txt" | sed 's/^/            /'
        ;;
    esac
}

skip() {
    printf '  skipped   %s: %s\n' "$1" "$2"
    skipped=$((skipped + 1))
}

# ---- tests that ask nothing of the false card: op cases beside the reference, goldens ----

mapfile -t sources < <(grep -LE 'BRIM_FAKE_|FAKE_ENGINE|fake_cuda_|conv_card_open' tests/test_cuda*.c)
for source in "${sources[@]}"; do
    name=$(basename "$source" .c)
    [ -x "$build/tests/$name" ] || continue
    part "$name" "$build/tests/$name"
done

# ---- the same under the toolkit's checker ----

# checked TOOL: the op cases in as many parts side by side as there are processors, eight at most. Of cuDNN's kernels, which
# take racecheck minutes, we ask nothing.
checked() {
    local tool=$1 parts i code=0 pids=() ours=()
    parts=$(nproc)
    [ "$parts" -le 8 ] || parts=8
    if [ "$tool" = racecheck ] && compute-sanitizer --help | grep -q -e --kernel-name; then
        ours=(--kernel-name kernel_substring=brim_)
    fi
    for ((i = 0; i < parts; i++)); do
        BRIM_TEST_PART=$i/$parts compute-sanitizer --tool "$tool" --error-exitcode 9 "${ours[@]}" "$build/tests/test_cuda" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || code=$?
    done
    return "$code"
}

if command -v compute-sanitizer >/dev/null; then
    export build
    export -f checked
    for tool in memcheck racecheck; do
        part "$tool" bash -c 'checked "$1"' checked "$tool"
    done
else
    skip compute-sanitizer "it is not installed"
fi

# ---- planned memory beside measured ----

# shellcheck disable=SC2086 # options
part memory python3 bench/gpu_memory.py --program "$brim" --seconds $((seconds / 2)) ${BRIM_TEST_GPU_TABLE:-}
grep '^|' "$log/memory.txt" 2>/dev/null | sed 's/^/    /'

# ---- training ----

faces=$shared/data/facemask700/data.yaml
for precision in amp fp32; do
    if [ -f "$faces" ]; then
        part "training-$precision" "$brim" train --data "$faces" --cfg yolov5n --weights '' --imgsz 320 --batch-size 16 --epochs 5 \
            --device 0 --precision "$precision" --project "$log" --name "facemask-$precision" --exist-ok
        tail -n 1 "$log/facemask-$precision/results.csv" 2>/dev/null | sed 's/^/    /'
    else
        skip "training-$precision" "$faces is not there (BRIM_SHARED)"
    fi
done

echo "$passed passed, $failed failed, $skipped skipped or left out, in $SECONDS s"
[ "$failed" = 0 ]
