#!/usr/bin/env bash
# Packs what `./check test` and `./check bench` need on a machine that has a card and none of our packages:
#   pack_gpu.sh BUILD FILE.tar.xz [--without golden,pictures,weights]
# The name's end says how it is compressed. The bundle is a tree like the repository's, so that the same scripts run in it.
set -euo pipefail
export LC_ALL=C
build=${1:?the build folder} file=${2:?the file to write, brim-gpu.tar.xz say} without=
if [ "${3:-}" = --without ]; then
    without=${4:-}
fi
[ $# = 2 ] || [[ $# = 4 && ,$without =~ ^(,(golden|pictures|weights))+$ ]] || {
    echo "${*:3}: there is --without golden,pictures,weights, or some of these" >&2
    exit 2
}
shared=${BRIM_SHARED:-../shared}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
tree=$stage/brim-gpu
scripts=(test_gpu.sh gpu_parts.sh gpu_bench.py gpu_memory.py gpu_side_by_side.py card_memory.py peer_step.py cards.sh)
benches=(bench_step bench_card bench_augment bench_ops bench_floor)
# Those that need two cards; the false card that they ask for is no matter to a real one.
of_two_cards=(test_cuda_sync_bn test_cuda_crew)
# What tests/test_cuda_golden.c reads of the golden files, which are large.
goldens=(1_inference/pictures.json 1_inference/n_zidane_rect640.safetensors
    3_train/n3_320_{init,step1}.safetensors 3_train/n3_320_two_steps_lr010.json)

# With symbols, by which a sanitizer names functions, and without the debugger's.
program() {
    mkdir -p "$tree/build/release/$2"
    strip --strip-debug -o "$tree/build/release/$2/$(basename "$1")" "$1"
}

programs() {
    local name
    program "$build/brim" .
    for name in "${benches[@]}"; do
        program "$build/bench/$name" bench
    done
    mkdir -p "$tree/tests"
    for name in $(BRIM_BUILD=$build BRIM_TEST_GPU_RESULTS=$stage bash bench/gpu_parts.sh programs) "${of_two_cards[@]}"; do
        program "$build/tests/$name" tests
        cp "tests/$name.c" "$tree/tests/" # for whoever reads the line of a failure, and for test_gpu.sh's choice
    done
}

# Of what the programs load, all but glibc, which must be the machine's own, and what comes with a driver or cuDNN.
libraries() {
    local path
    mkdir "$tree/lib"
    find "$tree/build" -type f -exec ldd {} + | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | sort -u | while read -r path; do
        case $(basename "$path") in
        libc.so.* | libm.so.* | libmvec.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libresolv.so.* | ld-linux*) ;;
        libcuda.so.* | libcudnn*.so.* | libnccl.so.* | libnvidia-*.so.*) ;;
        *) cp -L "$path" "$tree/lib/" ;;
        esac
    done
}

# shared WORD PATHS...: a part of the reference data, unless it is not wanted or not there.
shared() {
    local word=$1 path
    shift
    if [[ ",$without," = *",$word,"* ]]; then
        echo "  without $word"
        return
    fi
    for path in "$@"; do
        if [ -e "$shared/$path" ]; then
            mkdir -p "$(dirname "$tree/shared/$path")"
            cp -RL "$shared/$path" "$tree/shared/$path"
        else
            echo "  there is no $shared/$path (BRIM_SHARED); what needs it will be skipped"
        fi
    done
}

mkdir -p "$tree/bench" "$tree/shared"
programs
libraries
cp "${scripts[@]/#/bench/}" "$tree/bench/"
cp bench/gpu_check.sh "$tree/check"
chmod +x "$tree/check"
shared golden "${goldens[@]/#/reference/golden/}"
shared pictures data/facemask700
shared weights reference/weights/yolov5n.pt
{
    "$build/brim" --version
    git describe --always --dirty --abbrev=40 2>/dev/null || true
    ldd --version | sed -n 1p
    date -u '+packed %Y-%m-%d %H:%M UTC'
} >"$tree/packed.txt"
XZ_DEFAULTS=-T2 tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner -caf "$file" brim-gpu
du -h "$file" | awk -v file="$file" '{ print "Packed: " file ", " $1 }'
