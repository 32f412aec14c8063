"""Lets ultralytics/yolov5 v7.0 run with what Debian packages, and without a network. First on PYTHONPATH when
the peer runs.

Stands in for modules that v7.0 imports but does not need to train (IPython, GitPython, TensorBoard) where they are not
installed, and refuses connections, so that it neither fetches nor installs anything. PEER_THREADS sets PyTorch's threads,
which v7.0 itself sets to cores - 1.
"""
import importlib.util
import os
import socket
import sys
import types


def refuse(*_args, **_kwargs):
    raise OSError("no network in a benchmark")


class Writer:
    """In place of TensorBoard's: takes everything, writes nothing."""

    def __init__(self, *_args, **_kwargs):
        if os.environ.get("PEER_THREADS"):
            import torch
            torch.set_num_threads(int(os.environ["PEER_THREADS"]))

    def __getattr__(self, _name):
        return lambda *args, **kwargs: None


class NoRepository(Exception):
    pass


def no_repository(*_args):
    raise NoRepository()


def stand_in(name, **content):
    module = types.ModuleType(name)
    module.__dict__.update(content)
    sys.modules[name] = module


socket.create_connection = refuse
socket.getaddrinfo = refuse
if importlib.util.find_spec("IPython") is None:
    stand_in("IPython", get_ipython=lambda: None)
    stand_in("IPython.display", display=print)
if importlib.util.find_spec("git") is None:
    stand_in("git", Repo=no_repository, exc=types.SimpleNamespace(InvalidGitRepositoryError=NoRepository))
stand_in("torch.utils.tensorboard", SummaryWriter=Writer)
