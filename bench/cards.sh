#!/usr/bin/env bash
# What more cards bring: the same training on the first of them and on all, each card with as many pictures, as a Markdown
# table of pictures a second (a whole epoch, its validation included), and of the first card's memory, planned and seen.
# Usage: cards.sh BRIM [CARDS [PICTURES A CARD AND STEP]], for example cards.sh build/release/brim 0,1 16
# CFG, IMGSZ, PICTURES, EPOCHS and PRECISION in the environment change what is trained.
set -euo pipefail

brim=$(realpath "$1") all=${2:-0,1} part=${3:-16}
cfg=${CFG:-yolov5s} imgsz=${IMGSZ:-640} pictures=${PICTURES:-2000} epochs=${EPOCHS:-3} precision=${PRECISION:-amp}
first=${all%%,*}
commas=${all//[^,]/}
count=$((${#commas} + 1))

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$brim" data demo "$folder/demo" --pictures "$pictures" --imgsz "$imgsz" >"$folder/demo.txt"
trained=$((pictures - pictures / 5)) # a fifth is validated on

# seconds DEVICE BATCH EPOCHS: how long such a run takes.
seconds() {
    local from=$EPOCHREALTIME
    "$brim" train --data "$folder/demo/data.yaml" --weights "" --cfg "$cfg" --imgsz "$imgsz" --device "$1" --batch-size "$2" \
        --epochs "$3" --precision "$precision" --project "$folder" --name "on-$1-$3" --exist-ok --noautoanchor --seed 1 \
        >"$folder/said.txt" 2>&1 || {
        tail -n 3 "$folder/said.txt" >&2
        exit 1
    }
    awk -v from="$from" -v to="$EPOCHREALTIME" 'BEGIN { print to - from }'
}

# row DEVICE CARDS: the start is taken out, as the difference of a long run and one of one epoch. The run before both
# is for what a card does once: timing its convolutions.
row() {
    local batch=$((part * $2)) short long memory
    seconds "$1" "$batch" 1 >"$folder/warm.txt"
    short=$(seconds "$1" "$batch" 1)
    long=$(seconds "$1" "$batch" $((epochs + 1)))
    memory=$(tail -n 1 "$folder/on-$1-$((epochs + 1))/device.csv" |
        awk -F, '{ printf "%.0f | %.0f", $2 / 1048576, $4 / 1048576 }')
    awk -v short="$short" -v long="$long" -v done=$((trained * epochs)) -v device="$1" -v batch="$batch" \
        -v memory="$memory" 'BEGIN { printf "| %s | %d | %.1f | %s |\n", device, batch, done / (long - short), memory }'
}

echo "$cfg, $imgsz px, $precision, $trained drawn pictures, $epochs epochs"
echo
echo "| cards | batch | pictures/s | planned MiB | peak MiB |"
echo "|---|---|---|---|---|"
row "$first" 1
row "$all" "$count"
