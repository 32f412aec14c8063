/* What an engine holds. Private to engine*.c. */
#ifndef BRIM_TRAIN_ENGINE_INSIDE_H
#define BRIM_TRAIN_ENGINE_INSIDE_H

#include "train/engine.h"

/* A graph and what makes it run. */
typedef struct BrimRunner {
    BrimShape shape;
    BrimGraph *graph;
    BrimProgram *program;
    BrimTensorId pictures, targets, target_count, items, norm, predictions;
} BrimRunner;

struct BrimEngine {
    BrimEngineConf conf;
    BrimBackend *backend;
    BrimDeviceInfo device;
    BrimPlan *plan;
    BrimKeep keep; /* most_pictures 0: none */
    bool keeps;    /* the memory for them is taken */
    size_t
        library_bytes; /* measured: what graphs, and code and descriptors of the device's libraries, took */
    size_t grain_bytes;       /* of a card: its arena takes whole ones of these; else 0 */
    uint64_t card_peak_bytes; /* of a card's memory, the most that was seen taken */
    BrimRunner *runners;      /* training first, then inference */
    int runner_count;
    BrimRunner *last;   /* the one that ran last */
    BrimRunner *ahead;  /* the one that has its next batch already; NULL: none */
    int64_t begun_ns;   /* by the host's clock, when mark 0 was set on a device that stood still */
    int64_t started_ns; /* when the host had begun it and was free for the next batch */
    int64_t ready_ns;   /* when that was there; 0: not yet */
    int64_t waited_ns;  /* that the device stood still for batches, since the start */
    char *snapshot;     /* room for one, NULL where none are wanted (engine_snapshot.c) */
    bool snapshot_own;  /* that is of the engine, not the backend's pinned memory */
    char *rooms[2];     /* for results of inferences, where the host cannot see the arena; else NULL */
    const BrimRunner *inferred[2]; /* whose results are in each, or in the arena */
    float *targets;     /* a batch's rows, and room up to the largest cap: tensors are written whole */
};

/* ERROR_ARGUMENT for a shape not planned. */
BrimStatus brim_engine_find_runner(BrimEngine *engine, const BrimBatch *batch, bool training, BrimRunner **runner);

/* The batch's pictures, or what they are to be, and, where the graph has a loss, its targets. */
BrimStatus brim_engine_write_batch(BrimEngine *engine, const BrimRunner *runner, const BrimBatch *batch);

/* Takes host memory for the results of two inferences, on a device whose arena the host cannot see, and for a
 * snapshot, where those are wanted (engine_infer.c). */
BrimStatus brim_engine_take_rooms(BrimEngine *engine);

/* What a snapshot takes; 0 where none are wanted. */
size_t brim_engine_snapshot_bytes(const BrimEngine *engine);

/* Notes that the gradient of the batch prepared is on its way. */
BrimStatus brim_engine_note_begun(BrimEngine *engine);

/* Measures what the device's library takes, for a device with memory of its own. */
BrimStatus brim_engine_measure(BrimEngine *engine);

#endif
