#!/usr/bin/env bash
# What can only be shown on a card, in one call: `./run test-gpu` here, `./check test` where a bundle of `./run pack-gpu` lies.
# Everything else of the cuda backend is tested on a false card (tests/fake_cuda). The loader decides which libcuda is meant:
# this script puts no false one first. It knows the order, the time and the counts; what a part does is in gpu_parts.sh.
#   BRIM_TEST_GPU_PARTS    which parts, in this order, as in "racecheck memory"; unless said all, what no card has shown first
#   BRIM_TEST_GPU_SECONDS  no part is begun after so many (540); what was left out is counted
#   BRIM_TEST_GPU_TABLE    further options for bench/gpu_memory.py
#   BRIM_TEST_GPU_QUICK    tiny sizes, to try all of this on a card that is none
#   BRIM_TEST_GPU_RESULTS  the folder for what each part said (test-gpu below the build)
# Exit code 77 where there is no card.
set -uo pipefail
export BRIM_BUILD=${1:?the build folder}
export BRIM_TEST_GPU_RESULTS=${BRIM_TEST_GPU_RESULTS:-$BRIM_BUILD/test-gpu}
all_parts="racecheck pictures exact cards tests memcheck memory training"
read -ra parts <<<"${BRIM_TEST_GPU_PARTS:-$all_parts}"
seconds=${BRIM_TEST_GPU_SECONDS:-540}
log=$BRIM_TEST_GPU_RESULTS
passed=0 failed=0 skipped=0
here=$(dirname "$0")

left() { echo $((seconds - SECONDS)); }

# part NAME MOST_SECONDS WORDS...: runs one of gpu_parts.sh in the time that is left, and says what became of it. What it said
# is in a file; its figures, lines that begin with |, are shown as well.
part() {
    local name=$1 limit began=$SECONDS code=0
    limit=$(left)
    [ "$limit" -le "$2" ] || limit=$2
    shift 2
    if [ "$limit" -lt 5 ]; then
        printf '  left out  %s: the time is up\n' "$name"
        skipped=$((skipped + 1))
        return
    fi
    BRIM_TEST_GPU_PART_SECONDS=$limit timeout -k 10 "$limit" bash "$here/gpu_parts.sh" "$@" >"$log/$name.txt" 2>&1 || code=$?
    case $code in
    0)
        passed=$((passed + 1))
        printf '  passed    %s, %d s\n' "$name" $((SECONDS - began))
        ;;
    124 | 137)
        skipped=$((skipped + 1))
        printf '  cut off   %s, after %d s: its time was up\n' "$name" $((SECONDS - began))
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
    grep '^|' "$log/$name.txt" | sed 's/^/    /'
}

# run_part NAME MOST_SECONDS: those that are several things are counted as such.
run_part() {
    local each programs
    case $1 in
    tests)
        mapfile -t programs < <(bash "$here/gpu_parts.sh" programs)
        for each in "${programs[@]}"; do
            part "$each" "$2" program "$each"
        done
        ;;
    training)
        for each in amp fp32; do
            part "training-$each" "$2" training "$each"
        done
        ;;
    *) part "$1" "$2" "$1" ;;
    esac
}

for name in "${parts[@]}"; do
    [[ " $all_parts " = *" $name "* ]] || {
        echo "BRIM_TEST_GPU_PARTS: there is no part \"$name\"; there are $all_parts" >&2
        exit 2
    }
done
why=$("$BRIM_BUILD/brim" plan yolov5n --imgsz 64 --device 0 2>&1 >/dev/null) || {
    echo "No card that brim can use: ${why##*error: }"
    exit 77
}
mkdir -p "$log"
while [ ${#parts[@]} -gt 0 ]; do
    name=${parts[0]}
    parts=("${parts[@]:1}")
    most=$seconds
    case $name in
    racecheck | memcheck | memory) # could fill any time: a third of it where others wait behind them
        [ ${#parts[@]} = 0 ] || most=$((seconds / 3))
        ;;
    esac
    run_part "$name" "$most"
done
echo "$passed passed, $failed failed, $skipped skipped or left out, in $SECONDS s"
[ "$failed" = 0 ]
