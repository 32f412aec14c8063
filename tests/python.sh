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

# A card by its number, where the tests have false ones: the one that is named, and the one that auto takes.
false_card=$(dirname "$library")/tests/fake_cuda
[ -e "$false_card/libcudnn.so.9" ] || exit 0
LD_LIBRARY_PATH=$false_card BRIM_FAKE_CARD=cards=3,old=0 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=python BRIM_LIBRARY=$library python3 - <<'END'
from batch_size_optimizer import get_training_config
for device, number in ((None, 1), ('auto', 1), ('cuda:2', 2), ('2', 2)):
    found = get_training_config('yolov5n', 64, device=device)['device']
    assert found == f'cuda:{number}', (device, found)
END
