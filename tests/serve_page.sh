#!/usr/bin/env bash
# The live page stands alone: nothing in it points elsewhere, and its script and style are those that its policy allows.
set -euo pipefail

page=src/watch/page.html
embedded=$(dirname "$BRIM_BINARY")/src/page.c
[ -f "$embedded" ] || { echo "skipped: built without libmicrohttpd"; exit 77; }
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }

if grep -nE '(src|href|url|import|@import|action)[[:space:]]*[=(][[:space:]]*["'"'"']?(https?:)?//' "$page" ||
    grep -nE '[[:space:]](on[a-z]+|style)=|javascript:|eval\(|innerHTML|document\.write' "$page"; then
    echo "$page points elsewhere, or does what its policy forbids"
    exit 1
fi

python3 - "$page" "$embedded" <<'PYTHON'
import base64, hashlib, re, sys

page, embedded = open(sys.argv[1], "rb").read(), open(sys.argv[2]).read()
inside = bytes(int(byte, 16) for byte in re.findall(r"0x[0-9a-f]{2}", embedded))
assert inside == page, "the page in the program is not page.html"
for tag in ("script", "style"):
    texts = re.findall(rf"<{tag}>(.*?)</{tag}>".encode(), page, re.S)
    assert len(texts) == 1, f"one <{tag}> without attributes, not {len(texts)}"
    name = "sha256-" + base64.b64encode(hashlib.sha256(texts[0]).digest()).decode()
    assert f'brim_serve_page_{tag}[] = "{name}"' in embedded, f"the policy does not know the {tag} {name}"
print(f"the page is {len(page)} bytes, and its policy knows its script and style")
PYTHON
