#!/usr/bin/env python3
"""Times a YOLOv5 training step in PyTorch, as the peer of bench_step.

One step is what a training loop does with a batch that is in memory: pictures to floats, forward, loss, backward,
clipping, SGD with Nesterov momentum, EMA. With --device cuda the batch lies in pinned host memory and crosses in each step,
--amp computes as v7.0's train.py does (autocast in fp16, a gradient scaler), cuDNN chooses its algorithms by timing, and
the loss comes back to the host each step. Prints one line of JSON. Needs a Python with torch and nothing else; with
YOLOV5_DIR set to a checkout of ultralytics/yolov5 v7.0, its model, loss, optimizer and EMA run instead of those below.
"""
import argparse
import copy
import importlib
import json
import math
import os
import statistics
import sys
import time

import torch
from torch import nn
from torch.nn import functional

SIZES = {"n": (0.33, 0.25), "s": (0.33, 0.50), "m": (0.67, 0.75), "l": (1.0, 1.0), "x": (1.33, 1.25)}  # depth, width: v6/v7
PARAMETERS = {"n": 1767976, "s": 7027720, "m": 20879400, "l": 46149064, "x": 86231272}  # with 3 classes
STRIDES_PX = (8, 16, 32)
ANCHORS_PX = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)
CLASSES = 3


class Block(nn.Sequential):
    """Convolution, BatchNorm, SiLU."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, padding=None):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03),
            nn.SiLU(inplace=True),
        )


class Residual(nn.Module):
    def __init__(self, channels, shortcut):
        super().__init__()
        self.body = nn.Sequential(Block(channels, channels), Block(channels, channels, 3))
        self.shortcut = shortcut

    def forward(self, x):
        return x + self.body(x) if self.shortcut else self.body(x)


class Stage(nn.Module):
    """A cross-stage-partial block (C3): half the channels pass through the residuals."""

    def __init__(self, inputs, outputs, repeats, shortcut=True):
        super().__init__()
        half = outputs // 2
        self.through = nn.Sequential(Block(inputs, half), *(Residual(half, shortcut) for _ in range(repeats)))
        self.around = Block(inputs, half)
        self.join = Block(outputs, outputs)

    def forward(self, x):
        return self.join(torch.cat((self.through(x), self.around(x)), 1))


class Pyramid(nn.Module):
    """Pooling at three scales (SPPF)."""

    def __init__(self, channels):
        super().__init__()
        self.narrow = Block(channels, channels // 2)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.join = Block(2 * channels, channels)

    def forward(self, x):
        scales = [self.narrow(x)]
        for _ in range(3):
            scales.append(self.pool(scales[-1]))
        return self.join(torch.cat(scales, 1))


class Detector(nn.Module):
    """The v6/v7 architecture: backbone, top-down and bottom-up paths, three heads."""

    def __init__(self, size, classes):
        super().__init__()
        depth, width = SIZES[size]
        c = [math.ceil(channels * width / 8) * 8 for channels in (64, 128, 256, 512, 1024)]
        r = [max(round(repeats * depth), 1) for repeats in (3, 6, 9, 3)]
        self.outputs = 5 + classes
        self.to_p3 = nn.Sequential(Block(3, c[0], 6, 2, 2), Block(c[0], c[1], 3, 2), Stage(c[1], c[1], r[0]),
                                   Block(c[1], c[2], 3, 2), Stage(c[2], c[2], r[1]))
        self.to_p4 = nn.Sequential(Block(c[2], c[3], 3, 2), Stage(c[3], c[3], r[2]))
        self.to_p5 = nn.Sequential(Block(c[3], c[4], 3, 2), Stage(c[4], c[4], r[3]), Pyramid(c[4]))
        self.lateral5, self.down4 = Block(c[4], c[3]), Stage(2 * c[3], c[3], r[0], shortcut=False)
        self.lateral4, self.down3 = Block(c[3], c[2]), Stage(2 * c[2], c[2], r[0], shortcut=False)
        self.stride3, self.up4 = Block(c[2], c[2], 3, 2), Stage(c[3], c[3], r[0], shortcut=False)
        self.stride4, self.up5 = Block(c[3], c[3], 3, 2), Stage(c[4], c[4], r[0], shortcut=False)
        self.heads = nn.ModuleList(nn.Conv2d(channels, 3 * self.outputs, 1) for channels in c[2:])

    def forward(self, x):
        p3 = self.to_p3(x)
        p4 = self.to_p4(p3)
        lateral5 = self.lateral5(self.to_p5(p4))
        p4 = self.down4(torch.cat((functional.interpolate(lateral5, scale_factor=2), p4), 1))
        lateral4 = self.lateral4(p4)
        p3 = self.down3(torch.cat((functional.interpolate(lateral4, scale_factor=2), p3), 1))
        p4 = self.up4(torch.cat((self.stride3(p3), lateral4), 1))
        p5 = self.up5(torch.cat((self.stride4(p4), lateral5), 1))
        return [self.rows(head(p)) for head, p in zip(self.heads, (p3, p4, p5))]

    def rows(self, y):
        n, _, height, width = y.shape
        return y.view(n, 3, self.outputs, height, width).permute(0, 1, 3, 4, 2).contiguous()


def complete_iou(centre, size, other):
    """CIoU of boxes given by centre and size with boxes [k, 4] of the same kind."""
    low = torch.maximum(centre - size / 2, other[:, :2] - other[:, 2:] / 2)
    high = torch.minimum(centre + size / 2, other[:, :2] + other[:, 2:] / 2)
    outer_low = torch.minimum(centre - size / 2, other[:, :2] - other[:, 2:] / 2)
    outer_high = torch.maximum(centre + size / 2, other[:, :2] + other[:, 2:] / 2)
    shared = (high - low).clamp(min=0).prod(1)
    iou = shared / (size.prod(1) + other[:, 2:].prod(1) - shared + 1e-7)
    diagonal = (outer_high - outer_low).pow(2).sum(1) + 1e-7
    distance = (centre - other[:, :2]).pow(2).sum(1)
    shape = (4 / math.pi ** 2) * (torch.atan(other[:, 2] / other[:, 3]) - torch.atan(size[:, 0] / size[:, 1])) ** 2
    with torch.no_grad():
        weight = shape / (shape - iou + 1 + 1e-7)
    return iou - distance / diagonal - weight * shape


class Loss:
    """Box, objectness and class loss with YOLOv5's target assignment: a label goes to each anchor of similar size, in
    its own cell and the two nearest ones."""

    def __init__(self, gains, classes):
        self.gains = gains
        self.classes = classes
        self.shifts = torch.tensor([[0.0, 0.0], [0.5, 0.0], [0.0, 0.5], [-0.5, 0.0], [0.0, -0.5]])

    def match(self, level, height, width, targets):
        device = targets.device
        scale = torch.tensor([width, height], dtype=torch.float32, device=device)
        anchors = torch.tensor(ANCHORS_PX[level], dtype=torch.float32, device=device) / STRIDES_PX[level]
        centre, size = targets[:, 2:4] * scale, targets[:, 4:6] * scale
        ratio = size[None] / anchors[:, None]
        anchor, label = (torch.maximum(ratio, 1 / ratio).amax(2) < 4).nonzero(as_tuple=True)
        centre, size = centre[label], size[label]
        near_low = (centre % 1 < 0.5) & (centre > 1)
        near_high = ((scale - centre) % 1 < 0.5) & (scale - centre > 1)
        taken = torch.cat((torch.ones(1, len(label), dtype=torch.bool, device=device), near_low.T, near_high.T))
        shift, match = taken.nonzero(as_tuple=True)
        cell = (centre[match] - self.shifts.to(device)[shift]).long()
        x, y = cell[:, 0].clamp(0, width - 1), cell[:, 1].clamp(0, height - 1)
        image, kind = targets[label[match], 0].long(), targets[label[match], 1].long()
        box = torch.cat((centre[match] - torch.stack((x, y), 1), size[match]), 1)
        return (image, anchor[match], y, x), box, anchors[anchor[match]], kind

    def __call__(self, heads, targets):
        total_box = total_objectness = total_class = 0
        for level, (head, balance) in enumerate(zip(heads, (4.0, 1.0, 0.4))):
            cells, boxes, anchors, kinds = self.match(level, head.shape[2], head.shape[3], targets)
            wanted = torch.zeros(head.shape[:4], device=head.device)
            if len(boxes):
                rows = head[cells]
                centre, size = rows[:, :2].sigmoid() * 2 - 0.5, (rows[:, 2:4].sigmoid() * 2) ** 2 * anchors
                overlap = complete_iou(centre, size, boxes)
                wanted[cells] = overlap.detach().clamp(min=0).to(wanted.dtype)
                total_box = total_box + (1 - overlap).mean()
                classes = functional.one_hot(kinds, self.classes).float()
                total_class = total_class + functional.binary_cross_entropy_with_logits(rows[:, 5:], classes)
            objectness = functional.binary_cross_entropy_with_logits(head[..., 4], wanted)
            total_objectness = total_objectness + balance * objectness
        parts = (total_box * self.gains["box"], total_objectness * self.gains["obj"], total_class * self.gains["cls"])
        return sum(parts) * len(heads[0]), parts


class Average:
    """An exponential moving average of all that a model holds."""

    def __init__(self, model):
        self.ema = copy.deepcopy(model).eval().requires_grad_(False)
        self.updates = 0

    @torch.no_grad()
    def update(self, model):
        self.updates += 1
        decay = 0.9999 * (1 - math.exp(-self.updates / 2000))
        now = model.state_dict()
        for name, value in self.ema.state_dict().items():
            if value.dtype.is_floating_point:
                value.mul_(decay).add_(now[name], alpha=1 - decay)


def make_optimizer(model):
    biases, scales, weights = [], [], []
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            normal = isinstance(module, nn.BatchNorm2d)
            (biases if name == "bias" else scales if normal else weights).append(parameter)
    optimizer = torch.optim.SGD(biases, lr=0.01, momentum=0.937, nesterov=True)
    optimizer.add_param_group({"params": weights, "weight_decay": 0.0005})
    optimizer.add_param_group({"params": scales})
    return optimizer


def gains(imgsz):
    return {"box": 0.05, "obj": (imgsz / 640) ** 2, "cls": 0.5 * CLASSES / 80}


def placed(model, options):
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    return model.train().to(device=options.device, memory_format=layout)


def own(options):
    model = placed(Detector(options.model, CLASSES), options)
    return model, Loss(gains(options.imgsz), CLASSES), make_optimizer(model), Average(model)


def original(folder, options):
    """The same four from a checkout of YOLOv5 v7.0."""
    from models.yolo import DetectionModel
    from utils.loss import ComputeLoss
    from utils.torch_utils import ModelEMA, smart_optimizer
    model = placed(DetectionModel(os.path.join(folder, f"models/yolov5{options.model}.yaml"), nc=CLASSES), options)
    model.hyp = {"cls_pw": 1.0, "obj_pw": 1.0, "fl_gamma": 0.0, "anchor_t": 4.0, **gains(options.imgsz)}
    return model, ComputeLoss(model), smart_optimizer(model, "SGD", 0.01, 0.937, 0.0005), ModelEMA(model)


def memory_bytes(key):
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    return 0


def make_batch(imgsz, batch, labels_each):
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (batch, 3, imgsz, imgsz), dtype=torch.uint8, generator=generator)
    count = batch * labels_each
    targets = torch.rand(count, 6, generator=generator)
    targets[:, 0] = torch.arange(count) // labels_each
    targets[:, 1] = (targets[:, 1] * CLASSES).floor()
    targets[:, 2:4] = targets[:, 2:4] * 0.8 + 0.1
    targets[:, 4:6] = targets[:, 4:6] * 0.25 + 0.03
    return pictures, targets


def make_scaler(enabled):
    """torch.cuda.amp's is the same where torch.amp has none yet."""
    maker = getattr(torch.amp, "GradScaler", None)
    return maker("cuda", enabled=enabled) if maker else torch.cuda.amp.GradScaler(enabled=enabled)


class Step:
    """A model with all that trains it, on a device."""

    def __init__(self, options, parts):
        self.device = torch.device(options.device)
        self.cuda = self.device.type == "cuda"
        self.amp = options.amp
        self.layout = torch.channels_last if options.channels_last else torch.contiguous_format
        self.model, self.loss_of, self.optimizer, self.average = parts
        self.scaler = make_scaler(self.amp and self.cuda)

    def __call__(self, pictures, targets):
        x = pictures.to(self.device, non_blocking=True)
        x = (x.float() / 255).contiguous(memory_format=self.layout)
        half = torch.float16 if self.cuda else torch.bfloat16
        with torch.autocast(self.device.type, dtype=half, enabled=self.amp):
            loss, _ = self.loss_of(self.model(x), targets.to(self.device, non_blocking=True))
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        nn.utils.clip_grad_norm_(self.model.parameters(), max_norm=10.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        self.average.update(self.model)
        if self.cuda:
            torch.cuda.synchronize()
        return loss


def make_parts(options):
    """The four parts of a step, moved to where they run before the optimizer and the EMA take hold of them."""
    folder = os.environ.get("YOLOV5_DIR")
    parts = original(folder, options) if folder else own(options)
    parameters = sum(p.numel() for p in parts[0].parameters())
    if parameters != PARAMETERS[options.model]:
        sys.exit(f"the model has {parameters} parameters, YOLOv5{options.model} has {PARAMETERS[options.model]}")
    return parts


def card_memory():
    return {"allocated_bytes": torch.cuda.max_memory_allocated(), "reserved_bytes": torch.cuda.max_memory_reserved()}


def measure(options):
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    cuda = options.device.startswith("cuda")
    if cuda and not torch.cuda.is_available():
        sys.exit(f"PyTorch {torch.__version__} finds no card that it can use")
    torch.backends.cudnn.benchmark = cuda
    torch.backends.cudnn.allow_tf32 = options.amp  # brim's fp32 is fp32
    folder = os.environ.get("YOLOV5_DIR")
    if folder:  # what its imports take is not the training's
        sys.path.insert(0, folder)
        importlib.import_module("models.yolo")
    start_bytes = memory_bytes("VmRSS")
    step = Step(options, make_parts(options))
    pictures, targets = make_batch(options.imgsz, options.batch, options.labels)
    if cuda:
        pictures, targets = pictures.pin_memory(), targets.pin_memory()
    times_ms, losses = [], []
    for _ in range(options.warmup + options.steps):
        begin = time.perf_counter()
        loss = step(pictures, targets)
        times_ms.append((time.perf_counter() - begin) * 1e3)
        losses.append(float(loss))
    times_ms = times_ms[options.warmup:]
    return {
        "program": "yolov5 v7.0" if folder else "torch",
        "version": torch.__version__,
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "model": options.model, "imgsz": options.imgsz, "batch": options.batch, "threads": options.threads,
        "channels_last": options.channels_last, "amp": options.amp,
        "median_ms": round(statistics.median(times_ms), 2), "best_ms": round(min(times_ms), 2),
        "step_ms": [round(t, 2) for t in times_ms],
        "peak_bytes": memory_bytes("VmHWM"), "growth_bytes": memory_bytes("VmHWM") - start_bytes,
        "first_loss": losses[0], "last_loss": losses[-1],
        **(card_memory() if cuda else {}),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=sorted(SIZES), default="n")
    parser.add_argument("--imgsz", type=int, default=320)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2, help="steps before those that are timed")
    parser.add_argument("--labels", type=int, default=8, help="labels in each picture")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--amp", action="store_true", help="fp16 where that pays, on the CPU bfloat16")
    print(json.dumps(measure(parser.parse_args())), flush=True)


if __name__ == "__main__":
    main()
