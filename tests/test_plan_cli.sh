#!/usr/bin/env bash
# brim plan MODEL: tables, JSON by its schema, maps, and a line with an exit code for every slip.
set -uo pipefail

brim=${BRIM_BINARY:-build/dev/brim}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0 checks=0
laptop=(--gpu "RTX 3050 Laptop")

complain() {
    echo "$*"
    bad=1
}

# expect CODE WORDS COMMAND...: the exit code, and words that stdout or stderr must hold; errors are one line.
expect() {
    local code=$1 words=$2 got output
    shift 2
    output=$("$brim" plan "$@" 2>&1)
    got=$?
    checks=$((checks + 1))
    if [ "$got" != "$code" ] || [[ $output != *"$words"* ]]; then
        printf 'brim plan %s\n  ended with %s, expected %s and the words: %s\n  said: %s\n' "$*" "$got" "$code" "$words" "$output"
        bad=1
    fi
    [ "$code" = 0 ] || [ "$(wc -l <<<"$output")" = 1 ] || complain "brim plan $*: more than one line: $output"
}

[ -x "$brim" ] || { echo "no $brim: build first"; exit 1; }

expect 0 "usage: brim plan MODEL" --help
expect 0 "usage: brim plan --data" --data --help
expect 0 "GeForce RTX 3050 Laptop GPU" --gpu list
expect 0 "library workspace  estimated" yolov5n "${laptop[@]}"
expect 0 "gradients          exact" yolov5n "${laptop[@]}"
expect 0 "32 pictures x 2 = 64, amp" yolov5n "${laptop[@]}" --batch-size 32 --memory 1525M
expect 0 "32 pictures x 2 = 64, amp" yolov5s "${laptop[@]}" --batch-size 32 --memory 1716M
expect 0 "32 pictures x 2 = 64, amp" yolov5m "${laptop[@]}" --batch-size 32 --memory 2193M
expect 0 "fp32" yolov5n "${laptop[@]}" --precision fp32 --imgsz 320
expect 0 ", bf16, " yolov5n "${laptop[@]}" --precision bf16 --imgsz 320
expect 0 "profile conservative, fraction 0.6" yolov5n "${laptop[@]}" --profile conservative
expect 0 "cpu: " yolov5n --imgsz 64 --device cpu
expect 0 "bf16-kept" yolov5n --imgsz 64 --precision amp
expect 0 "yolov5x" --all "${laptop[@]}"
expect 0 "4095 MiB" n "${laptop[@]}" --windows
expect 0 "so not on this one" n --gpu "GTX 1080"

expect 2 "which model?"
expect 2 "--all plans the whole family" yolov5n --all
expect 1 'no card "Voodoo"' yolov5n --gpu Voodoo
expect 1 "A100-SXM4-40GB, A100-SXM4-80GB; say which" yolov5n --gpu a100
expect 1 'no model "yolov5z"' yolov5z "${laptop[@]}"
expect 2 "--fraction must be a number from 0.01 to 1" yolov5n --fraction 1.5
expect 2 "--fraction must be a number from 0.01 to 1" yolov5n --fraction 0
expect 2 "needs a multiple of 32" yolov5n --imgsz 650 "${laptop[@]}"
expect 2 "auto|fp32|amp|bf16" yolov5n --precision half
expect 1 "on the CPU choose amp" yolov5n --imgsz 64 --device cpu --precision bf16
expect 1 "Tesla T4 has 7.5: choose amp" yolov5n --gpu "Tesla T4" --precision bf16
expect 2 "high-performance|balanced|conservative" yolov5n --profile fast
expect 2 "no option --gup; --gpu is meant" yolov5n --gup x
expect 2 "a batch of 0" yolov5n "${laptop[@]}" --batch-size 0
expect 1 "--gpu NAME plans for a card" yolov5n --device 0
expect 3 "a batch of 1, needs" yolov5n "${laptop[@]}" --memory 50M
expect 3 "--batch-size 16 fits" yolov5m "${laptop[@]}" --batch-size 32 --memory 1200M

"$brim" plan yolov5n "${laptop[@]}" --map "$folder/map.svg" >"$folder/words" || complain "no map was drawn"
"$brim" plan yolov5n "${laptop[@]}" --map "$folder/no/where.svg" >"$folder/words" 2>&1 && complain "a map in no folder"
[ "$(tail -c 7 "$folder/map.svg")" = "</svg>" ] || complain "the map is not whole"
"$brim" plan --all "${laptop[@]}" >"$folder/one"
"$brim" plan --all "${laptop[@]}" >"$folder/two"
cmp -s "$folder/one" "$folder/two" || complain "one question, two answers"
sed 1d "$folder/one" | grep -E '.{81}' && complain "the table of --all is wider than a terminal"
grep -qE '^yolov5x +8 x 8 amp .* [0-9]+n [0-9]+a [0-9]+l$' "$folder/one" || complain "no mixed scheme in letters: $(cat "$folder/one")"
"$brim" plan --gpu list | grep -E '.{101}' && complain "the list of cards is wider than 100 columns"

"$brim" plan yolov5n "${laptop[@]}" --json >"$folder/n.json" || complain "no JSON"
"$brim" plan --all "${laptop[@]}" --memory 400M --json >"$folder/all.json" || complain "no JSON of the family"
if command -v python3 >/dev/null; then
    python3 - "$folder" <<'END' || bad=1
import json, sys, xml.dom.minidom
folder = sys.argv[1]
schema = json.load(open("docs/plan.schema.json"))
answers = [json.load(open(f"{folder}/{name}.json")) for name in ("n", "all")]
for answer in answers:
    for choice in answer["choices"]:
        missing = set(schema["$defs"]["choice"]["required"]) - set(choice)
        assert not missing, f"fields are missing: {missing}"
        assert sum(row["bytes"] for row in choice["purposes"]) == choice["peak_bytes"] <= answer["budget_bytes"]
        assert choice["effective_batch"] == choice["micro_batch"] * choice["accumulate"]
assert answers[0]["choices"][0]["chosen"] and len(answers[0]["choices"]) > 1
assert answers[1]["choices"] and answers[1]["unfit"], "400 MiB hold some of the family, not all"
xml.dom.minidom.parse(f"{folder}/map.svg")
try:
    import jsonschema
except ImportError:
    print("jsonschema is not there: fields were looked at, the schema was not applied")
else:
    for answer in answers:
        jsonschema.validate(answer, schema)
END
else
    echo "python3 is not there: the JSON was not read"
fi

[ "$bad" = 0 ] || exit 1
echo "$checks command lines end as they should"
