/* The table of training options, under YOLOv5's names. */
#include "cli/train_options.h"

#define AT(field) offsetof(BrimTrainOptions, field)

const BrimOption brim_train_options[] = {
    {.names = "data", .kind = BRIM_OPTION_TEXT, .offset = AT(data), .value = "FILE",
     .help = "data.yaml of the pictures: train, val, nc, names"},
    {.names = "weights", .kind = BRIM_OPTION_TEXT, .offset = AT(weights), .value = "FILE",
     .help = "weights to start from, .pt (YOLOv5 v6 and later) or .safetensors; '' starts from nothing, with --cfg"},
    {.names = "cfg", .kind = BRIM_OPTION_TEXT, .offset = AT(cfg), .value = "MODEL",
     .help = "yolov5n, s, m, l, x, or a model file in YOLOv5's yaml form; without it the weights say which model they are"},
    {.names = "hyp", .kind = BRIM_OPTION_TEXT, .offset = AT(hyp), .value = "FILE",
     .help = "hyper-parameters, `name: value` lines that replace those of YOLOv5's scratch-low"},
    {.names = "epochs", .kind = BRIM_OPTION_INT, .offset = AT(epochs), .low = 1, .high = 1000000, .value = "N",
     .help = "times that every picture is trained on"},
    {.names = "batch-size batch", .kind = BRIM_OPTION_INT, .offset = AT(batch_size), .low = 1, .high = 65536,
     .value = "N", .help = "pictures of a step; validation takes twice as many"},
    {.names = "imgsz img img-size", .kind = BRIM_OPTION_INT, .offset = AT(imgsz), .low = 32, .high = 8192,
     .value = "PX", .help = "side of the network's input, a multiple of 32"},
    {.names = "device", .kind = BRIM_OPTION_TEXT, .offset = AT(device), .value = "cpu", .help = "where to train"},
    {.names = "threads", .kind = BRIM_OPTION_INT, .offset = AT(threads), .low = 0, .high = 1024, .value = "N",
     .help = "threads that compute; 0 is one for each core"},
    {.names = "workers", .kind = BRIM_OPTION_INT, .offset = AT(workers), .low = -1, .high = 256, .value = "N",
     .help = "threads that load pictures while others compute; 0 loads between steps, -1 chooses"},
    {.names = "memory", .kind = BRIM_OPTION_BYTES, .offset = AT(memory_bytes), .low = 1, .high = 1e15,
     .value = "BYTES", .help = "the process must fit in so much, 2G or 800M; otherwise it ends with code 3 before the first step"},
    {.names = "cache", .kind = BRIM_OPTION_CHOICE, .offset = AT(cache), .value = "ram|none", .alone = "ram",
     .help = "ram keeps decoded pictures where all of them fit"},
    {.names = "project", .kind = BRIM_OPTION_TEXT, .offset = AT(project), .value = "FOLDER", .help = "folder of runs"},
    {.names = "name", .kind = BRIM_OPTION_TEXT, .offset = AT(name), .value = "NAME",
     .help = "folder of this run in it; numbered when it exists"},
    {.names = "exist-ok", .kind = BRIM_OPTION_FLAG, .offset = AT(exist_ok), .help = "writes into an existing folder"},
    {.names = "resume", .kind = BRIM_OPTION_TEXT, .offset = AT(resume), .value = "FILE", .alone = "latest",
     .help = "goes on with a stopped run to the last bit, from the newest of the project or from FILE, a last.safetensors; "
             "all other options are those of that run"},
    {.names = "seed", .kind = BRIM_OPTION_UINT64, .offset = AT(seed), .value = "N",
     .help = "of all random numbers; the same seed gives the same losses to the last bit"},
    {.names = "patience", .kind = BRIM_OPTION_INT, .offset = AT(patience), .low = 0, .high = 1000000, .value = "N",
     .help = "epochs without a better result before the run stops early; 0 never does"},
    {.names = "cos-lr", .kind = BRIM_OPTION_FLAG, .offset = AT(cos_lr),
     .help = "the learning rate falls along a cosine, not a line"},
    {.names = "label-smoothing", .kind = BRIM_OPTION_DOUBLE, .offset = AT(label_smoothing), .low = 0, .high = 0.99,
     .value = "X", .help = "class targets are 1 - X/2 and X/2"},
    {.names = "noautoanchor", .kind = BRIM_OPTION_FLAG, .offset = AT(noautoanchor),
     .help = "keeps the anchors whether or not they suit the labels"},
};
const int brim_train_option_count = sizeof brim_train_options / sizeof brim_train_options[0];
