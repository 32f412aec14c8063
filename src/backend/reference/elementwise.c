/* Passes that treat every element alike: pictures to floats, activation, copy, sum. */
#include "backend/reference/ops.h"
#include "element/activation.h"

void brim_reference_input(const BrimCall *call)
{
    const uint8_t *pictures = brim_call_in(call, 0);
    BrimFeature x = brim_call_out_feature(call, 0);
    for (int n = 0; n < x.n; n++) {
        for (int row = 0; row < x.h; row++) {
            for (int column = 0; column < x.w; column++) {
                for (int c = 0; c < x.c; c++)
                    *brim_feature_at(&x, n, c, row, column) = (float)*pictures++ / 255.0f;
            }
        }
    }
}

/* Calls dests = what(x) + res for every element; res.data may be NULL. */
static void map(const BrimCall *call, bool silu, BrimFeature res)
{
    BrimFeature x = brim_call_in_feature(call, 0), dests[BRIM_MAX_DESTS];
    int dest_count = brim_call_out_run(call, 0, dests, BRIM_MAX_DESTS);
    for (int n = 0; n < x.n; n++) {
        for (int c = 0; c < x.c; c++) {
            for (int i = 0; i < x.h * x.w; i++) {
                float value = *brim_feature_at(&x, n, c, i / x.w, i % x.w);
                value = silu ? brim_silu(value) : value;
                if (res.data)
                    value += *brim_feature_at(&res, n, c, i / x.w, i % x.w);
                for (int dest = 0; dest < dest_count; dest++)
                    *brim_feature_at(&dests[dest], n, c, i / x.w, i % x.w) = value;
            }
        }
    }
}

void brim_reference_act_forward(const BrimCall *call)
{
    map(call, call->op->activation, brim_call_in_feature(call, 1));
}

void brim_reference_copy(const BrimCall *call)
{
    map(call, false, (BrimFeature){.data = NULL});
}

void brim_reference_add(const BrimCall *call)
{
    BrimFeature terms[BRIM_OP_IN], y = brim_call_out_feature(call, 0);
    int term_count = brim_call_in_run(call, 0, terms, BRIM_OP_IN);
    for (int n = 0; n < y.n; n++) {
        for (int c = 0; c < y.c; c++) {
            for (int i = 0; i < y.h * y.w; i++) {
                float sum = *brim_feature_at(&terms[0], n, c, i / y.w, i % y.w);
                for (int term = 1; term < term_count; term++)
                    sum += *brim_feature_at(&terms[term], n, c, i / y.w, i % y.w);
                *brim_feature_at(&y, n, c, i / y.w, i % y.w) = sum;
            }
        }
    }
}
