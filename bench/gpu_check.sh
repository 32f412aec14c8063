#!/usr/bin/env bash
# What is to be shown of brim on a card, on a machine that has a card, a driver and cuDNN, and neither a network nor brim's
# source. This is `check` of a bundle that `./run pack-gpu` made.
#
#   ./check test              as `./run test-gpu` does; its variables hold, as BRIM_TEST_GPU_PARTS (bench/test_gpu.sh)
#   ./check bench [n,s] ...   as `./run bench-gpu` does; its options hold, as --seconds 240
#
# What comes of it is in results/ and, without the trained models, in results.tar.gz, which is all that is to be brought home.
# cuDNN and NCCL are those of the system, or of a pip environment: that of PEER_PYTHON, else of python3.
set -uo pipefail
cd "$(dirname "$(realpath "$0")")" || exit 1
python=${PEER_PYTHON:-$(command -v python3)}
export BRIM_SHARED=${BRIM_SHARED:-$PWD/shared}
PATH=$PATH:/usr/local/cuda/bin # compute-sanitizer, where the toolkit is
loader_cache=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null)

# has NAME: whether the loader finds a library of that name.
has() {
    local folder folders
    IFS=: read -ra folders <<<"${LD_LIBRARY_PATH:-}"
    for folder in "${folders[@]}"; do
        [ ! -e "$folder/$1" ] || return 0
    done
    [[ $loader_cache = *"$1 (libc6,"* ]]
}

look_in() { export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$1; }

starts() { LD_BIND_NOW=1 build/release/brim --version; }

# The system's own libraries come first: others of ours beside them are a last resort, for a system whose are too old.
use_packed() {
    local file
    rm -rf lib/missing
    mkdir lib/missing
    for file in lib/*.so*; do
        has "$(basename "$file")" || ln -s "../$(basename "$file")" lib/missing/
    done
    look_in "$PWD/lib/missing"
    starts >/dev/null 2>&1 || export LD_LIBRARY_PATH=$PWD/lib:$LD_LIBRARY_PATH
    starts || {
        echo "brim does not start here, with the system's libraries or its own; was it packed on a newer system?" >&2
        exit 1
    }
}

# Folders of libraries that NVIDIA's pip packages bring.
pip_folders() {
    local place folder
    [ -n "$python" ] || return 0
    while read -r place; do
        for folder in "$place"/nvidia/*/lib; do
            [ ! -d "$folder" ] || echo "$folder"
        done
    done < <("$python" -c 'import sys; print(*sys.path, sep="\n")' 2>/dev/null)
}

# find_nvidia NAME WHAT: of the system, else all folders of pip, since these libraries load one another.
find_nvidia() {
    local folder found=
    if has "$1"; then
        echo "$2: $1 is there already"
        return
    fi
    while read -r folder; do
        [ ! -e "$folder/$1" ] || found=$folder
    done < <(pip_folders)
    if [ -z "$found" ]; then
        echo "$2: there is no $1, in the system or beside ${python:-any python3}"
        return
    fi
    echo "$2: $found/$1"
    while read -r folder; do
        look_in "$folder"
    done < <(pip_folders)
}

# What a figure is worth nothing without.
machine() {
    uname -a
    grep -m 1 'model name' /proc/cpuinfo
    nproc
    ldd --version | sed -n 1p
    nvidia-smi
    compute-sanitizer --version
    "$python" -c 'from importlib import metadata; print("PyTorch", metadata.version("torch"))'
    cat packed.txt
}

bring_home() {
    tar -czf results.tar.gz --exclude='*.safetensors' --exclude='*.jpg' results && echo "All of it: $PWD/results.tar.gz"
}

what=${1:-}
case $what in
test | bench) shift ;;
*)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
mkdir -p results
trap bring_home EXIT
use_packed
find_nvidia libcudnn.so.9 cuDNN
find_nvidia libnccl.so.2 NCCL
machine >results/machine.txt 2>&1
case $what in
test) BRIM_TEST_GPU_RESULTS=results/test bash bench/test_gpu.sh build/release 2>&1 | tee results/test.txt ;;
bench)
    [ -n "$python" ] || {
        echo "there is no python3, which bench/gpu_bench.py needs" >&2
        exit 77
    }
    PEER_PYTHON=$python "$python" bench/gpu_bench.py --output results/gpu-bench.md "$@" 2>&1 | tee results/bench.txt
    ;;
esac
