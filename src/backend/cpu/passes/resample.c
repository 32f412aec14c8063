/* Passes that look at neighbours: max pooling and nearest upsampling, both ways. A plane, which is one
 * channel block of one picture, belongs to one thread. */
#include <math.h>

#include "backend/cpu/passes/list.h"
#include "backend/cpu/passes/units.h"

static Vector *plane_of(const BrimFeature *feature, int index)
{
    int blocks = (feature->c + BLOCK - 1) / BLOCK;
    const Unit unit = {.n = index / blocks, .block = index % blocks};
    return unit_data(feature, &unit);
}

static int plane_count(const BrimFeature *feature)
{
    return feature->n * ((feature->c + BLOCK - 1) / BLOCK);
}

/* The part of a window around `at` that is inside 0..size. */
typedef struct Span {
    int first, end;
} Span;

static Span window(int at, int kernel, int size)
{
    Span span = {at - kernel / 2, at - kernel / 2 + kernel};
    span.first = span.first < 0 ? 0 : span.first;
    span.end = span.end > size ? size : span.end;
    return span;
}

static void pool_plane(const Vector *x, Vector *y, int height, int width, int kernel)
{
    for (int row = 0; row < height; row++) {
        Span rows = window(row, kernel, height);
        for (int column = 0; column < width; column++) {
            Span columns = window(column, kernel, width);
            Vector most = vector_fill(-INFINITY);
            for (int i = rows.first; i < rows.end; i++)
                for (int j = columns.first; j < columns.end; j++)
                    most = vector_max(most, x[i * width + j]);
            y[row * width + column] = most;
        }
    }
}

void BRIM_PASS(pool_forward)(const BrimCall *call)
{
    BrimFeature x = brim_call_in_feature(call, 0), y = brim_call_out_feature(call, 0);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < plane_count(&x); i++)
        pool_plane(plane_of(&x, i), plane_of(&y, i), x.h, x.w, call->op->kernel);
}

/* Where in the plane the window's first maximum is, going row by row. */
static VectorInt first_maximum(const Vector *x, Span rows, Span columns, int width)
{
    Vector most = vector_fill(-INFINITY);
    VectorInt at = {0};
    at += rows.first * width + columns.first;
    for (int i = rows.first; i < rows.end; i++) {
        for (int j = columns.first; j < columns.end; j++) {
            VectorInt more = x[i * width + j] > most;
            most = vector_max(x[i * width + j], most);
            at = (more & (i * width + j)) | (~more & at);
        }
    }
    return at;
}

static void pool_plane_back(const Vector *x, const Vector *dy, float *dx, int height, int width, int kernel)
{
    for (int row = 0; row < height; row++) {
        Span rows = window(row, kernel, height);
        for (int column = 0; column < width; column++) {
            VectorInt at = first_maximum(x, rows, window(column, kernel, width), width);
            Vector slope = dy[row * width + column];
            for (int lane = 0; lane < BLOCK; lane++)
                dx[at[lane] * BLOCK + lane] += slope[lane];
        }
    }
}

void BRIM_PASS(pool_backward)(const BrimCall *call)
{
    BrimFeature x = brim_call_in_feature(call, 0), dy = brim_call_in_feature(call, 1);
    BrimFeature dx = brim_call_out_feature(call, 0);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < plane_count(&x); i++)
        pool_plane_back(plane_of(&x, i), plane_of(&dy, i), (float *)plane_of(&dx, i), x.h, x.w,
                        call->op->kernel);
}

static void upsample_plane(const Vector *x, Vector *y, int height, int width)
{
    for (int row = 0; row < 2 * height; row++) {
        for (int column = 0; column < width; column++) {
            Vector value = x[row / 2 * width + column];
            y[(row * width + column) * 2] = value;
            y[(row * width + column) * 2 + 1] = value;
        }
    }
}

void BRIM_PASS(upsample_forward)(const BrimCall *call)
{
    BrimFeature x = brim_call_in_feature(call, 0), dests[BRIM_MAX_DESTS];
    int count = brim_call_out_run(call, 0, dests, BRIM_MAX_DESTS);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < plane_count(&x); i++) {
        for (int dest = 0; dest < count; dest++)
            upsample_plane(plane_of(&x, i), plane_of(&dests[dest], i), x.h, x.w);
    }
}

void BRIM_PASS(upsample_backward)(const BrimCall *call)
{
    BrimFeature dy = brim_call_in_feature(call, 0), dx = brim_call_out_feature(call, 0);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < plane_count(&dx); i++) {
        const Vector *from = plane_of(&dy, i);
        Vector *to = plane_of(&dx, i);
        for (int row = 0; row < dx.h; row++) {
            const Vector *upper = from + 4 * row * dx.w, *lower = upper + 2 * dx.w;
            for (int column = 0; column < dx.w; column++)
                to[row * dx.w + column] =
                    (upper[2 * column] + upper[2 * column + 1]) + (lower[2 * column] + lower[2 * column + 1]);
        }
    }
}
