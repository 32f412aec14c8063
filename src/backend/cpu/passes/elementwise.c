/* Passes that look at one element at a time: SiLU with a shortcut's sum, copies, sums, pictures to floats. */
#include "backend/cpu/passes/list.h"
#include "backend/cpu/passes/units.h"

static void activate(const Vector *x, const Vector *residual, Vector *const *dests, int dest_count,
                     int pixels, bool activation)
{
    for (int i = 0; i < pixels; i++) {
        Vector value = activation ? vector_silu(x[i]) : x[i];
        if (residual)
            value += residual[i];
        for (int dest = 0; dest < dest_count; dest++)
            dests[dest][i] = value;
    }
}

/* act(x) + residual, to the dests. */
static void run_units(const BrimCall *call, const BrimFeature *residual, bool activation)
{
    BrimFeature x = brim_call_in_feature(call, 0), dests[BRIM_MAX_DESTS];
    int dest_count = brim_call_out_run(call, 0, dests, BRIM_MAX_DESTS);
    Units units = units_of(&x);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < units.count; i++) {
        Vector *to[BRIM_MAX_DESTS];
        Unit unit = unit_at(&units, i);
        for (int dest = 0; dest < dest_count; dest++)
            to[dest] = unit_data(&dests[dest], &unit);
        activate(unit_data(&x, &unit), unit_data(residual, &unit), to, dest_count, unit.pixels, activation);
    }
}

void BRIM_PASS(act_forward)(const BrimCall *call)
{
    BrimFeature residual = brim_call_in_feature(call, 1);
    run_units(call, &residual, call->op->activation);
}

void BRIM_PASS(copy)(const BrimCall *call)
{
    const BrimFeature none = {.data = NULL};
    run_units(call, &none, false);
}

void BRIM_PASS(add)(const BrimCall *call)
{
    BrimFeature terms[BRIM_MAX_GRADS], sum = brim_call_out_feature(call, 0);
    int count = brim_call_in_run(call, 0, terms, BRIM_MAX_GRADS);
    Units units = units_of(&sum);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < units.count; i++) {
        const Vector *from[BRIM_MAX_GRADS];
        Unit unit = unit_at(&units, i);
        Vector *to = unit_data(&sum, &unit);
        for (int term = 0; term < count; term++)
            from[term] = unit_data(&terms[term], &unit);
        for (int pixel = 0; pixel < unit.pixels; pixel++) {
            Vector value = from[0][pixel];
            for (int term = 1; term < count; term++)
                value += from[term][pixel];
            to[pixel] = value;
        }
    }
}

void BRIM_PASS(input)(const BrimCall *call)
{
    const uint8_t *pictures = brim_call_in(call, 0);
    const BrimFeature x = brim_call_out_feature(call, 0);
    size_t width = (size_t)x.w, plane = (size_t)x.h * width;
#pragma omp parallel for schedule(static)
    for (int row = 0; row < x.n * x.h; row++) {
        const uint8_t *from = pictures + (size_t)row * width * 3;
        float *to = x.data + (size_t)(row / x.h) * x.image_floats + (size_t)(row % x.h) * width;
        float *restrict red = to, *restrict green = to + plane, *restrict blue = to + 2 * plane;
        for (size_t i = 0; i < width; i++) {
            red[i] = (float)from[3 * i] / 255.0f;
            green[i] = (float)from[3 * i + 1] / 255.0f;
            blue[i] = (float)from[3 * i + 2] / 255.0f;
        }
    }
}
