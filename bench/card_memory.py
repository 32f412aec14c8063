"""How much of a card's memory is taken while a program runs, as NVML sees it: context, libraries and all.

What was taken before is taken off, so nothing else may start or stop on the card meanwhile. Not by process: in a container
NVML does not know the processes' numbers.
"""
import ctypes
import threading

PERIOD_S = 0.02


class _Memory(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in ("total", "free", "used")]


class Card:
    """A card of NVML's; used_bytes is None where there is no NVML."""

    def __init__(self, index):
        self.library = self.handle = None
        try:
            library = ctypes.CDLL("libnvidia-ml.so.1")
        except OSError:
            return
        handle = ctypes.c_void_p()
        if library.nvmlInit_v2() == 0 and library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) == 0:
            self.library, self.handle = library, handle

    def used_bytes(self):
        memory = _Memory()
        if not self.library or self.library.nvmlDeviceGetMemoryInfo(self.handle, ctypes.byref(memory)):
            return None
        return memory.used


class Watch:
    """with Watch(card) as watch: ...; then watch.taken_bytes is the most that was taken beyond what was before."""

    def __init__(self, card):
        self.card = card
        self.first = card.used_bytes()
        self.most = self.first
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self.ended.wait(PERIOD_S):
            used = self.card.used_bytes()
            if used is not None and self.most is not None:
                self.most = max(self.most, used)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    @property
    def taken_bytes(self):
        return None if self.first is None else self.most - self.first
