/* The programs of a model: a training step and an inference, for one batch and picture size.
 *
 * Tensors that the host writes or reads, by name:
 *   pictures      U8  [n h w 3]       RGB
 *   targets       F32 [cap 6]         image, class, x, y, w, h as fractions     (where target_cap is given)
 *   target_count  I32 [1]                                                       (likewise)
 *   items         F32 [4]             box, obj, cls, total                      (likewise)
 *   norm          F32 [2]             gradient norm, clip factor                (training)
 *   predictions   F32 [n rows 5+nc]   network px, after the sigmoid             (inference) */
#ifndef BRIM_GRAPH_STEP_H
#define BRIM_GRAPH_STEP_H

#include "graph/graph.h"
#include "graph/precision.h"

/* What the backward pass computes again instead of finding it kept; chosen layer by layer. Gradients are the same. */
typedef enum BrimRecompute {
    BRIM_RECOMPUTE_ACTIVATIONS, /* BN and SiLU, from the convolutions' outputs, which are kept */
    BRIM_RECOMPUTE_NOTHING,     /* activations are kept as well */
    BRIM_RECOMPUTE_INSIDE,      /* of what lies within the layer (a C3, say) also the convolutions; its last is kept */
    BRIM_RECOMPUTE_LAYER        /* every convolution of the layer, from what the layer reads */
} BrimRecompute;

typedef struct BrimBasis BrimBasis;

typedef struct BrimStepConf {
    const BrimModel *model;
    BrimHyper hyper;     /* gains as brim_hyper_scale left them; used by the loss */
    int batch;
    int height_px, width_px; /* multiples of the model's largest stride */
    int target_cap;      /* rows of `targets`; inference: 0 where no loss is wanted */
    bool training_run;   /* inference: the graph belongs to a training run, whose EMA it uses */
    BrimPrecision precision;
    int bn_cards;        /* training: cards, this one among them, whose BatchNorms have their statistics in common, each
                            with a batch like this one; 0, 1: this card's are its own */
    uint8_t recompute[BRIM_MAX_LAYERS]; /* training: BrimRecompute of each layer of the model */
    const BrimBasis *basis; /* of this model, precision and kind of run (basis.h), so that many graphs share it; NULL:
                               the graph's own */
} BrimStepConf;

/* Parts GRADIENT (input, forward, loss, backward) and UPDATE (clip, SGD, EMA). Where `recompute` does not say otherwise,
 * one tensor is kept per Conv block, the convolution's output; activations and sums are computed again in the backward
 * pass. Concatenations are written in place, gradients are reused where they die. */
BrimStatus brim_graph_training(BrimGraph **graph, const BrimStepConf *conf);

/* Parts FOLD (BN into the convolutions) and INFER (input, forward, decode). */
BrimStatus brim_graph_inference(BrimGraph **graph, const BrimStepConf *conf);

/* Rows of predictions for one picture. */
int brim_graph_prediction_rows(const BrimModel *model, int height_px, int width_px);

/* The largest batch of square pictures that an inference takes: its pictures are one tensor, and so are their
 * predictions, whose elements are counted in 32 bits. 0 where not even one has room. */
int brim_graph_most_inferred(const BrimModel *model, int side_px);

#endif
