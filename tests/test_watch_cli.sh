#!/usr/bin/env bash
# brim watch: tables, JSON by its schema, CSV, traces, ends that are clean, and a command's exit code.
set -uo pipefail

brim=${BRIM_BINARY:-build/dev/brim}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bad=0 checks=0

complain() {
    echo "$*"
    bad=1
}

# expect CODE WORDS ARGUMENTS...: the exit code, and words that stdout or stderr must hold.
expect() {
    local code=$1 words=$2 got output
    shift 2
    output=$("$brim" watch "$@" 2>&1)
    got=$?
    checks=$((checks + 1))
    [ "$got" = "$code" ] && [[ $output = *"$words"* ]] ||
        complain "brim watch $*: ended with $got, expected $code and the words: $words; said: $output"
}

[ -x "$brim" ] || { echo "no $brim: build first"; exit 1; }

expect 0 "usage: brim watch [options] [-- COMMAND ...]" --help
expect 0 "temp.  power" --once
"$brim" watch --once | grep -E '.{101}' && complain "tables are wider than 100 columns"
expect 2 "--json or --csv" --json --csv
expect 2 "leave --count out" --once --count 3
expect 2 "--interval must be a number from 0.01" --interval 0.001
expect 2 "--interval must be a number from 0.01" --interval x
expect 2 "there is no option --jsn" --jsn
expect 2 "say with --out FILE" --json -- true
expect 2 "do not go with it" --once -- true
expect 2 "there is no command" --
expect 1 "cannot open $folder/none" --trace "$folder/none"
expect 1 "cannot write $folder/no/where" --once --out "$folder/no/where"
echo '{' >"$folder/broken"
expect 1 "$folder/broken, line 1: no JSON" --trace "$folder/broken" --json

# ---- a command ----
expect 0 "ended with 0" -- true
expect 3 "ended with 3" -- sh -c 'exit 3'
expect 137 "killed by signal 9" -- sh -c 'kill -9 $$'
expect 127 "cannot run no-such-command" -- no-such-command
expect 126 "cannot run /etc" -- /etc
expect 5 "command's memory: peak" --interval 0.05 -- sh -c 'sleep 0.2; exit 5'
[ "$(echo in | "$brim" watch -- sh -c 'cat; echo error >&2' 2>"$folder/words")" = in ] || complain "the command's streams are not its own"
grep -q '^error$' "$folder/words" || complain "the command's stderr is not its own"
# SIGPIPE ends a command as it would without us, who ignore it.
"$brim" watch -- bash -c 'yes | head -n 1; echo "${PIPESTATUS[0]}"' >"$folder/said" 2>"$folder/words"
[ "$(tr '\n' ' ' <"$folder/said")" = "y 141 " ] || complain "a command's SIGPIPE: $(cat "$folder/said")"
"$brim" watch --out "$folder/command.csv" --interval 0.05 -- sleep 0.3 2>"$folder/words" || complain "sleep failed"
[ "$(head -c 17 "$folder/command.csv")" = "time,vendor,index" ] || complain "no CSV beside a command"

# ---- recordings ----
"$brim" watch --out "$folder/trace.jsonl" --interval 0.05 --count 5 || complain "no recording"
[ "$(wc -l <"$folder/trace.jsonl")" = 5 ] || complain "not five lines"
"$brim" watch --trace "$folder/trace.jsonl" --json >"$folder/again.jsonl" || complain "no replay"
cmp "$folder/trace.jsonl" "$folder/again.jsonl" || complain "the replay differs from the recording"
"$brim" watch --trace "$folder/trace.jsonl" --csv >"$folder/trace.csv" || complain "no CSV of a trace"
[ "$("$brim" watch --trace "$folder/trace.jsonl" --json --count 2 | wc -l)" = 2 ] || complain "--count counts a trace"
[ "$("$brim" watch --trace "$folder/trace.jsonl" --once | grep -c '^device')" = 1 ] || complain "--once of a trace"

# ---- ends ----
"$brim" watch --json --interval 0.01 | head -n 2 >"$folder/two"
[ "${PIPESTATUS[*]}" = "0 0" ] || complain "a closed pipe is no quiet end"
[ "$(wc -l <"$folder/two")" = 2 ] || complain "two lines were asked for"
for signal in INT TERM; do
    timeout -s "$signal" 0.5 "$brim" watch --json --interval 0.1 >"$folder/ended" 2>"$folder/words"
    [ "$?" = 124 ] || complain "SIG$signal is not obeyed"
    [ -s "$folder/words" ] && complain "SIG$signal: $(cat "$folder/words")"
    [ -z "$(tail -c 1 "$folder/ended")" ] && [ -s "$folder/ended" ] || complain "SIG$signal cuts a line"
done
timeout --preserve-status -s TERM 0.3 "$brim" watch --json --interval 60 >"$folder/ended" || complain "SIGTERM is no clean end"
"$brim" watch --once >/dev/full 2>"$folder/words" && complain "a full disk is no error"
grep -q "cannot write the output" "$folder/words" || complain "a full disk: $(cat "$folder/words")"

# ---- what is written ----
if command -v python3 >/dev/null; then
    python3 - "$folder" <<'END' || bad=1
import csv, json, sys
folder = sys.argv[1]
samples = [json.loads(line) for line in open(f"{folder}/trace.jsonl")]
schema = json.load(open("docs/watch.schema.json"))
try:
    import jsonschema
    for sample in samples:
        jsonschema.validate(sample, schema, cls=jsonschema.Draft202012Validator)
except ImportError:
    print("jsonschema is not there: keys alone were checked")
    for sample in samples:
        assert set(sample) == set(schema["required"]), sample
hosts = [sample["devices"][-1] for sample in samples]
assert all(host["vendor"] == "host" and host["memory_total_bytes"] > 0 for host in hosts)
assert hosts[0]["utilization_percent"] is None, "a rate in the first sample"
assert all(host["fan_percent"] is None for host in hosts), "unknown is null"
times = [sample["time_ns"] for sample in samples]
assert times == sorted(times) and times[-1] - times[0] >= 0.19e9, times
rows = list(csv.DictReader(open(f"{folder}/trace.csv")))
assert len(rows) == sum(len(sample["devices"]) for sample in samples)
assert all(None not in row and None not in row.values() for row in rows), "ragged rows"
last = [row for row in rows if row["vendor"] == "host"][-1]
assert float(last["memory_used_bytes"]) == hosts[-1]["memory_used_bytes"] and last["fan_percent"] == ""
END
    checks=$((checks + 1))
else
    echo "no python3: what was written is not looked into"
fi

[ "$bad" = 0 ] || exit 1
echo "brim watch: $checks checks"
