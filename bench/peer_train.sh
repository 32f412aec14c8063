#!/usr/bin/env bash
# A whole training run of ultralytics/yolov5 v7.0 on a dataset in YOLO's layout, offline, and the wall time that it took.
# This is the run that brim's is compared with in docs/results.md.
#
#   YOLOV5_DIR=... [PEER_PYTHON=/usr/bin/python3] [PEER_THREADS=N] bench/peer_train.sh DATASET WEIGHTS [EPOCHS [train.py options]]
#
# DATASET holds data.yaml, images/ and labels/; WEIGHTS is yolov5n.pt, say, or '' with --cfg. Without PEER_THREADS v7.0
# takes cores - 1 threads. The results are left in the folder that the last line names.
set -euo pipefail

usage() {
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
[ $# -ge 2 ] || usage
here=$(cd "$(dirname "$0")" && pwd)
python=${PEER_PYTHON:-/usr/bin/python3}
dataset=$(cd "$1" && pwd)
weights=${2:+$(realpath "$2")}
epochs=${3:-30}
shift "$(($# < 3 ? $# : 3))"
[ -f "${YOLOV5_DIR:-}/train.py" ] || {
    echo "YOLOV5_DIR must be a checkout of ultralytics/yolov5 v7.0" >&2
    exit 2
}

missing=$("$python" - <<'END'
import importlib.util
wanted = "torch torchvision cv2 numpy pandas scipy matplotlib seaborn yaml tqdm psutil requests PIL pkg_resources"
print(*(name for name in wanted.split() if importlib.util.find_spec(name) is None))
END
)
[ -z "$missing" ] || {
    echo "$python does not have: $missing (Debian: python3-torch, python3-torchvision, python3-opencv, ...)" >&2
    exit 2
}

# v7.0 writes caches beside the labels (through links, too), and downloads a font: it gets a copy, and a font.
work=$(mktemp -d "${TMPDIR:-/tmp}/peer-train-XXXXXX")
mkdir "$work/data" "$work/config"
cp -rL "$dataset/images" "$dataset/labels" "$work/data"
chmod -R u+w "$work/data"
sed "s|^path:.*|path: $work/data|" "$dataset/data.yaml" >"$work/data/data.yaml"
grep -q '^path:' "$work/data/data.yaml" || echo "path: $work/data" >>"$work/data/data.yaml"
font=$(find /usr/share/fonts -name 'DejaVuSans.ttf' -print -quit)
[ -z "$font" ] || cp "$font" "$work/config/Arial.ttf"

export PYTHONPATH="$here/offline" YOLOV5_CONFIG_DIR="$work/config" YOLOv5_AUTOINSTALL=false MPLBACKEND=agg
export OMP_WAIT_POLICY=passive WANDB_MODE=disabled MPLCONFIGDIR="$work/config"
cd "$YOLOV5_DIR"
begin=$(date +%s.%N)
"$python" train.py --data "$work/data/data.yaml" --weights "$weights" --img 320 --batch 16 --epochs "$epochs" \
    --device cpu --workers 1 --seed 0 --project "$work/runs" --name peer "$@" >"$work/log" 2>&1 || {
    tail -30 "$work/log" >&2
    echo "train.py failed; all that it said is in $work/log" >&2
    exit 1
}
end=$(date +%s.%N)
grep -E '^ +all ' "$work/log" | tail -1 || true
awk -v a="$begin" -v b="$end" -v n="$epochs" 'BEGIN { printf "%.1f s for %d epochs, start and end included\n", b - a, n }'
echo "results: $work/runs/peer"
