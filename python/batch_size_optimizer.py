"""The batch size, and what goes with it, for training a YOLOv5 model on a card: planned by libbrim, not guessed.

    from batch_size_optimizer import get_training_config
    config = get_training_config('yolov5s', 640)
    config = get_training_config('yolov5s', 640, gpu='RTX 3050 Laptop', profile='conservative')

Needs nothing but Python's standard library and libbrim.so. The library is the one that the environment variable
BRIM_LIBRARY names; else that of the source tree or prefix in which this file lies; else the one that the loader finds.
"""
import ctypes
import glob
import operator
import os
import re
from fractions import Fraction

__all__ = ['BrimError', 'BrimFitError', 'get_training_config', 'library_version']

# The interface that the structures below describe: libraries of other major.minor versions are refused.
VERSION = '0.1.0'

# Of BrimStatus in brim.h.
OK, ERROR_FIT = 0, 5


class BrimError(Exception):
    """What libbrim said: what failed, where, and what to try."""


class BrimFitError(BrimError, MemoryError):
    """Nothing fits in the memory given; the sentence says what would."""


class _Query(ctypes.Structure):
    """BrimTrainingQuery of brim.h; tests/test_batch_size_optimizer.py holds both side by side."""

    _fields_ = [
        ('model', ctypes.c_char_p),
        ('imgsz', ctypes.c_int),
        ('class_count', ctypes.c_int),
        ('device', ctypes.c_char_p),
        ('gpu', ctypes.c_char_p),
        ('memory_bytes', ctypes.c_uint64),
        ('fraction', ctypes.c_double),
        ('precision', ctypes.c_char_p),
        ('batch_size', ctypes.c_int),
        ('profile', ctypes.c_char_p),
        ('tune', ctypes.c_bool),
        ('listener', ctypes.c_void_p),
        ('listener_self', ctypes.c_void_p),
    ]


class _Config(ctypes.Structure):
    """BrimTrainingConfig of brim.h."""

    _fields_ = [
        ('batch_size', ctypes.c_int),
        ('workers', ctypes.c_int),
        ('img_size', ctypes.c_int),
        ('accumulate', ctypes.c_int),
        ('amp', ctypes.c_bool),
        ('precision', ctypes.c_char * 16),
        ('device', ctypes.c_char * 96),
        ('card', ctypes.c_int),
        ('recompute', ctypes.c_char * 64),
        ('predicted_bytes', ctypes.c_uint64),
        ('capacity_bytes', ctypes.c_uint64),
        ('pictures_per_s', ctypes.c_double),
        ('measured', ctypes.c_bool),
    ]


def get_training_config(model_name, img_size=640, *, gpu=None, memory=None, profile=None, fraction=None,
                        precision=None, batch_size=None, device=None, class_count=None, tune=None):
    """The configuration that trains fastest inside the memory, as a dict. None leaves a choice to libbrim.

    model_name   yolov5n, yolov5s, yolov5m, yolov5l, yolov5x, or a model's yaml file
    img_size     side of the network's input in pixels, a multiple of 32
    gpu          a card by name, 'RTX 3050 Laptop'; it need not be in this machine
    memory       capacity, in bytes or as text: 4 * 2**30, '4G', '3800M'
    profile      'high-performance', 'balanced' or 'conservative'
    fraction     share of the capacity that may be used, over 0 and at most 1
    precision    'auto', 'fp32', 'amp' or 'bf16'
    batch_size   pictures of a step; -1 chooses
    device       'auto', 'cpu', or a GPU's number: '0', 'cuda:0'
    class_count  classes of the data set
    tune         True times the best steps where the device is in this machine, some seconds for each

    Keys: batch_size, workers, img_size, device ('cpu' or 'cuda:0'), amp, accumulate, precision, recompute, gpu (the
    card's name, None on the CPU), predicted_bytes, capacity_bytes, pictures_per_s, measured (pictures_per_s was, else it
    is estimated). Raises BrimFitError when nothing fits, BrimError with libbrim's sentence for everything else.
    """
    library = _library()
    query = library.brim_training_query_defaults()
    given = {
        'model': _text(model_name),
        'imgsz': _whole('img_size', img_size),
        'class_count': _whole('class_count', class_count),
        'device': _text(device and device.removeprefix('cuda:')),
        'gpu': _text(gpu),
        'memory_bytes': _memory(memory),
        'fraction': fraction,
        'precision': _text(precision),
        'batch_size': _whole('batch_size', batch_size),
        'profile': _text(profile),
        'tune': tune,
    }
    for field, value in given.items():
        if value is not None:
            setattr(query, field, value)
    config = _Config()
    status = library.brim_get_training_config(ctypes.byref(query), ctypes.byref(config))
    if status != OK:
        sentence = library.brim_last_error().decode(errors='replace')
        raise (BrimFitError if status == ERROR_FIT else BrimError)(sentence)
    return _as_dict(config)


def library_version():
    """The version of the libbrim that answers, '0.1.0'."""
    return _library().brim_version().decode()


# ---- arguments ----

def _text(value):
    return None if value is None else os.fsencode(value)


def _whole(name, value, bits=31):
    """The value as it is: ctypes would cut it to the field's width without a word."""
    if value is None:
        return None
    value = operator.index(value)
    if not -(2**bits) <= value < 2**bits:
        raise BrimError(f'{name} is {value}, which is no such number of anything')
    return value


def _memory(value):
    """Bytes: '4G', '4GB' and '4GiB' are the same 4 * 2**30, as on brim's command line."""
    if isinstance(value, str):
        match = re.fullmatch(r'([0-9]+(?:\.[0-9]+)?)(?:([KMGT])(?:i?B)?)?', value, re.ASCII | re.IGNORECASE)
        if not match:
            raise BrimError(f"memory must be an amount such as '512M' or '8G', not {value!r}")
        number, unit = match.groups()
        value = int(Fraction(number) * 1024**('KMGT'.index(unit.upper()) + 1 if unit else 0))
    value = _whole('memory', value, 63)
    if value is not None and value <= 0:
        raise BrimError(f'memory is {value} bytes; it must be more than none')
    return value


# ---- the answer ----

def _as_dict(config):
    """The first report's keys first. libbrim names the card where the report had a device of PyTorch's."""
    device = config.device.decode(errors='replace')
    on_cpu = device == 'cpu'
    return {
        'batch_size': config.batch_size,
        'workers': config.workers,
        'img_size': config.img_size,
        'device': 'cpu' if on_cpu else f'cuda:{config.card}',
        'amp': config.amp,
        'accumulate': config.accumulate,
        'precision': config.precision.decode(),
        'recompute': config.recompute.decode(),
        'gpu': None if on_cpu else device,
        'predicted_bytes': config.predicted_bytes,
        'capacity_bytes': config.capacity_bytes,
        'pictures_per_s': config.pictures_per_s,
        'measured': config.measured,
    }


# ---- the library ----

_loaded = None


def _library():
    """libbrim, loaded at the first call, so that importing this module never fails."""
    global _loaded
    if _loaded is None:
        _loaded = _prepare(_load())
    return _loaded


def _places():
    """Where libbrim may be, the likeliest first."""
    named = os.environ.get('BRIM_LIBRARY')
    if named:
        return [named]
    here = os.path.dirname(os.path.realpath(__file__))
    source = os.path.join(os.path.dirname(here), 'build', 'release', 'libbrim.so.0')
    prefix = os.path.normpath(os.path.join(here, '..', '..', '..'))
    installed = [place for folder in ('lib', 'lib64', os.path.join('lib', '*'))
                 for place in sorted(glob.glob(os.path.join(glob.escape(prefix), folder, 'libbrim.so.0')))]
    return ([source] if os.path.exists(source) else []) + installed + ['libbrim.so.0']


def _load():
    refusals = []
    for place in _places():
        try:
            return ctypes.CDLL(place)
        except OSError as error:
            refusals.append(str(error))
    raise BrimError(f"libbrim could not be loaded ({'; '.join(refusals)}): install brim, or let BRIM_LIBRARY name "
                    'libbrim.so')


def _prepare(library):
    """Says what the functions take and return, once the library is known to be of this module's version."""
    try:
        library.brim_version.restype = ctypes.c_char_p
        found = library.brim_version().decode()
        if found.split('.')[:2] != VERSION.split('.')[:2]:
            raise BrimError(f'{library._name} is brim {found}, and this module is for {VERSION}: install both from one '
                            'release')
        library.brim_last_error.restype = ctypes.c_char_p
        library.brim_training_query_defaults.restype = _Query
        library.brim_get_training_config.argtypes = [ctypes.POINTER(_Query), ctypes.POINTER(_Config)]
        library.brim_get_training_config.restype = ctypes.c_int
    except AttributeError as error:
        raise BrimError(f'{library._name} is not the libbrim that this module is for: {error}') from None
    return library
