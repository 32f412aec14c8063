#!/usr/bin/env bash
# The Python module: its structures beside those of brim.h, and its answers through libbrim.so.
set -euo pipefail

library=$(dirname "${BRIM_BINARY:-build/dev/brim}")/libbrim.so
if ! command -v python3 >/dev/null 2>&1; then
    echo "skipped: no python3, so its module was not tried"
    exit 77
fi
if nm -D "$library" | grep -E '__(asan|tsan)_init' >/dev/null; then
    echo "skipped: python3 does not load a library with a sanitizer in it"
    exit 77
fi
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=python BRIM_LIBRARY=$library python3 tests/test_batch_size_optimizer.py
