/* YOLOv5 `.pt` checkpoints (v6 and later) without Python: a zip with a pickle in it. The pickle is read, never run:
 * tensors come only from a closed list of names, every other global becomes an inert object. Whatever is malformed is
 * ERROR_INPUT, and so is a file that names, anywhere, a function that runs programs (os.system, builtins.eval). */
#ifndef BRIM_EXCHANGE_TORCH_H
#define BRIM_EXCHANGE_TORCH_H

#include "exchange/tensors.h"

/* The checkpoint's model: `ema` where it holds one, else `model`, as YOLOv5's attempt_load; also a bare state_dict or
 * one under "state_dict". Tensors under their state_dict names ("model.0.conv.weight", ...) and in its order; floats of
 * any width become F32, integers stay. Metadata where the file says so: "nc", "names" (a JSON list), "stride" (a JSON
 * list), "yaml" (the model's yaml as JSON), "epoch", "yolov5" (version or date), "dtype" (of the floats as stored:
 * "F16"). ERROR_UNSUPPORTED for what PyTorch writes but brim does not read, such as TorchScript. */
BrimStatus brim_torch_load(BrimTensorFile *file, const char *path);
BrimStatus brim_torch_parse(BrimTensorFile *file, const char *name, const void *data, size_t bytes);

#endif
