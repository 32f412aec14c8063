/* A YOLOv5 v6/v7 architecture as a list of layers with every argument resolved: channels after the width multiple,
 * repeats after the depth multiple. From the built-in family (n, s, m, l, x, n6, ...) or a file in YOLOv5's yaml form.
 * Knows nothing of tensors, gradients or devices. */
#ifndef BRIM_CONF_MODEL_H
#define BRIM_CONF_MODEL_H

#include "base/memory.h"

enum {
    BRIM_MAX_LAYERS = 128,
    BRIM_MAX_FROM = 8,   /* inputs of one layer */
    BRIM_MAX_LEVELS = 5, /* detection heads: P2..P6 */
    BRIM_MAX_ANCHORS = 8, /* anchors of one level */
    BRIM_MAX_CLASSES = 10000
};

/* enum name, name in a yaml file, name that brim model prints (as YOLOv5 prints it) */
#define BRIM_MODULE_LIST(X)                                                                                    \
    X(CONV, "Conv", "models.common.Conv")                                                                      \
    X(BOTTLENECK, "Bottleneck", "models.common.Bottleneck")                                                    \
    X(C3, "C3", "models.common.C3")                                                                            \
    X(SPP, "SPP", "models.common.SPP")                                                                         \
    X(SPPF, "SPPF", "models.common.SPPF")                                                                      \
    X(UPSAMPLE, "nn.Upsample", "torch.nn.modules.upsampling.Upsample")                                         \
    X(CONCAT, "Concat", "models.common.Concat")                                                                \
    X(DETECT, "Detect", "models.yolo.Detect")

typedef enum BrimModule {
#define X(name, yaml, printed) BRIM_MODULE_##name,
    BRIM_MODULE_LIST(X)
#undef X
        BRIM_MODULE_COUNT
} BrimModule;

typedef struct BrimLayer {
    BrimModule module;
    int from[BRIM_MAX_FROM]; /* absolute layer numbers; -1 is the picture */
    int from_count;
    int repeats;      /* bottlenecks of a C3; 1 elsewhere. After the depth multiple. */
    int in_channels;  /* of from[0]; CONCAT: the sum */
    int out_channels; /* DETECT: 0 */
    int kernel;       /* CONV: k; SPPF: the pool's k */
    int stride;       /* CONV */
    int padding;      /* CONV; resolved (k / 2 where the file says none) */
    bool shortcut;    /* BOTTLENECK, C3: add the input where channels are equal */
    bool activation;  /* CONV: SiLU (true) or none; the other modules' convolutions always have SiLU */
    int pool_kernels[4]; /* SPP: ascending, 0-terminated */
    int pool_count;
    int scale;     /* UPSAMPLE: always 2 */
    int reduction; /* picture px per cell of the output, 1 for the picture itself; DETECT: of from[0] */
} BrimLayer;

typedef struct BrimModel {
    char name[64]; /* "yolov5n", or the file's name without folder and .yaml */
    int class_count;
    double depth_multiple;
    double width_multiple;
    int layer_count;
    BrimLayer layers[BRIM_MAX_LAYERS]; /* the last one is DETECT */
    int level_count;
    int anchor_count;                                              /* per level */
    double anchors_px[BRIM_MAX_LEVELS][BRIM_MAX_ANCHORS][2];       /* width, height */
    int stride_px[BRIM_MAX_LEVELS];                                /* 8, 16, 32 for P3-P5 */
} BrimModel;

/* The model of a built-in name ("yolov5n", "n", "yolov5s.yaml", ..., also "yolov5n6" etc. where built in) or of a
 * yaml file; where both are there, the file. class_count 0 takes the file's nc (80 in the family). ERROR_INPUT names
 * file, line and key. */
BrimStatus brim_model_load(BrimModel *model, const char *name_or_path, int class_count);

/* A built-in name only: for names that a foreign file says, which must not make brim open another. */
BrimStatus brim_model_builtin(BrimModel *model, const char *name, int class_count);

/* The same from the text of a yaml file; name is used in errors. */
BrimStatus brim_model_parse(BrimModel *model, const char *name, const char *text, size_t bytes, int class_count);

/* The largest stride: picture sides must be multiples of it. */
int brim_model_max_stride_px(const BrimModel *model);

#endif
