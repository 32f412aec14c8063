/* brim: YOLOv5 detectors trained inside exactly the memory they were given.
 *
 * The public interface of libbrim. It compiles alone, as C17 and as C++.
 * Every function that can fail returns a BrimStatus and leaves a sentence in brim_last_error(): what failed,
 * where (file, line or key of the input) and what to try. The library never prints, exits or aborts. */
#ifndef BRIM_H
#define BRIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What libbrim.so shows; it is built with everything else hidden (-fvisibility=hidden). */
#ifdef __GNUC__
#define BRIM_API __attribute__((visibility("default")))
#else
#define BRIM_API
#endif

#define BRIM_VERSION "0.1.0"

/* name, what it says about the call that returned it */
#define BRIM_STATUS_LIST(X)                                                                                    \
    X(OK, "done")                                                                                              \
    X(ERROR_ARGUMENT, "a wrong argument")                                                                      \
    X(ERROR_INPUT, "a file or setting of the user that cannot be used")                                        \
    X(ERROR_IO, "the file system refused")                                                                     \
    X(ERROR_MEMORY, "the host's memory is used up")                                                            \
    X(ERROR_FIT, "it does not fit in the memory given")                                                        \
    X(ERROR_UNSUPPORTED, "not supported by this build or device")                                              \
    X(ERROR_DEVICE, "a device or its library failed")                                                          \
    X(STOPPED, "stopped on request")

typedef enum BrimStatus {
#define X(name, text) BRIM_##name,
    BRIM_STATUS_LIST(X)
#undef X
} BrimStatus;

/* The status as words, for example "a wrong argument". Never NULL. */
BRIM_API const char *brim_status_text(BrimStatus status);

/* The sentence that the last failed call of this thread left; "" when none failed. Valid until the next failure. */
BRIM_API const char *brim_last_error(void);

/* The version of the library, as BRIM_VERSION was when it was built. */
BRIM_API const char *brim_version(void);

/* ---- Runs ------------------------------------------------------------------------------------------------------
 * A run reads what its options name, plans its memory, works, and tells what happens through a listener. Options start
 * from the functions that give defaults; texts must outlive the call; NULL stands for "not given". */

typedef enum BrimEventKind {
    BRIM_EVENT_REMARK,     /* text: one line for the user */
    BRIM_EVENT_PLAN,       /* the plan stands: memory_planned_bytes, arena_bytes; text: the plan in words */
    BRIM_EVENT_EPOCH,      /* an epoch begins */
    BRIM_EVENT_STEP,       /* a training batch is done */
    BRIM_EVENT_VALIDATING, /* a validation batch is done: batch of batches */
    BRIM_EVENT_RESULTS,    /* an epoch, or a validation, is done: all figures; epoch -1: of the best model, at the end */
    BRIM_EVENT_CLASS,      /* figures of one class, after a validation: text is its name */
    BRIM_EVENT_PICTURE,    /* detection: text is the picture, instances its boxes */
    BRIM_EVENT_SAVED,      /* text: the file written; a card may train on the next epoch meanwhile */
    BRIM_EVENT_BENCH_ROW,  /* bench_row: a batch size measured, or found not to fit; not judged yet */
    BRIM_EVENT_BENCH,      /* bench: all rows, judged; text: the report in the format asked for */
    BRIM_EVENT_TUNING,     /* a step was timed, to choose among steps: bench_row */
    BRIM_EVENT_DONE        /* the run ended; seconds */
} BrimEventKind;

struct BrimBench;
struct BrimBenchRow;

/* How a device was used over a time, from samples; NAN where it is not known. */
typedef struct BrimUse {
    double memory_peak_bytes, memory_mean_bytes; /* of this process on the device */
    double device_percent, device_peak_percent;  /* of its time that the device worked */
    double temperature_peak_celsius;
    double power_mean_watts;
    int samples;
} BrimUse;

typedef struct BrimEvent {
    BrimEventKind kind;
    const char *text;
    int epoch, epochs, batch, batches;
    int instances;              /* labels of the batch, of the class or of the split; boxes of a picture */
    int pictures;               /* of the batch, of the class or of the split */
    int imgsz_px;
    float losses[3];            /* box, obj, cls: mean of the epoch so far */
    float val_losses[3];
    float learning_rates[3];    /* bias, weights, BN scale */
    double precision, recall, map50, map50_95; /* map50_95: mean over IoU 0.50 to 0.95 */
    double pictures_per_s;
    double seconds_left, seconds;
    double wait_share;          /* STEP, and RESULTS of an epoch: part of the epoch's training time in which the device had
                                   nothing to do because a batch was not there, 0..1; NAN where there was no batch */
    double milliseconds[3];     /* validation, detection, per picture: reading, network, NMS */
    uint64_t arena_bytes;           /* planned and taken, to the byte */
    uint64_t memory_planned_bytes;  /* the arena and everything beside it that was planned */
    uint64_t memory_peak_bytes;     /* resident memory of the process at its highest; 0 where unknown */
    const BrimUse *use;             /* of the epoch so far, DONE: of the whole training; NULL: not known. Valid while the
                                       listener runs */
    const struct BrimBench *bench;  /* valid while the listener runs, as is bench_row */
    const struct BrimBenchRow *bench_row;
} BrimEvent;

/* Return false to stop the run at the next safe point; it saves what it has and returns BRIM_STOPPED. */
typedef bool (*BrimListener)(void *self, const BrimEvent *event);

typedef struct BrimTrainOptions {
    const char *data;      /* data.yaml */
    const char *weights;   /* .pt or .safetensors to start from; NULL or "": from scratch */
    const char *cfg;       /* yolov5n ... yolov5x or a model yaml; NULL: the weights' own */
    const char *hyp;       /* hyper-parameters yaml; NULL: YOLOv5's scratch-low */
    const char *device;    /* "cpu"; NULL: auto */
    const char *project;   /* folder of runs */
    const char *name;      /* folder of this run; numbered when it exists, unless exist_ok */
    const char *resume;    /* a run's folder or its last.safetensors; "latest": the newest in project */
    const char *cache;     /* "ram": keep decoded pictures if they fit; "device": on the card, else as ram; "none" */
    int epochs, batch_size, imgsz, workers, threads, patience; /* batch_size -1, workers -1, threads 0: chosen */
    uint64_t seed;
    uint64_t memory_bytes; /* the run must fit in so many; 0: no limit but the fraction's */
    double label_smoothing;
    bool cos_lr, exist_ok, noautoanchor;
    double fraction;       /* part of the machine's memory that the run may take, over 0 to 1; 0: the profile's. It never
                              takes more than is free when it starts */
    const char *profile;   /* as in BrimTrainingQuery: the fraction, and what "auto" chooses from; NULL: "balanced" */
    /* batch_size -1 chooses the batch, and the two below where they are NULL. */
    const char *precision; /* "fp32"; "amp": what is kept for the backward pass is kept in 16 bits; "bf16": the same as
                              bfloat16, on a card from compute capability 8.0 on; "auto"; NULL: "fp32" */
    bool tune;             /* what is to be chosen is chosen by timing it, as in BrimTrainingQuery */
    const char *recompute; /* what the backward pass computes again: "nothing", "activations", "inside", "blocks", a
                              letter of n, a, i, l for each layer (graph/recompute.h), or "auto": as little as fits;
                              NULL: "activations", or "auto" where that does not fit */
    bool sync_bn;          /* several cards have BatchNorm's statistics in common, as if one had the whole batch; one card,
                              or the CPU, has them anyway */
} BrimTrainOptions;

typedef struct BrimValOptions {
    const char *data;
    const char *weights;
    const char *device;
    const char *project, *name;
    const char *task;      /* "val", "test" or "train": the split */
    int batch_size, imgsz, workers, threads;
    double conf_thres, iou_thres;
    int max_det;
    uint64_t memory_bytes;
    bool exist_ok, verbose;
} BrimValOptions;

typedef struct BrimDetectOptions {
    const char *weights;
    const char *source;    /* a picture, a folder or a list file */
    const char *data;      /* for class names where the weights have none */
    const char *device;
    const char *project, *name;
    int imgsz, threads;
    double conf_thres, iou_thres;
    int max_det;
    const int *classes;    /* only these; NULL: all */
    int class_count;
    uint64_t memory_bytes;
    bool agnostic_nms, save_txt, save_conf, save_json, nosave, exist_ok;
    bool hide_labels, hide_conf; /* boxes without class and confidence, or without confidence */
    int line_thickness;          /* px of the boxes' lines; 0: as suits the picture */
} BrimDetectOptions;

typedef struct BrimBenchOptions {
    const char *model;     /* a built-in name, a model yaml, or weights, of which only the architecture counts */
    const char *device;
    const char *precision; /* "fp32", "amp" (16-bit features; on the CPU what training keeps for the backward
                              pass is bfloat16), or "bf16", on a card */
    const char *format;    /* "table", "md", "csv", "json"; NULL: by the ending of output, else "table" */
    const char *output;    /* file of the report; NULL: none */
    const char *plot;      /* .svg or .png: pictures/s and memory over the batch size; NULL: none */
    const int *batch_sizes;
    int batch_size_count;
    bool training, inference; /* neither: both */
    int imgsz, threads;
    int steps;             /* timed steps of each row; 0: as many as fit into some seconds */
    int warmup;            /* steps before those */
    uint64_t memory_bytes; /* larger rows are not tried; 0: 80 % of what the machine has free */
    bool random_training;  /* instead of a sweep: so many batches of batch_size through one training */
    int batches, batch_size;
} BrimBenchOptions;

/* name, in words. What each means: brim_bench_rule(). */
#define BRIM_BENCH_VERDICT_LIST(X)                                                                             \
    X(NONE, "")                                                                                                \
    X(BEST_VALUE, "best value")                                                                                \
    X(BALANCED, "balanced")                                                                                    \
    X(LOW_MEMORY, "low memory")                                                                                \
    X(HIGH_MEMORY, "high memory")                                                                              \
    X(DOES_NOT_PAY, "does not pay")                                                                            \
    X(DOES_NOT_FIT, "does not fit")                                                                            \
    X(CANNOT_RUN, "cannot be run")

typedef enum BrimBenchVerdict {
#define X(name, text) BRIM_BENCH_##name,
    BRIM_BENCH_VERDICT_LIST(X)
#undef X
} BrimBenchVerdict;

/* One batch size. Of a row that does not fit only the planned figures hold, of one that cannot be run (a remark says
 * why) none; the others are 0. */
typedef struct BrimBenchRow {
    bool training; /* a step is gradient and update; else a batch through the network, without NMS */
    int batch;
    int steps; /* timed */
    double median_ms, best_ms; /* of a step */
    double pictures_per_s;     /* at the median */
    double utilization;        /* CPU time of the process / (wall time x threads), 0..1; 0 on a card */
    uint64_t arena_bytes;      /* planned and taken, to the byte */
    uint64_t planned_bytes;    /* of the whole process; of a card, all that it takes there */
    uint64_t peak_bytes;       /* the same as measured at its highest in this row; 0 where unknown */
    BrimBenchVerdict verdict;
} BrimBenchRow;

/* One batch of the random training. */
typedef struct BrimBenchStep {
    double milliseconds;
    float losses[3]; /* box, obj, cls */
} BrimBenchStep;

typedef struct BrimBench {
    const char *model, *device, *precision;
    int imgsz_px, threads;
    uint64_t memory_bytes;   /* rows above it were not tried; 0: no limit is known */
    bool memory_given;       /* by the user; else taken from what the machine has free */
    bool on_card;            /* the device has memory of its own: figures of memory are of that */
    bool peaks_reset;        /* each row began the mark of the process's peak (VmHWM) anew: the kernel let it */
    double seconds;          /* of the whole run */
    const BrimBenchRow *rows;
    int row_count;
    const BrimBenchStep *steps; /* of the random training, whose one row is rows[0] */
    int step_count;
} BrimBench;

/* YOLOv5's defaults. */
BRIM_API BrimTrainOptions brim_train_defaults(void);
BRIM_API BrimValOptions brim_val_defaults(void);
BRIM_API BrimDetectOptions brim_detect_defaults(void);
BRIM_API BrimBenchOptions brim_bench_defaults(void);

/* Trains. The run's folder gets results.csv, results.png, opt.yaml, hyp.yaml, plan.txt,
 * weights/last.safetensors and weights/best.safetensors. ERROR_FIT before the first step when the plan is
 * over memory_bytes. */
BRIM_API BrimStatus brim_train(const BrimTrainOptions *options, BrimListener listener, void *self);

/* Plans that run and reports the plan as events, without starting it. */
BRIM_API BrimStatus brim_plan(const BrimTrainOptions *options, BrimListener listener, void *self);

/* ---- The right settings for a device ---------------------------------------------------------------------------
 * Answers in milliseconds, without the device: memory is planned, not tried. */

/* What to plan for. brim_training_query_defaults() gives the defaults; 0, -1 and NULL stand for "choose". */
typedef struct BrimTrainingQuery {
    const char *model;     /* yolov5n ... yolov5x, or a model yaml */
    int imgsz;             /* side of the network's input in px, a multiple of the model's largest stride; default 640 */
    int class_count;       /* 0: the model's own */
    const char *device;    /* "cpu", "0" (the first GPU), "auto" or NULL: a GPU where this build has one, else the CPU */
    const char *gpu;       /* a card by name, "RTX 3050 Laptop": plans for that card, wherever this runs */
    uint64_t memory_bytes; /* the run must fit in so many, context and libraries among them; 0: no limit but the device's */
    double fraction;       /* part of the device's memory to use, over 0 to 1; 0: the profile's */
    const char *precision; /* "fp32", "amp" (16-bit features; on the CPU what is kept for the backward pass), "bf16"
                              (bfloat16 features, on a card from compute capability 8.0 on), "auto" or
                              NULL: the profile's */
    int batch_size;        /* pictures of a step; -1: the one with the most pictures a second, 64 at most */
    const char *profile;   /* "high-performance", "balanced" (NULL as well) or "conservative":
                              fraction 0.9, 0.8, 0.6; workers at most all cores, half of them, 2; precision auto, auto,
                              fp32 unless that does not fit */
    bool tune;             /* time the best steps, where the device is in this machine: some seconds for each, told as
                              remarks. What was timed is kept below $XDG_CACHE_HOME or ~/.cache, and later queries,
                              tuned or not, know it */
    BrimListener listener; /* NULL: nobody. Returns false to stop tuning */
    void *listener_self;
} BrimTrainingQuery;

/* The settings to train with. Texts end in '\0'. */
typedef struct BrimTrainingConfig {
    int batch_size;        /* pictures of one step (micro-batch) */
    int workers;           /* threads that load pictures; 0: between steps, which is best where the CPU computes */
    int img_size;          /* px */
    int accumulate;        /* steps whose gradients are summed before an update: round(64 / batch_size), at least 1 */
    bool amp;              /* 16 bits are used */
    char precision[16];    /* "fp32", "amp", "bf16" or "bf16-kept" */
    char device[96];       /* "cpu", or the card's name */
    int card;              /* its number in this machine; 0 for the CPU, and for a card that is only planned for */
    char recompute[64];    /* as BrimTrainOptions.recompute takes it; "mixed" where a model has too many layers for that */
    uint64_t predicted_bytes; /* the run's peak on the device */
    uint64_t capacity_bytes;  /* what the device has */
    double pictures_per_s;    /* estimated from the device's peaks, or */
    bool measured;            /* measured on the device when it was tuned */
} BrimTrainingConfig;

BRIM_API BrimTrainingQuery brim_training_query_defaults(void);

/* The batch, precision and recompute levels with the most pictures a second under the budget; of those within 1%, the
 * smallest batch, but under 8 only where 8 do not fit (BN takes its statistics from one step). ERROR_INPUT for an
 * unknown model or card, ERROR_ARGUMENT for a value out of range, ERROR_UNSUPPORTED for a device that this build has
 * not, or for tuning one that is not here, ERROR_FIT where nothing fits: the sentence says what would. */
BRIM_API BrimStatus brim_get_training_config(const BrimTrainingQuery *query, BrimTrainingConfig *config);

/* Validates; the run's folder gets results.json. */
BRIM_API BrimStatus brim_val(const BrimValOptions *options, BrimListener listener, void *self);

/* Detects; the run's folder gets pictures with boxes, and labels/ or predictions.json when asked. */
BRIM_API BrimStatus brim_detect(const BrimDetectOptions *options, BrimListener listener, void *self);

/* Times a model on random pictures with random labels, batch size by batch size, and judges which of them pays. Stopped
 * by the listener it returns BRIM_STOPPED without a report. ERROR_INPUT where a loss is no number. */
BRIM_API BrimStatus brim_bench(const BrimBenchOptions *options, BrimListener listener, void *self);

/* A verdict in words, and the rule by which all of them are given, in lines. */
BRIM_API const char *brim_bench_verdict_text(BrimBenchVerdict verdict);
BRIM_API const char *brim_bench_rule(void);

/* ---- The monitor -----------------------------------------------------------------------------------------------
 * What every GPU, the host and the processes on them do at a moment. A figure that is not known is NAN, never 0. */

/* What can be known of a device: name, key (its unit at the end) */
#define BRIM_METRIC_LIST(X)                                                                                    \
    X(MEMORY_TOTAL, "memory_total_bytes")                                                                      \
    X(MEMORY_USED, "memory_used_bytes")         /* of the host: what could not be given away (MemTotal - MemAvailable) */ \
    X(MEMORY_FREE, "memory_free_bytes")         /* of the host: MemAvailable */                                \
    X(MEMORY_RESERVED, "memory_reserved_bytes") /* by driver and firmware, part of neither used nor free */    \
    X(SHARED_TOTAL, "shared_total_bytes")       /* host memory that the GPU may use (GTT); the host: swap */   \
    X(SHARED_USED, "shared_used_bytes")                                                                        \
    X(UTILIZATION, "utilization_percent")       /* time in which the device worked; the host: of all cores */  \
    X(MEMORY_BUSY, "memory_busy_percent")       /* time in which its memory was read or written */             \
    X(ENCODER, "encoder_percent")                                                                              \
    X(DECODER, "decoder_percent")                                                                              \
    X(TEMPERATURE, "temperature_celsius")                                                                      \
    X(MEMORY_TEMPERATURE, "memory_temperature_celsius")                                                        \
    X(POWER, "power_watts")                                                                                    \
    X(POWER_LIMIT, "power_limit_watts")                                                                        \
    X(ENERGY, "energy_joules")                  /* since the driver was loaded */                              \
    X(CLOCK, "clock_hertz")                     /* of the multiprocessors; the host: mean of the cores */      \
    X(CLOCK_MOST, "clock_most_hertz")                                                                          \
    X(MEMORY_CLOCK, "memory_clock_hertz")                                                                      \
    X(MEMORY_CLOCK_MOST, "memory_clock_most_hertz")                                                            \
    X(FAN, "fan_percent")                                                                                      \
    X(PCIE_RECEIVED, "pcie_received_bytes_per_second")                                                         \
    X(PCIE_SENT, "pcie_sent_bytes_per_second")                                                                 \
    X(PCIE_GENERATION, "pcie_generation")                                                                      \
    X(PCIE_LANES, "pcie_lanes")                                                                                \
    X(ECC_CORRECTED, "ecc_corrected_errors")    /* since the driver was loaded */                              \
    X(ECC_UNCORRECTED, "ecc_uncorrected_errors")

typedef enum BrimMetric {
#define X(name, key) BRIM_METRIC_##name,
    BRIM_METRIC_LIST(X)
#undef X
        BRIM_METRIC_COUNT
} BrimMetric;

/* "memory_total_bytes" */
BRIM_API const char *brim_metric_key(BrimMetric metric);

typedef struct BrimDeviceSample {
    char vendor[16];   /* "nvidia", "amd", "intel", "host" */
    char name[96];     /* as the driver has it; the host: the processor's */
    char id[64];       /* the same whatever the order of devices: a UUID or PCI address; the host: its name */
    char driver[64];   /* its version; "" where unknown */
    int index;         /* of its vendor, as CUDA_VISIBLE_DEVICES or the kernel's card number has it; 0 for the host */
    int parent;        /* MIG: the sample's device that this is a part of; -1: none */
    int gpu_instance;  /* MIG: the number of its GPU instance, as nvidia-smi has it; -1: none or unknown */
    char pci[32];      /* its address as the driver writes it, "00000000:01:00.0"; "" where none or unknown */
    bool lost;         /* it was there before and does not answer any more; figures are unknown */
    char trouble[160]; /* what could not be read and why, or limits it, one line; "" where all is well */
    double value[BRIM_METRIC_COUNT];
} BrimDeviceSample;

typedef struct BrimProcessSample {
    int pid;
    int device;                 /* of the sample; a process on two devices is there twice */
    char kind[16];              /* "compute", "graphics", "both", or "" where unknown */
    char name[64];              /* the program's, without folder */
    char command[160];          /* as it was called, cut where it is longer */
    char user[32];
    double memory_bytes;        /* on the device; the host: resident */
    double utilization_percent; /* of the device; the host: of one core, so that 200 are two */
    double host_memory_bytes;   /* resident */
    double host_peak_bytes;     /* resident at its highest */
    double host_cpu_percent;    /* of one core */
} BrimProcessSample;

enum { BRIM_RUN_MOST_PURPOSES = 24 };

/* A run of brim that is under way, with its plan. */
typedef struct BrimRunSample {
    int pid;
    char command[16];        /* "train", "val", "detect", "bench" */
    char model[64];
    char folder[256];
    char device[96];
    uint64_t planned_bytes;  /* of the process, or of the card: everything */
    uint64_t arena_bytes;    /* of it the arena, exact */
    struct {
        char name[32];
        uint64_t bytes;
    } purposes[BRIM_RUN_MOST_PURPOSES]; /* of the arena */
    int purpose_count;
    double arena_measured_bytes;   /* of the arena, what is resident; NAN where the kernel does not say */
    double process_measured_bytes; /* of the process, the arena among them */
    double process_peak_bytes;
    int epoch, epochs;       /* the first is 0; epochs 0: not a training */
    double pictures_per_s;   /* NAN before the first figure */
} BrimRunSample;

/* A moment. */
typedef struct BrimMonitorSample {
    int64_t time_ns;         /* since 1970, UTC */
    const BrimDeviceSample *devices; /* GPUs by vendor and index, MIG parts behind theirs; the host last */
    int device_count;
    const BrimProcessSample *processes;
    int process_count;
    const BrimRunSample *runs;
    int run_count;
} BrimMonitorSample;

typedef struct BrimMonitor BrimMonitor;

/* What to look at. NULL or 0 stands for the default. */
typedef struct BrimMonitorOptions {
    const char *trace;   /* samples recorded as JSON lines, instead of this machine */
    int pid;             /* processes: only this one and its children; 0: all that use a GPU, and brim's runs */
    bool no_processes;   /* devices only, which costs least */
} BrimMonitorOptions;

/* ERROR_INPUT and ERROR_IO for a trace that cannot be read. A vendor whose driver is not there has no devices: that is
 * no error. options NULL: the defaults. */
BRIM_API BrimStatus brim_monitor_open(BrimMonitor **monitor, const BrimMonitorOptions *options);

/* Reads everything once. *sample stays valid until the next call or the close. Figures that are rates (the host's
 * utilization, bytes a second) are unknown in the first sample. BRIM_STOPPED at the end of a trace. */
BRIM_API BrimStatus brim_monitor_sample(BrimMonitor *monitor, const BrimMonitorSample **sample);

/* Takes the address, accepts NULL inside, clears. */
BRIM_API void brim_monitor_close(BrimMonitor **monitor);

#ifdef __cplusplus
}
#endif

#endif
