/* The device contract. A backend says how it lays tensors out and what room its ops need, takes one arena, and runs
 * graphs at the offsets of a plan. One backend is `reference` (plain C, the truth for tests), one is `cpu` (oneDNN).
 * It knows ops and tensors; it must not know datasets, epochs or files. */
#ifndef BRIM_BACKEND_BACKEND_H
#define BRIM_BACKEND_BACKEND_H

#include "element/augment.h"
#include "graph/graph.h"
#include "graph/precision.h"
#include "plan/plan.h"

enum { BRIM_MOST_CARDS = 16 }; /* that work as one */

typedef struct BrimBackend BrimBackend; /* a device, opened */
typedef struct BrimProgram BrimProgram; /* a graph made ready to run at its offsets */

typedef struct BrimDeviceInfo {
    char name[96];        /* for example "cpu, oneDNN 2.6.3, avx512_core, nChw16c" */
    char id[48];          /* of a card: its UUID, as the monitor has it; else "" */
    int threads;
    size_t memory_bytes;  /* capacity; 0 where unknown */
    int channel_block;    /* channels that lie side by side in a feature */
    bool host_memory;     /* the arena is host memory: results may be read where they lie */
} BrimDeviceInfo;

/* Memory of a device that has its own. */
typedef struct BrimDeviceMemory {
    size_t total_bytes, free_bytes;
    size_t taken_bytes; /* by this backend: context, kernels, libraries, and the arena once there is one */
    size_t grain_bytes; /* an arena takes whole ones of these */
} BrimDeviceMemory;

/* Pictures of a training split that stay with a device of its own memory, for it to make batches of. */
typedef struct BrimKeep {
    size_t picture_bytes;
    bool in_host;      /* in pinned memory of the host, read over the bus; else in the device's */
    int most_pictures; /* of a batch */
    int most_px;       /* width and height of one of its pictures together */
} BrimKeep;

/* A batch that is to be made of them. */
typedef struct BrimAugmentBatch {
    const BrimAugmentTask *tasks; /* n */
    int n, height_px, width_px;
} BrimAugmentBatch;

/* What changes from step to step. */
typedef struct BrimStepScalars {
    bool accumulate;      /* GRADIENT: add to the gradients instead of replacing them */
    float learning_rate[BRIM_GROUP_COUNT];
    float momentum;
    float weight_decay;   /* of BRIM_GROUP_WEIGHT */
    float clip_norm;      /* gradients are scaled down to this norm; 0: never */
    float ema_decay;
    float loss_scale;     /* LOSS makes gradients that many times too large, so that small ones survive as halves;
                             UPDATE takes it out again. 0, which nobody set: 1 */
} BrimStepScalars;

/* Predictions that are looked at, and where to: `kept` and `counts` lie in pinned memory. */
typedef struct BrimSift {
    int n, rows, columns;
    float least;
    float *kept;
    int32_t *counts;
} BrimSift;

typedef struct BrimBackendClass {
    const char *name;

    /* ERROR_UNSUPPORTED where that card does not compute in a precision, and says which to choose instead.
     * NULL for the host, which computes in fp32 whatever it keeps. */
    BrimStatus (*computes_in)(int card, BrimPrecision precision);

    /* threads 0: as many as cores. card: which, where there are several; the host is one. */
    BrimStatus (*open)(BrimBackend **backend, int threads, int card);
    void (*close)(BrimBackend **backend); /* programs are unloaded before; gives the arena back */
    BrimStatus (*describe)(BrimBackend *backend, BrimDeviceInfo *info);

    /* NULL where the device computes in host memory, which the process knows of. */
    BrimStatus (*memory)(BrimBackend *backend, BrimDeviceMemory *memory);

    /* A sizer bound to this backend, for brim_plan_measure. Filters get their layout when first measured; later graphs
     * keep it, so that the ALWAYS tensors agree. */
    BrimSizer (*sizer)(BrimBackend *backend);

    /* Address space for an arena of so many bytes, once, so that graphs can be loaded, and what the device's libraries
     * take for them be measured, before the arena is taken. NULL where a device has no such thing. */
    BrimStatus (*reserve_arena)(BrimBackend *backend, size_t bytes);

    /* Takes the arena, once, where it was reserved if it was; every byte is poison (0xFF: NaN) until written, except
     * ALWAYS tensors' pads: those of programs loaded before are zeroed by `settle`. */
    BrimStatus (*take_arena)(BrimBackend *backend, size_t bytes);
    void (*settle)(BrimProgram *program);

    /* Makes a graph ready, in an arena reserved or taken. Graph and placement must outlive the program. */
    BrimStatus (*load)(BrimBackend *backend, const BrimGraph *graph, const BrimPlacement *placement,
                       BrimProgram **program);
    void (*unload)(BrimProgram **program);

    /* Runs the ops of one part, in order. Allocates nothing. */
    BrimStatus (*run)(BrimProgram *program, BrimPart part, const BrimStepScalars *scalars);

    /* Tensor from and to host memory in its plain form: row-major dims, no padding, its own dtype; BLOCKs as bytes.
     * Writing zeroes the layout's padding. */
    BrimStatus (*write)(BrimProgram *program, BrimTensorId id, const void *plain);
    BrimStatus (*read)(BrimProgram *program, BrimTensorId id, void *plain);

    /* Results that the host has while the device goes on: memory of the host for them, taken once and given back by
     * `close`; and the copy of a RAW tensor to a place in it, which is there when a mark set after it was waited for.
     * `sift` fetches of predictions [n rows columns] the rows whose objectness is above `least`, each picture's from its
     * place on, and how many those are. All NULL where the host sees the arena. */
    BrimStatus (*pin)(BrimBackend *backend, size_t bytes, void **pinned);
    BrimStatus (*fetch)(BrimProgram *program, BrimTensorId id, void *pinned);
    BrimStatus (*sift)(BrimProgram *program, BrimTensorId id, const BrimSift *sift);

    /* BLOCKs as they are when all that was started is done: their bytes as they lie, one behind the other, to
     * pinned memory. That goes on beside what is started later, which must not write them until `wait_blocks`
     * has waited for it. Both NULL where the host sees the arena. */
    BrimStatus (*fetch_blocks)(BrimProgram *program, const BrimTensorId *blocks, int count, void *pinned);
    BrimStatus (*wait_blocks)(BrimBackend *backend);

    /* A member of a block out of the block's bytes, in its plain form. It looks at the graph and at no
     * device: any thread may call it while the program runs. */
    void (*read_member)(const BrimProgram *program, BrimTensorId id, const void *block, void *plain);

    /* Pictures that are kept until the backend is closed, and training pictures made of them by the device; all four NULL
     * where the device is the host. `keep_bytes` is what `keep` takes of the device's memory, once; `put_picture` fills it,
     * from any thread, one at a time. `augment` makes the batch, [n h w 3], in a tensor of so many bytes. */
    size_t (*keep_bytes)(const BrimKeep *keep);
    BrimStatus (*keep)(BrimBackend *backend, const BrimKeep *keep);
    BrimStatus (*put_picture)(BrimBackend *backend, size_t start_bytes, const uint8_t *rgb, size_t bytes);
    BrimStatus (*augment)(BrimProgram *program, BrimTensorId pictures, const BrimAugmentBatch *batch);

    /* Backends of one class, each opened on a card of its own, that are to sum together. What that takes of each
     * card's memory it takes now, for sums of at most so many bytes. NULL, as the next three, for a backend
     * that is alone. Whoever closes one of them ends it for all. */
    BrimStatus (*join)(BrimBackend *const *backends, int count, size_t most_bytes);

    /* Sums BLOCKs of floats over one program of each backend that joined, in the order of their joining, and
     * waits for it: each card has the sums then, the same to the last bit. After an error none sums again. */
    BrimStatus (*reduce)(BrimProgram *const *programs, int count, const BrimTensorId *blocks, int block_count);

    /* `run` of one program of each backend that joined, all of one graph, whose ops need what the others compute
     * (BrimOp.cards); those have no other way to run. Then waits for all of them: it is an error where one is
     * lost, for which the others would wait without end. After an error of either none runs again. */
    BrimStatus (*run_together)(BrimProgram *const *programs, int count, BrimPart part,
                               const BrimStepScalars *scalars);
    BrimStatus (*wait_together)(BrimProgram *const *programs, int count);

    /* Notes when all that was started is done, as mark 0 or 1; waits for it; and, once both were waited for, the time
     * between the two by the device's own clock, in ns. NULL where the host does the work itself. */
    BrimStatus (*mark)(BrimBackend *backend, int which);
    BrimStatus (*wait_mark)(BrimBackend *backend, int which);
    BrimStatus (*between_marks)(BrimBackend *backend, int64_t *time_ns);

    /* For tests: the arena's bytes as they lie, NULL where the host cannot see them. */
    const void *(*arena)(BrimBackend *backend, size_t *bytes);

    /* For benchmarks: programs that are loaded from now on take the times of their ops while they run, which costs them
     * a little. NULL where op_times always knows. */
    void (*time_ops)(BrimBackend *backend);

    /* For benchmarks: wall time of each op kind in the last run, in ns, BRIM_OP_KIND_COUNT of them. The first run of a
     * part may have none. */
    void (*op_times)(BrimProgram *program, int64_t *times_ns);

    /* The same for what the ops of each kind start on the device. NULL where that is nothing. */
    void (*op_launches)(BrimProgram *program, int32_t *launches);
} BrimBackendClass;

extern const BrimBackendClass brim_backend_reference;
extern const BrimBackendClass brim_backend_cpu;
#ifdef BRIM_HAVE_CUDA
extern const BrimBackendClass brim_backend_cuda;
#endif

#endif
