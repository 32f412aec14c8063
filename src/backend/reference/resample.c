/* Max pooling and nearest upsampling, with their gradients. */
#include "backend/reference/ops.h"

/* The first maximum of the window around row, column, in the order of rows: the place that torch's pooling
 * picks. */
static float *first_maximum(const BrimFeature *x, int n, int c, int row, int column, int kernel)
{
    float *best = NULL;
    for (int y = row - kernel / 2; y <= row + kernel / 2; y++) {
        for (int at = column - kernel / 2; at <= column + kernel / 2; at++) {
            if (y < 0 || y >= x->h || at < 0 || at >= x->w)
                continue;
            float *cell = brim_feature_at(x, n, c, y, at);
            if (!best || *cell > *best)
                best = cell;
        }
    }
    return best;
}

void brim_reference_pool_forward(const BrimCall *call)
{
    BrimFeature x = brim_call_in_feature(call, 0), y = brim_call_out_feature(call, 0);
    for (int n = 0; n < x.n; n++) {
        for (int c = 0; c < x.c; c++) {
            for (int i = 0; i < x.h * x.w; i++)
                *brim_feature_at(&y, n, c, i / x.w, i % x.w) =
                    *first_maximum(&x, n, c, i / x.w, i % x.w, call->op->kernel);
        }
    }
}

void brim_reference_pool_backward(const BrimCall *call)
{
    BrimFeature x = brim_call_in_feature(call, 0), dy = brim_call_in_feature(call, 1);
    BrimFeature dx = brim_call_out_feature(call, 0);
    for (int n = 0; n < x.n; n++) {
        for (int c = 0; c < x.c; c++) {
            const float *plane = brim_feature_at(&x, n, c, 0, 0);
            for (int i = 0; i < x.h * x.w; i++) {
                int at = (int)(first_maximum(&x, n, c, i / x.w, i % x.w, call->op->kernel) - plane);
                *brim_feature_at(&dx, n, c, at / x.w, at % x.w) +=
                    *brim_feature_at(&dy, n, c, i / x.w, i % x.w);
            }
        }
    }
}

void brim_reference_upsample_forward(const BrimCall *call)
{
    BrimFeature x = brim_call_in_feature(call, 0), dests[BRIM_MAX_DESTS];
    int dest_count = brim_call_out_run(call, 0, dests, BRIM_MAX_DESTS);
    for (int dest = 0; dest < dest_count; dest++) {
        const BrimFeature *y = &dests[dest];
        for (int n = 0; n < y->n; n++) {
            for (int c = 0; c < y->c; c++) {
                for (int i = 0; i < y->h * y->w; i++)
                    *brim_feature_at(y, n, c, i / y->w, i % y->w) =
                        *brim_feature_at(&x, n, c, i / y->w / 2, i % y->w / 2);
            }
        }
    }
}

void brim_reference_upsample_backward(const BrimCall *call)
{
    BrimFeature dy = brim_call_in_feature(call, 0), dx = brim_call_out_feature(call, 0);
    for (int n = 0; n < dx.n; n++) {
        for (int c = 0; c < dx.c; c++) {
            for (int i = 0; i < dx.h * dx.w; i++) {
                int y = i / dx.w * 2, x = i % dx.w * 2;
                *brim_feature_at(&dx, n, c, y / 2, x / 2) =
                    *brim_feature_at(&dy, n, c, y, x) + *brim_feature_at(&dy, n, c, y, x + 1) +
                    *brim_feature_at(&dy, n, c, y + 1, x) + *brim_feature_at(&dy, n, c, y + 1, x + 1);
            }
        }
    }
}
