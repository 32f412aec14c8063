/* What commands have in common. */
#include "cli/options_shared.h"

#include "run/ranges.h"

const BrimOption brim_option_side = {.names = "imgsz img img-size",
                                     .kind = BRIM_OPTION_INT,
                                     .low = BRIM_LEAST_IMGSZ_PX,
                                     .high = BRIM_MOST_IMGSZ_PX,
                                     .value = "PX",
                                     .help = "side of the network's input, a multiple of 32"};

const BrimOption brim_option_nc = {.names = "nc",
                                   .kind = BRIM_OPTION_INT,
                                   .low = 0,
                                   .high = BRIM_MAX_CLASSES,
                                   .value = "N",
                                   .help = "classes; 0 keeps the model's own"};

const BrimOption brim_option_weights = {.names = "weights",
                                        .kind = BRIM_OPTION_TEXT,
                                        .value = "FILE",
                                        .help = "a .pt of YOLOv5 or a .safetensors of brim"};

const BrimOption brim_option_longer_side = {.names = "imgsz img img-size",
                                            .kind = BRIM_OPTION_INT,
                                            .low = BRIM_LEAST_IMGSZ_PX,
                                            .high = BRIM_MOST_IMGSZ_PX,
                                            .value = "PX",
                                            .help = "longer side of the network's input"};

const BrimOption brim_option_conf_thres = {.names = "conf-thres",
                                           .kind = BRIM_OPTION_DOUBLE,
                                           .low = 0,
                                           .high = 1,
                                           .value = "X",
                                           .help = "least confidence of a detection"};

const BrimOption brim_option_iou_thres = {.names = "iou-thres",
                                          .kind = BRIM_OPTION_DOUBLE,
                                          .low = 0,
                                          .high = 1,
                                          .value = "X",
                                          .help = "IoU above which NMS takes two boxes for one"};

const BrimOption brim_option_max_det = {.names = "max-det",
                                        .kind = BRIM_OPTION_INT,
                                        .low = 1,
                                        .high = BRIM_MOST_DETECTIONS,
                                        .value = "N",
                                        .help = "most detections of a picture"};

const BrimOption brim_option_memory = {
    .names = "memory",
    .kind = BRIM_OPTION_BYTES,
    .low = 1,
    .high = 1e15,
    .value = "BYTES",
    .help = "the process must fit in so much, such as 512M or 8G; it ends with code 3 otherwise"};

const BrimOption brim_option_device = {.names = "device",
                                       .kind = BRIM_OPTION_TEXT,
                                       .value = "NAME",
                                       .help = "auto, cpu, or a card by its number: 0, cuda:0; auto is the "
                                               "first card that brim can use, else the CPU (default auto)"};

const BrimOption brim_option_threads = {.names = "threads",
                                        .kind = BRIM_OPTION_INT,
                                        .low = 0,
                                        .high = BRIM_MOST_THREADS,
                                        .value = "N",
                                        .help = "threads that compute; 0: as many as cores"};

const BrimOption brim_option_project = {.names = "project",
                                        .kind = BRIM_OPTION_TEXT,
                                        .value = "FOLDER",
                                        .help = "where the run's folder is made"};

const BrimOption brim_option_name_of_run = {.names = "name",
                                            .kind = BRIM_OPTION_TEXT,
                                            .value = "NAME",
                                            .help = "of the run's folder; numbered when it is there already"};

const BrimOption brim_option_exist_ok = {
    .names = "exist-ok", .kind = BRIM_OPTION_FLAG, .help = "takes the folder as it is there"};
