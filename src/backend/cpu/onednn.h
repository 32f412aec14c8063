/* Convolutions by oneDNN, and the layouts that they are done in. All that depends on oneDNN and its version
 * is in onednn*.c. Knows shapes and pointers; must not know graphs.
 *
 * Features are nChw{b}c with b = 16 where AVX-512 may be used and 8 elsewhere, filters OIhw{b}i{b}o, and the
 * filters that read pictures (plain nchw) Ohwi{b}o: what the forward kernels want. Backward kernels want
 * filters differently, for which a convolution keeps a copy in its workspace. */
#ifndef BRIM_BACKEND_CPU_ONEDNN_H
#define BRIM_BACKEND_CPU_ONEDNN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct BrimOnednn BrimOnednn;
typedef struct BrimOnednnConv BrimOnednnConv; /* a convolution bound to its buffers */

typedef enum BrimConvWay {
    BRIM_CONV_FORWARD,
    BRIM_CONV_BACKWARD_DATA,
    BRIM_CONV_BACKWARD_WEIGHTS
} BrimConvWay;

typedef struct BrimConvTask {
    BrimConvWay way;
    int n, in_channels, in_height, in_width; /* x */
    int out_channels, out_height, out_width; /* y */
    int kernel, stride, padding;
    int block;     /* of the features */
    bool pictures; /* x is plain nchw */
    bool bias;
    bool silu; /* FORWARD: SiLU on the way out */
} BrimConvTask;

/* What is read and what is written depends on the way. workspace: of brim_onednn_workspace bytes. */
typedef struct BrimConvBuffers {
    float *x, *w, *bias, *y;
    void *workspace;
} BrimConvBuffers;

typedef enum BrimCpuIsa {
    BRIM_CPU_BASE, /* no more than the architecture promises */
    BRIM_CPU_AVX2,
    BRIM_CPU_AVX512
} BrimCpuIsa;

BrimStatus brim_onednn_open(BrimOnednn **onednn);
void brim_onednn_close(BrimOnednn **onednn);

/* For example "oneDNN 2.6.3". */
void brim_onednn_version(char *text, size_t room);

/* What oneDNN may use of this processor; ONEDNN_MAX_CPU_ISA lowers it. */
BrimCpuIsa brim_onednn_isa(void);

/* Bytes that a convolution needs while it runs. ERROR_UNSUPPORTED where oneDNN would fall back to its
 * reference implementation, which takes a hundred times as long. Depends on OpenMP's present number of
 * threads, as open does. */
BrimStatus brim_onednn_workspace(BrimOnednn *onednn, const BrimConvTask *task, size_t *bytes);

BrimStatus brim_onednn_conv_open(BrimOnednnConv **conv, BrimOnednn *onednn, const BrimConvTask *task,
                                 const BrimConvBuffers *buffers);
void brim_onednn_conv_close(BrimOnednnConv **conv);

/* accumulate: BACKWARD_WEIGHTS adds to w and bias. */
BrimStatus brim_onednn_conv_run(BrimOnednnConv *conv, bool accumulate);

#endif
