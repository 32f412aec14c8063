#!/usr/bin/env bash
# The command line: help, versions, exit codes, and a sentence for every slip.
set -uo pipefail

brim=${BRIM_BINARY:-build/dev/brim}
shared=${BRIM_SHARED:-../shared}
weights=$shared/reference/weights/yolov5n.pt
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0 checks=0

# expect CODE WORDS COMMAND...: the exit code, and words that stdout or stderr must hold.
expect() {
    local code=$1 words=$2 got output
    shift 2
    output=$("$brim" "$@" 2>&1)
    got=$?
    checks=$((checks + 1))
    if [ "$got" != "$code" ] || [[ $output != *"$words"* ]]; then
        printf 'brim %s\n  ended with %s, expected %s and the words: %s\n  said: %s\n' "$*" "$got" "$code" "$words" "$output"
        bad=1
    fi
}

[ -x "$brim" ] || { echo "no $brim: build first"; exit 1; }

expect 0 "brim 0." --version
expect 0 "brim detect" --help
expect 0 "Exit codes" help
expect 2 "brim val"
expect 2 'no command "trian"' trian
for command in val detect bench model data; do
    expect 0 "usage: brim $command" "$command" --help
    expect 0 "usage: brim $command" "$command" -h
    expect 2 "is missing" "$command"
    expect 2 "no option --nosuch" "$command" --nosuch 1
done
expect 2 "--imgsz must be" val --data x.yaml --imgsz many
expect 2 "--imgsz is meant" val --data x.yaml --imgzs 320
expect 2 "one of val|test|train" val --data x.yaml --task all
expect 2 "from 0 to 1" detect --source x --conf-thres 7
expect 2 "512M or 8G" detect --source x --memory much

expect 2 'the model is missing in `brim model MODEL [options]`' model
expect 2 "as YOLOv5 has it: SGD" train --optimizer Adam
expect 2 "as YOLOv5 has it: nothing is sent" train --upload_dataset
expect 2 "no dataset given" train
mkdir "$folder/empty"
echo "not a picture" >"$folder/film.mp4"
echo "$folder/gone.jpg" >"$folder/list.txt"
expect 2 'no command "trian"; train is meant?' trian
expect 1 "nothing is downloaded" val --data x.yaml --weights "$folder/none.pt"
expect 1 "empty is a folder" val --data x.yaml --weights "$folder/empty"
expect 1 "or a .safetensors" val --data x.yaml --weights tests/test_cli.sh
expect 1 "not at cameras" detect --source 0 --weights x.pt
expect 1 "not at cameras" detect --source rtsp://camera/1 --weights x.pt
expect 1 "no weights at" val --data x.yaml --weights "$folder/none.pt"
expect 1 "no such folder" detect --source "$folder/none" --weights x.pt
expect 1 "no picture" detect --source "$folder/empty" --weights x.pt
expect 1 "neither a picture" detect --source "$folder/film.mp4" --weights x.pt
expect 1 "can be read, of 1 that were found" detect --source "$folder/list.txt" --weights x.pt
expect 2 "there is demo" data draw "$folder/draw"
expect 0 "214 layers" model yolov5n --nc 3

expect 2 "ends with .svg or .png" bench yolov5n --plot "$folder/plot.bmp"
expect 2 "one of table|md|csv|json" bench yolov5n --format xml
expect 2 "--batch-sizes must be" bench yolov5n --batch-sizes 1,0
expect 1 "there are cpu" bench yolov5n --device cuda
tiny=(yolov5n --imgsz 64 --threads 1)
expect 0 "best value" bench "${tiny[@]}" --batch-sizes 1,2 --inference --steps 2 --plot "$folder/plot.svg"
expect 0 "does not fit" bench "${tiny[@]}" --batch-sizes 1,2 --memory 1M
expect 0 "loss: first" bench "${tiny[@]}" --random-training --batches 2 --batch-size 1
expect 3 "the training needs" bench "${tiny[@]}" --random-training --memory 1M
"$brim" bench "${tiny[@]}" --batch-sizes 1 --inference --steps 2 --format csv 2>/dev/null | head -1 | grep '^mode,batch_size' >/dev/null ||
    { echo "brim bench says more than its report on stdout"; bad=1; }
[ -s "$folder/plot.svg" ] || { echo "brim bench drew no plot"; bad=1; }
printf 'id,lower,upper,size\na,0,2,4\nb,1,3,4\n' >"$folder/problem.csv"
sed 's/,4$/,four/' "$folder/problem.csv" >"$folder/problem.txt"
expect 0 "size,offset" plan --csv "$folder/problem.csv"
expect 0 "height 8 bytes, lower bound 8, 0.00% above it, the best there can be" plan --csv "$folder/problem.csv"
expect 0 '"optimal": true' plan --json --csv="$folder/problem.csv" --output "$folder/placed.csv"
expect 0 "b,1,3,4," plan --csv "$folder/placed.csv"
expect 3 "lower bound 8, best height 8" plan --csv "$folder/problem.csv" --memory 7
expect 1 "problem.txt: line 2, column 4 (size)" plan --csv "$folder/problem.txt"
expect 1 "cannot open" plan --csv "$folder/none.csv"
expect 2 "--csv needs a value" plan --csv
expect 2 "--seconds must be" plan --csv "$folder/problem.csv" --seconds -1
expect 0 "usage: brim plan --csv" plan --csv x --help

expect 0 "--data $folder/demo/data.yaml" data demo "$folder/demo" --pictures 6 --imgsz 64 --seed 3
expect 1 "--weights '' --cfg yolov5n" train --data "$folder/demo/data.yaml" --weights "$folder/none.pt" --device cpu
expect 1 "already" data demo "$folder/demo" --pictures 6 --imgsz 64
expect 0 "--data" data demo "$folder/again" --pictures 6 --imgsz 64 --seed 3
cmp -s "$folder/demo/images/val/"*.jpg "$folder/again/images/val/"*.jpg || { echo "one seed, two demo sets"; bad=1; }

if [ -f "$weights" ]; then
    common=(--weights "$weights" --imgsz 64 --project "$folder" --name run)
    printf 'JFIF, not really' >"$folder/demo/images/val/broken.jpg"
    expect 1 "is for 80 classes" val --data "$folder/demo/data.yaml" "${common[@]}"
    expect 2 "has classes 0 to 79" detect --source "$folder/demo/images/val" --classes 80 "${common[@]}"
    expect 3 "no --imgsz fits" detect --source "$folder/demo/images/val" --memory 1M "${common[@]}"
    expect 0 "broken.jpg" detect --source "$folder/demo/images/val" "${common[@]}"
    expect 0 "1 picture could not be read, and was skipped" detect --source "$folder/demo/images/val" "${common[@]}"
    expect 1 "there are cpu" detect --source "$folder/demo/images/val" --device cuda "${common[@]}"
    [ -d "$folder/run2" ] || { echo "the second run's folder is not run2"; bad=1; }
else
    echo "skipped: no $weights, so no network was run"
fi

[ "$bad" = 0 ] || exit 1
echo "$checks command lines end as they should"
