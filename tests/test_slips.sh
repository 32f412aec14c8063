#!/usr/bin/env bash
# What goes wrong in a first training: labels of another form, a folder that two runs want, a stop, a full disk.
set -uo pipefail

brim=${BRIM_BINARY:-build/dev/brim}
folder=$(mktemp -d)
first=
trap 'rm -rf "$folder"; [ -z "$first" ] || kill -9 "$first" 2>/dev/null' EXIT
bad=0 checks=0

complain() {
    echo "$*"
    bad=1
}

# expect CODE WORDS COMMAND...: the exit code, and words that the output must hold.
expect() {
    local code=$1 words=$2 got output
    shift 2
    output=$("$@" 2>&1)
    got=$?
    checks=$((checks + 1))
    [ "$got" = "$code" ] && [[ $output = *"$words"* ]] ||
        complain "$*: ended with $got, expected $code and the words: $words; said: $output"
}

# A fresh dataset in $folder/NAME, whose training labels are what sed makes of the drawn ones.
relabel() {
    rm -rf "$folder/$1"
    cp -r "$folder/drawn" "$folder/$1"
    sed -i "$2" "$folder/$1"/labels/train/*.txt
}

train() { expect "$1" "$2" "$brim" train "${common[@]}" "${@:3}"; }

[ -x "$brim" ] || { echo "no $brim: build first"; exit 1; }
"$brim" data demo "$folder/drawn" --pictures 8 --imgsz 64 >/dev/null || complain "no pictures were drawn"
common=(--cfg yolov5n --weights '' --imgsz 32 --batch-size 4 --epochs 1 --device cpu --threads 1 --project "$folder/runs")
data=(--data "$folder/drawn/data.yaml")

# ---- labels ----
relabel pixels 's/ .*/ 320 240 100 80/'
train 1 "x 320 is outside 0 to 1 (pixels?" --data "$folder/pixels/data.yaml"
train 1 '`class x y width height`' --data "$folder/pixels/data.yaml"
relabel classes 's/^[01]/7/'
train 1 "class 7 is not one of 0 to 1" --data "$folder/classes/data.yaml"
relabel coco 's/.*/{"images": []}/'
train 1 '`class x y width height`' --data "$folder/coco/data.yaml"
rm -r "$folder/coco/labels"
train 1 "COCO's JSON have to be converted" --data "$folder/coco/data.yaml"
sed -i 's#images/train#images/trian#' "$folder/coco/data.yaml"
train 1 "nothing is at $folder/coco/images/trian" --data "$folder/coco/data.yaml"
[ -e "$folder/runs" ] && complain "a run that did not start left a folder"

# ---- one folder, two runs; a stop, and how to go on ----
"$brim" train "${common[@]}" "${data[@]}" --epochs 100000 --patience 0 --name one >"$folder/first" 2>&1 &
first=$!
for _ in $(seq 600); do
    [ -f "$folder/runs/one/results.csv" ] && break
    sleep 0.1
done
train 1 "another run is writing into $folder/runs/one" "${data[@]}" --name one --exist-ok
expect 1 "another run is writing into" "$brim" train --resume "$folder/runs/one"
kill -INT "$first"
wait "$first"
[ $? = 1 ] || complain "Ctrl-C: not exit code 1"
first=
grep -q "^brim train: stopped in epoch .*; --resume $folder/runs/one goes on with it$" "$folder/first" ||
    complain "how to go on is not said: $(tail -1 "$folder/first")"
timeout -s INT 5 "$brim" train --resume "$folder/runs/one" >"$folder/again" 2>&1
grep -q "^Going on with $folder/runs/one/weights/last.safetensors$" "$folder/again" || complain "--resume FOLDER: $(cat "$folder/again")"
train 0 "Done in" "${data[@]}" --name two
[ -s "$folder/runs/two/results.png" ] && [ -s "$folder/runs/one/results.png" ] || complain "results.csv was not drawn"
train 0 "wait for one another; without --threads" "${data[@]}" --name three --threads "$(($(nproc) + 1))"
expect 1 "this run has finished its 1 epoch;" "$brim" train --resume "$folder/runs/two"

"$brim" detect --weights "$folder/runs/two/weights/last.safetensors" --source "$folder/drawn/images/val" --imgsz 32 --conf-thres 0.001 \
    --line-thickness 1 --hide-labels --hide-conf --device cpu --threads 1 --project "$folder/found" >"$folder/words" 2>&1 ||
    complain "detect with YOLOv5's options for its drawings: $(tail -1 "$folder/words")"

# ---- an output that takes nothing ----
if [ -c /dev/full ]; then
    for command in "plan yolov5n" "plan --gpu list" "--help" "train --help" "model yolov5n"; do
        # shellcheck disable=SC2086
        "$brim" $command >/dev/full 2>"$folder/words"
        [ $? = 1 ] && [ "$(wc -l <"$folder/words")" = 1 ] || complain "brim $command onto a full disk: $(cat "$folder/words")"
    done
fi
"$brim" plan yolov5n --json | head -c 1 >/dev/null
[ "${PIPESTATUS[0]}" = 0 ] || complain "a reader that stops is an error"

[ "$bad" = 0 ] || exit 1
echo "$checks slips, each with its line"
