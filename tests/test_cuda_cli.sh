#!/usr/bin/env bash
# The command on a card, on one that is none (tests/fake_cuda/fake_cuda.h): each command runs there, says what it does, and
# has one clear line and an exit code for what is missing; a card that falls off costs no more than an epoch; and the card's
# memory is what was planned, to the byte.
set -euo pipefail
brim=${BRIM_BINARY:-build/release/brim}
brim=$(realpath "$brim")
false_card=$(dirname "$brim")/tests/fake_cuda
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ ! -e "$false_card/libcudnn.so.9" ]; then
    echo "skipped: this build has no cuda backend, or no false card"
    exit 77
fi
export XDG_CACHE_HOME=$work/cache OMP_NUM_THREADS=2
export BRIM_FAKE_DNN=engines=one # on a host the time of convolutions is the time of this test
failures=0

fail() {
    printf 'FAILED: %s\n' "$*"
    sed 's/^/    /' "$work/out" | tail -12
    failures=$((failures + 1))
}

# on CARD WORDS...: runs brim on that false card; its words are in $work/out, its exit code in $code.
on() {
    local card=$1
    shift
    code=0
    LD_LIBRARY_PATH=${libraries:-$false_card} BRIM_FAKE_CARD=$card "$brim" "$@" >"$work/out" 2>&1 || code=$?
    [ -z "${BRIM_TEST_TIMES:-}" ] || printf '%4d s: %s\n' "$SECONDS" "$card $*" | cut -c1-110
}

# expect WHAT CODE TEXT...: how the last run ended, and what it said.
expect() {
    local what=$1 wanted=$2 text
    shift 2
    [ "$code" = "$wanted" ] || fail "$what: exit code $code, not $wanted"
    for text in "$@"; do
        grep -qF -- "$text" "$work/out" || fail "$what: does not say: $text"
    done
}

# A run that does not start says one line of what is wrong, and leaves nothing behind.
expect_refusal() {
    expect "$@"
    [ "$(grep -c 'error:' "$work/out")" = 1 ] || fail "$1: not one line of error"
    [ ! -e "$work/runs/refused" ] || fail "$1: left a run's folder behind"
}

"$brim" data demo "$work/data" --pictures 12 --imgsz 64 >/dev/null
train=(train --data "$work/data/data.yaml" --cfg yolov5n --weights '' --imgsz 64 --batch-size 4 --epochs 1 --project "$work/runs")
refused=("${train[@]}" --device 0 --name refused)

# ---- what is missing ----

if ! ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1'; then
    libraries=$work on "" "${refused[@]}"
    expect_refusal "no driver" 1 "no NVIDIA driver" "install NVIDIA's driver"
    libraries=$work on "" plan yolov5n --imgsz 64 --device auto
    expect "auto without a driver" 0 "cpu:"
    libraries=$work on "" "${train[@]}" --name driverless
    expect "a run without a driver" 0 "device: cpu"
    ! grep -q "no card" "$work/out" || fail "a machine without a card is told why it has none"
fi
on driver=11080 "${refused[@]}"
expect_refusal "an old driver" 1 "the NVIDIA driver is one for CUDA 11.8" "update the driver"
on cards=0 "${refused[@]}"
expect_refusal "a driver without a card" 1 "the NVIDIA driver finds no card"
on "cc=7.0,name=Tesla V100" "${refused[@]}"
expect_refusal "an old card" 1 "card 0, Tesla V100, is of compute capability 7.0" "from 7.5 on"
on "cc=7.5,name=Tesla T4" "${refused[@]}" --precision bf16
expect_refusal "bf16 on a card before 8.0" 1 "compute capability 8.0" "Tesla T4 has 7.5: choose amp"
on "" "${train[@]}" --device cpu --name refused --precision bf16
expect_refusal "bf16 on the CPU" 1 "--precision bf16 is for NVIDIA cards" "on the CPU choose amp"
on "cards=2,memory=4G,name=NVIDIA One" "${train[@]}" --device 3 --name refused
expect_refusal "no such card" 1 "there is no card 3" "0: NVIDIA One, 4096 MiB; 1: NVIDIA One, 4096 MiB"
on "" "${train[@]}" --device gpu --name refused
expect_refusal "a device by no name" 1 'device "gpu": there are cpu, auto' "0: NVIDIA False Card, 8192 MiB"
on free=50M "${refused[@]}"
expect_refusal "no room for a context" 3 "making a context on the card" "CUDA_ERROR_OUT_OF_MEMORY"
on free=110M,context=80M "${refused[@]}" --batch-size 2
expect_refusal "too little free" 3 "the run needs" "MiB are given" "even with --batch-size 1"
mkdir "$work/driver"
ln -s "$false_card/libcuda.so.1" "$work/driver/"
: >"$work/driver/libcudnn.so.9"
libraries=$work/driver on "" "${refused[@]}"
expect_refusal "no cuDNN" 1 "cuDNN 9 is not to be found" "install libcudnn9-cuda-"
BRIM_FAKE_DNN=version=8904 on "" "${refused[@]}"
expect_refusal "an old cuDNN" 1 "cuDNN 8.9.4 is too old" "install libcudnn9-cuda-"
BRIM_FAKE_DNN=cuda=99000 on "" "${refused[@]}"
expect_refusal "a cuDNN newer than the driver" 1 "is the one for CUDA 99, and the NVIDIA driver is one for" "install libcudnn9-cuda-"
libraries=$work/driver on "" "${train[@]}" --name passed-over
expect "auto, but no cuDNN" 0 "device: cpu" "no card is used: cuDNN 9 is not to be found"
mkdir "$work/broken" "$work/alone" "$work/symbol"
: >"$work/broken/libcuda.so.1"
printf 'int needed(void); int brim_calls_it(void) { return needed(); }\n' >"$work/needs.c"
printf 'int needed(void) { return 0; }\n' >"$work/needed.c"
"${CC:-cc}" -shared -fPIC -o "$work/libneeded.so" "$work/needed.c"
"${CC:-cc}" -shared -fPIC -o "$work/alone/libcuda.so.1" "$work/needs.c" -L"$work" -lneeded
"${CC:-cc}" -shared -fPIC -Wl,-z,lazy -o "$work/symbol/libcuda.so.1" "$work/needs.c"
cannot="no card is used: the NVIDIA driver cannot be loaded"
libraries=$work/broken on "" "${train[@]}" --name broken
expect "auto, but a driver that is no library" 0 "device: cpu" "$cannot" "file too short"
libraries=$work/alone on "" "${train[@]}" --name alone
expect "auto, but a driver that lacks a library" 0 "device: cpu" "$cannot: libneeded.so"
libraries=$work/symbol on "" "${train[@]}" --name symbol
expect "auto, but a driver that lacks a symbol" 0 "device: cpu" "$cannot" "undefined symbol: needed"
sed -n 2p "$work/out" | grep -qF "$cannot" || fail "it is not the second line that says why no card is used"
on cards=0 plan yolov5n --imgsz 64 --device auto
expect "auto, but no card" 0 "cpu:"
on cards=2,old=0 "${train[@]}" --name second
expect "auto, and the first card is old" 0 "device: card 1: NVIDIA False Card" "passed over: card 0, NVIDIA False Card, is of"

on cc=19.0 "${train[@]}" --name newer
expect "a card newer than all code" 0 "this brim has no code for card 0: the driver compiles it at the first start" "Done in"
on cc=8.9 val --data "$work/data/data.yaml" --weights "$work/runs/newer/weights/best.safetensors" --imgsz 64 --name seen --project "$work/runs"
expect "a card that code for another of its kind is for" 0 "device: card 0"
! grep -q "no code for card" "$work/out" || fail "code for 8.6 or 8.9 is code for 8.9"

on bus=0 plan yolov5n --imgsz 64 --device 0
expect "a card of which the driver does not know the bus" 0 "chosen"
on fail=cuInit@1,error=304 "${refused[@]}"
expect_refusal "a container without the card's devices" 1 "CUDA_ERROR_OPERATING_SYSTEM (304)" "--gpus all"

# ---- memory, to the byte ----

pages=context=80M,late=64K,grain=2M
on "memory=4G,$pages" "${train[@]}" --cache none --name roomy
expect "auto with a card" 0 "device: card 0: NVIDIA False Card, 4096 MiB" "Done in"
read -r planned highest < <(awk -F, 'NR == 2 { print $2 + 0, $3 + 0 }' "$work/runs/roomy/device.csv")
[ "$planned" = "$highest" ] || fail "planned $planned, taken $highest"
on "memory=4G,free=$planned,$pages" "${train[@]}" --device 0 --fraction 1 --cache none --name exact
expect "a card with exactly that free" 0 "Done in"
# What a captured step takes of the card is planned as well. A run that lacks no more than that starts its ops one by one;
# one that lacks more is refused: never does one begin and not end.
for less in 1 65537 131073 196609; do
    on "memory=4G,free=$((planned - less)),$pages" "${train[@]}" --device 0 --fraction 1 --cache none --name "less-$less"
    case $code in
    0) expect "$less bytes less" 0 "Done in" ;;
    *) expect_refusal "$less bytes less" 3 "the run needs" ;;
    esac
done
on "memory=4G,free=$((planned - (2 << 20))),$pages" "${refused[@]}" --fraction 1 --cache none
expect_refusal "a card with a page less" 3 "the run needs"
cmp -s "$work/runs/roomy/weights/last.safetensors" "$work/runs/exact/weights/last.safetensors" || {
    for run in roomy exact; do
        tail -c 100000 "$work/runs/$run/weights/last.safetensors" | cksum >"$work/$run.sum"
    done
    cmp -s "$work/roomy.sum" "$work/exact.sum" || fail "the same training twice came to other weights"
}

# The kernel of a bias is loaded in time where the only convolution with one is like another without: before steps are
# recorded, and memory is measured.
cat >"$work/alike.yaml" <<'MODEL'
nc: 2
depth_multiple: 1.0
width_multiple: 1.0
anchors:
  - [10,13, 16,30, 33,23]
backbone:
  - [-1, 1, Conv, [24, 6, 2, 2]]
  - [-1, 1, Conv, [24, 3, 2]]
  - [-1, 1, Conv, [24, 3, 2]]
  - [-1, 1, Conv, [24, 1, 1]]
head:
  - [[3], 1, Detect, [nc, anchors]]
MODEL
on "memory=4G,$pages" "${train[@]}" --cfg "$work/alike.yaml" --noautoanchor --device 0 --name alike
expect "a head like another convolution" 0 "Done in"
read -r planned highest < <(awk -F, 'NR == 2 { print $2 + 0, $3 + 0 }' "$work/runs/alike/device.csv")
[ "$highest" -le "$planned" ] || fail "planned $planned, taken $highest"

# ---- host memory that copies reach by themselves ----

# Where the system has little of it, as under WSL, neither pictures nor a checkpoint's copy are there, and the run goes on.
on memory=4G,pinned=2400K "${train[@]}" --device 0 --name little-pinned
expect "little that can be pinned" 0 "no room to keep 1 MiB of decoded pictures: the host augments" "Done in"
on memory=4G,pinned=1M "${refused[@]}"
expect_refusal "less than copies need" 3 "pinning host memory for copies" "does not let 1.1 MiB more of the host's memory be pinned"

# ---- a card that falls off ----

on fail=cuLaunchKernel@9 "${train[@]}" --device 0 --name early
expect "a card that falls off at once" 1 "CUDA_ERROR_LAUNCH_FAILED (719)" "--resume"
on "" "${train[@]}" --device 0 --epochs 3 --name whole
expect "three epochs" 0 "Done in" ", data wait "
on fail=cuGraphLaunch@18,error=999 "${train[@]}" --device 0 --epochs 3 --name fallen
expect "a card that falls off later" 1 "CUDA_ERROR_UNKNOWN (999)" "the card fell off" "--resume"
[ -s "$work/runs/fallen/weights/last.safetensors" ] || fail "no checkpoint is left of a card that fell off"
left=$(cd "$work/runs/fallen/weights" && echo *)
[ "$left" = "best.safetensors last.safetensors" ] || fail "a card that fell off leaves $left"
on "" train --resume "$work/runs/fallen/weights/last.safetensors"
expect "going on with it" 0 "Going on with" "2/2" "Done in"
for run in whole fallen; do
    tail -n 1 "$work/runs/$run/results.csv" >"$work/$run.csv"
done
cmp "$work/whole.csv" "$work/fallen.csv" || fail "what went on came to other results"

on fail=cuGraphInstantiateWithFlags@1:once,error=2 "${train[@]}" --device 0 --name unkept
expect "no memory for a graph of a step" 0 "Done in"

# ---- the other commands ----

best=$work/runs/roomy/weights/best.safetensors
val=(val --data "$work/data/data.yaml" --weights "$best" --imgsz 64 --device 0 --project "$work/full")
detect=(detect --weights "$best" --source "$work/data/images/val" --imgsz 64 --device 0 --project "$work/full")
on free=100M,context=80M "${val[@]}"
expect "a validation on a card that is almost full" 3 "the validation needs" "MiB are given" "even with --batch-size 1"
on free=90M,context=80M "${detect[@]}"
expect "a detection on a card that is almost full" 3 "the detection needs" "MiB are given" "no --imgsz fits"
on free=50M "${val[@]}"
expect "a validation on a full card" 3 "making a context on the card" "CUDA_ERROR_OUT_OF_MEMORY"
on free=50M "${detect[@]}"
expect "a detection on a full card" 3 "making a context on the card" "CUDA_ERROR_OUT_OF_MEMORY"
[ ! -e "$work/full" ] || fail "what does not fit left a folder behind"
on "" val --data "$work/data/data.yaml" --weights "$best" --imgsz 64 --device cuda:0 --project "$work/val"
expect "val" 0 "device: card 0: NVIDIA False Card" "Done in"
on lazy,fail=cuEventSynchronize@7,error=999 val --data "$work/data/data.yaml" --weights "$best" --imgsz 64 --batch-size 1 \
    --device 0 --project "$work/val" --name fallen
expect "a card that falls off with two batches under way" 1 "waiting for the card: CUDA_ERROR_UNKNOWN (999)"
on "" detect --weights "$best" --source "$work/data/images/val" --imgsz 64 --device 0 --project "$work/detect"
expect "detect" 0 "device: card 0: NVIDIA False Card" "Done in"
on "" bench yolov5n --imgsz 64 --device 0 --batch-sizes 1 --steps 1 --warmup 0 --precision bf16 --format json
expect "bench" 0 "NVIDIA False Card" '"process_measured_bytes"' '"bf16"'
if grep -q '"cpu_utilization": *[0-9]' "$work/out"; then
    fail "bench: processor time of a card"
fi
on "" plan yolov5n --imgsz 64 --device 0 --batch-size 2 --precision fp32 --tune
expect "plan --tune" 0 "NVIDIA False Card" "measured"
on memory=200M,context=80M "${train[@]}" --batch-size 2 --precision auto --recompute auto --tune --device 0 --name tuned
expect "train --tune" 0 "timed: batch 2" "Done in"

[ "$failures" = 0 ] || exit 1
echo "the command on a card: all is as it should be"
