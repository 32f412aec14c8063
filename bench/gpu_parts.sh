#!/usr/bin/env bash
# The parts of test_gpu.sh, one word each: `gpu_parts.sh racecheck`. A part ends with 0 where what it shows holds and with 77
# where it cannot be shown here, its last line being why; lines that begin with | are figures. The working directory is the
# repository's root, or that of a bundle, which has the same folders.
set -euo pipefail
build=${BRIM_BUILD:?the build folder} results=${BRIM_TEST_GPU_RESULTS:?the folder for results}
brim=$build/brim
quick=${BRIM_TEST_GPU_QUICK:-}
imgsz=640 batch=16 steps=4
[ -z "$quick" ] || imgsz=64 batch=4 steps=2

skip() {
    echo "$*"
    exit 77
}

fail() {
    echo "$*"
    exit 1
}

# scratch: a folder for data sets, which is gone with the part.
scratch() {
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
}

# train NAME OPTIONS...: yolov5n from nothing, an epoch unless the options say otherwise, into $results/NAME.
train() {
    local name=$1
    shift
    rm -rf "${results:?}/$name"
    "$brim" train --cfg yolov5n --weights '' --imgsz "$imgsz" --batch-size "$batch" --epochs 1 \
        --project "$results" --name "$name" "$@"
}

# Of a run's device.csv: bytes planned, bytes taken as the driver tells, and as NVML does, which in most containers does not know.
memory_of() { awk -F', *' 'END { printf "%.0f %.0f %s\n", $2, $3, $4 }' "$results/$1/device.csv"; }

# ---- programs that ask nothing of the false card: op cases beside the reference, goldens ----

programs() {
    local source name
    while read -r source; do
        name=$(basename "$source" .c)
        [ ! -x "$build/tests/$name" ] || echo "$name"
    done < <(grep -LE 'BRIM_FAKE_|FAKE_ENGINE|fake_cuda_|card_counts|conv_card_open' tests/test_cuda*.c)
}

# A program whose tests all lacked what they read has shown nothing, and says so.
program() {
    local said=$results/$1.said
    "$build/tests/$1" 2>&1 | tee "$said"
    if grep -qF '[  PASSED  ] 0 test(s)' "$said"; then
        skip "$(sed -n 's/^skipped: //p;T;q' "$said")"
    fi
    sed -nE 's/^\[  SKIPPED \] ([0-9]+) test.*/| \1 of its tests were skipped/p' "$said"
    rm "$said"
}

# ---- op cases under the toolkit's checker ----

# checked TOOL: in twice as many pieces as run side by side, which is eight at most, so that of a checker that is cut off it
# is known what was through.
checked() {
    local tool=$1 beside pieces code=0
    command -v compute-sanitizer >/dev/null || skip "compute-sanitizer is not installed"
    beside=$(nproc)
    [ "$beside" -le 8 ] || beside=8
    pieces=$((2 * beside))
    rm -f "$results/$tool"-*.txt
    seq 0 $((pieces - 1)) | xargs -P "$beside" -I{} bash "$0" piece "$tool" {} "$pieces" || code=1
    return "$code"
}

# piece TOOL INDEX COUNT: of cuDNN's kernels, which take racecheck minutes, we ask nothing; ours all begin with brim_.
piece() {
    local tool=$1 piece=$2 pieces=$3 ours=() help said=$results/$1-$2.txt code=0
    help=$(compute-sanitizer --help 2>&1) || true
    if [ "$tool" = racecheck ] && [[ $help = *--kernel-name* ]]; then
        ours=(--kernel-name kernel_substring=brim_)
    fi
    BRIM_TEST_PART=$piece/$pieces compute-sanitizer --tool "$tool" --error-exitcode 9 "${ours[@]}" "$build/tests/test_cuda" \
        >"$said" 2>&1 || code=$?
    [ "$code" = 0 ] || tail -n 40 "$said"
    echo "| piece $piece of $pieces, exit code $code: $(sed -n 's/^=* *//; /SUMMARY/p' "$said" | tail -n 1)"
    [ "$code" = 0 ]
}

# ---- pictures in the host that the card reads ----

# More than a GiB of them: what maps them on the card is planned, so that planned is never less than taken.
pictures() {
    local drawn=160 copies=10 copy file kept planned taken nvml
    [ -z "$quick" ] || drawn=20 copies=2
    scratch
    "$brim" data demo "$folder" --pictures "$drawn" --imgsz "$imgsz"
    for file in "$folder"/images/train/*.jpg; do # drawing takes longer than reading the same again
        for ((copy = 1; copy < copies; copy++)); do
            link_picture "$file" "$copy"
        done
    done
    train host-pictures --data "$folder/data.yaml" --device 0 --cache ram --noautoanchor | tee "$folder/said"
    kept=$(sed -nE 's/.*the card augments: ([0-9]+) MiB of decoded pictures are in the host.*/\1/p;T;q' "$folder/said")
    [ -n "$kept" ] || fail "the pictures are not where the card reads them"
    [ -n "$quick" ] || [ "$kept" -ge 1024 ] || fail "no more than $kept MiB of pictures"
    read -r planned taken nvml < <(memory_of host-pictures)
    echo "| $kept MiB of pictures in the host: planned $planned bytes, taken $taken, by NVML ${nvml:-unknown}"
    [ "$taken" -le "$planned" ] || fail "more was taken than planned"
}

link_picture() {
    local name
    name=$(basename "$1" .jpg)
    ln "$folder/images/train/$name.jpg" "$folder/images/train/$2-$name.jpg"
    ln "$folder/labels/train/$name.txt" "$folder/labels/train/$2-$name.txt"
}

# ---- exactly the planned memory, and less ----

# The first run is for what a card does once, timing its convolutions.
exact() {
    local planned taken again nvml less code=0
    scratch
    "$brim" data demo "$folder" --pictures $((steps * batch * 5 / 4)) --imgsz "$imgsz"
    local run=(--data "$folder/data.yaml" --device 0 --cache none --fraction 1 --noautoanchor)
    [ -n "$quick" ] || train exact-first "${run[@]}"
    train exact-roomy "${run[@]}"
    read -r planned taken nvml < <(memory_of exact-roomy)
    train exact "${run[@]}" --memory "$planned" || fail "a run in the $planned bytes that it had planned: exit code $?"
    read -r again taken nvml < <(memory_of exact)
    [ "$taken" -le "$planned" ] || fail "of $planned bytes given $taken were taken"
    less=$((planned - (16 << 20))) # more than a page, and than the graph of a step, without which it would run
    train exact-less "${run[@]}" --memory "$less" || code=$?
    [ "$code" = 3 ] || fail "a run in $less bytes: exit code $code, not 3"
    echo "| given $planned bytes, as planned: planned $again, taken $taken, by NVML ${nvml:-unknown}"
    echo "| given 16 MiB less: exit code 3"
}

# ---- two cards ----

# A data set of which two halves of a batch are, but for BatchNorm's statistics, what the whole is: square pictures with as
# many labels as one another at the same places, none changed on the way. A loss is a mean over its labels.
even_set() {
    local square name
    "$brim" data demo "$folder" --pictures $((5 * steps * batch)) --imgsz "$imgsz" # a third is square, a fifth not for training
    # The start of a frame in a JPEG file has height and width, here the same two bytes.
    mapfile -t square < <(LC_ALL=C grep -lPa '\xff\xc0\x00\x11\x08(..)\1' "$folder"/images/train/*.jpg |
        head -n $((steps * batch)))
    [ ${#square[@]} = $((steps * batch)) ] || fail "no more than ${#square[@]} square pictures were drawn"
    mkdir "$folder/images/even" "$folder/labels/even"
    for name in "${square[@]}"; do
        ln "$name" "$folder/images/even/"
        printf '%s\n' "0 0.4 0.5 0.6 0.5" "1 0.7 0.2 0.2 0.3" "1 0.3 0.3 0.3 0.2" \
            >"$folder/labels/even/$(basename "$name" .jpg).txt"
    done
    sed -i 's/^train:.*/train: images\/even/' "$folder/data.yaml"
    printf '%s: 0\n' mosaic mixup copy_paste degrees translate scale shear perspective flipud fliplr hsv_h hsv_s hsv_v \
        >"$folder/hyp.yaml"
}

# losses NAME: box, obj and cls of its last epoch.
losses() { awk -F', *' 'END { print $2, $3, $4 }' "$results/$1/results.csv"; }

# apart ONE OTHER: the largest distance between their losses, as a part of them.
apart() {
    awk 'NR == 1 { split($0, a) } NR == 2 { for (i = 1; i <= 3; i++) { d = ($i - a[i]) / a[i]; if (d < 0) d = -d
        if (!(d <= most)) most = d } printf "%.6f\n", most }' <(losses "$1") <(losses "$2")
}

cards() {
    local why name with without
    why=$("$brim" plan yolov5n --imgsz 64 --device 1 2>&1 >/dev/null) || skip "there is no second card: ${why##*error: }"
    scratch
    even_set
    local run=(--data "$folder/data.yaml" --hyp "$folder/hyp.yaml" --precision fp32 --cache none --noautoanchor)
    train cards-sync "${run[@]}" --device 0,1 --sync-bn >"$folder/said" 2>&1 || {
        cat "$folder/said"
        ! grep -q 'several cards need NCCL' "$folder/said" || skip "there are two cards, and no NCCL (libnccl.so.2)"
        exit 1
    }
    train cards-one "${run[@]}" --device 0
    train cards-apart "${run[@]}" --device 0,1
    with=$(apart cards-one cards-sync) without=$(apart cards-one cards-apart)
    echo "| losses of one card: $(losses cards-one)"
    echo "| two with --sync-bn: $(losses cards-sync), $with apart"
    echo "| two without: $(losses cards-apart), $without apart"
    awk -v apart="$with" 'BEGIN { exit !(apart <= 0.005) }' || fail "two cards that share BatchNorm do not come to what one does"
    awk -v apart="$without" 'BEGIN { exit !(apart <= 0.2) }' || fail "two cards do not come near to what one does"
    for name in test_cuda_sync_bn test_cuda_crew; do # weights the same bits on both; halves of a batch and the whole
        [ ! -x "$build/tests/$name" ] || program "$name"
    done
}

# ---- planned memory beside measured, and trainings ----

memory() {
    command -v python3 >/dev/null || skip "there is no python3 for bench/gpu_memory.py"
    # shellcheck disable=SC2086 # options
    python3 bench/gpu_memory.py --program "$brim" --seconds $((BRIM_TEST_GPU_PART_SECONDS * 9 / 10)) ${BRIM_TEST_GPU_TABLE:-}
}

training() {
    local faces=${BRIM_SHARED:-../shared}/data/facemask700/data.yaml
    [ -f "$faces" ] || skip "$faces is not there (BRIM_SHARED)"
    imgsz=$((imgsz / 2)) train "facemask-$1" --data "$faces" --epochs 5 --device 0 --precision "$1"
    echo "| $(tail -n 1 "$results/facemask-$1/results.csv")"
}

case ${1:?a part} in
racecheck | memcheck) checked "$1" ;;
*) "$@" ;;
esac
