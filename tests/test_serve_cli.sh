#!/usr/bin/env bash
# brim watch --serve: says its URL, answers there, and ends cleanly; what cannot be served is one line.
set -uo pipefail

brim=${BRIM_BINARY:-build/dev/brim}
folder=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    rm -rf "$folder"
}
trap end EXIT

fail() {
    echo "$*"
    cat "$folder"/said 2>/dev/null
    exit 1
}

# refused CODE WORDS ARGUMENTS...
refused() {
    local code=$1 words=$2 got output
    shift 2
    output=$(timeout 10 "$brim" watch "$@" 2>&1)
    got=$?
    [ "$got" = "$code" ] && [[ $output = *"$words"* ]] && [ "$(wc -l <<<"$output")" = 1 ] ||
        fail "brim watch $*: ended with $got, expected $code and one line with: $words; said: $output"
}

# ask PATH: the whole answer.
ask() {
    exec 3<>"/dev/tcp/127.0.0.1/$port" || fail "nobody listens at port $port"
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3
    timeout 10 cat <&3
    exec 3>&-
}

"$brim" watch --serve 0 --interval 0.05 >"$folder/said" 2>&1 &
server=$!
for _ in $(seq 200); do
    grep -q '^http://' "$folder/said" && break
    if grep -q "without libmicrohttpd" "$folder/said"; then
        echo "skipped: built without libmicrohttpd"
        exit 77
    fi
    sleep 0.05
done
port=$(sed -nE 's|^http://127\.0\.0\.1:([0-9]+)/$|\1|p' "$folder/said")
[ -n "$port" ] || fail "it says no URL"

[[ $(ask /healthz) = *"200 OK"*ok* ]] || fail "/healthz: $(ask /healthz)"
[[ $(ask /metrics) = *'brim_device_memory_total_bytes{vendor="host"'* ]] || fail "/metrics knows of no host"
[[ $(ask "/api/samples?count=1") = *'"schema":"brim-watch-1"'*'"vendor":"host"'* ]] || fail "/api/samples has no sample"
[[ $(ask /) = *"<title>brim watch</title>"* ]] || fail "/ is no page"
[ "$(wc -l <"$folder/said")" = 1 ] || fail "it says more than its URL"

refused 1 "in use by another program" --serve "$port"
refused 2 "no address to serve at" --serve here
refused 2 "--serve goes with --interval and --trace alone" --serve 0 --json
refused 1 "nothing.jsonl" --serve 0 --trace "$folder/nothing.jsonl"

# Where the library is broken, as where there is none, its package is named; all else goes on without it.
mkdir "$folder/broken" && : >"$folder/broken/libmicrohttpd.so.12"
export LD_LIBRARY_PATH=$folder/broken${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
refused 1 "install libmicrohttpd12" --serve 0
timeout 10 "$brim" watch --once >"$folder/said" 2>&1 || fail "brim watch --once needs libmicrohttpd"

kill "$server"
wait "$server"
code=$?
server=
[ "$code" = 0 ] || fail "SIGTERM is no clean end: $code"
echo "brim watch --serve answers and ends as it should"
