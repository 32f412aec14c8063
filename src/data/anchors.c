/* The nearness of labels and anchors, and the search by mutation. K-means stands in anchors_kmeans.c. */
#include "data/anchors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/anchors_kmeans.h"

static const float least_side_px = 2; /* kmean_anchors, utils/autoanchor.py */

void brim_anchors_sides(const BrimSplit *split, int imgsz_px, const double *scales, BrimLabelSides *sides)
{
    for (int i = 0; i < split->sample_count; i++) {
        const BrimSample *sample = &split->samples[i];
        const BrimLabel *labels = split->labels + sample->first_label;
        int longest = sample->width_px > sample->height_px ? sample->width_px : sample->height_px;
        double scale = (double)imgsz_px / longest * (scales ? scales[i] : 1);
        for (int j = 0; j < sample->label_count; j++)
            *sides++ = (BrimLabelSides){(float)(labels[j].w * (sample->width_px * scale)),
                                        (float)(labels[j].h * (sample->height_px * scale))};
    }
}

/* The smaller of all four ratios of sides: 1 is equal, 0 far apart. */
static inline float nearness(BrimLabelSides label, const float anchor[2])
{
    float width = label.width_px / anchor[0], height = label.height_px / anchor[1];
    float worst_width = width < 1 ? width : 1 / width, worst_height = height < 1 ? height : 1 / height;
    return worst_width < worst_height ? worst_width : worst_height;
}

static void to_floats(float (*to)[2], const double (*from)[2], int count)
{
    for (int i = 0; i < count; i++) {
        to[i][0] = (float)from[i][0];
        to[i][1] = (float)from[i][1];
    }
}

BrimAnchorFit brim_anchors_measure(const BrimLabelSides *sides, int count, const double (*anchors_px)[2],
                                   int anchor_count, double ratio)
{
    BrimAnchorFit fit = {0, 0, 0};
    float anchors[BRIM_ANCHORS_MOST][2], least = (float)(1 / ratio);
    to_floats(anchors, anchors_px, anchor_count);
    for (int i = 0; i < count; i++) {
        float best = 0;
        int near = 0;
        for (int j = 0; j < anchor_count; j++) {
            float now = nearness(sides[i], anchors[j]);
            best = now > best ? now : best;
            near += now > least;
        }
        fit.anchors += near;
        fit.recall += best > least;
        fit.fitness += best > least ? (double)best : 0;
    }
    double each = count > 0 ? 1.0 / count : 0;
    return (BrimAnchorFit){fit.recall * each, fit.anchors * each, fit.fitness * each};
}

/* Every side by a factor of its own or 1; never all by 1. */
static void mutate(double (*to)[2], const double (*from)[2], int count, BrimRandom *random)
{
    static const double chance = 0.9, deviation = 0.1, least = 0.3, most = 3;
    bool changed = false;
    while (!changed) {
        double reach = brim_random_unit(random);
        for (int i = 0; i < 2 * count; i++) {
            double factor = 1;
            if (brim_random_unit(random) < chance)
                factor += reach * brim_random_normal(random) * deviation;
            factor = fmin(fmax(factor, least), most);
            changed = changed || factor != 1;
            to[i / 2][i % 2] = fmax(from[i / 2][i % 2] * factor, least_side_px);
        }
    }
}

static void evolve(double (*anchors_px)[2], int anchor_count, const BrimLabelSides *sides, int count,
                   double ratio, BrimRandom *random)
{
    double best = brim_anchors_measure(sides, count, anchors_px, anchor_count, ratio).fitness;
    double child[BRIM_ANCHORS_MOST][2];
    for (int i = 0; i < BRIM_ANCHORS_GENERATIONS; i++) {
        mutate(child, anchors_px, anchor_count, random);
        double fitness = brim_anchors_measure(sides, count, child, anchor_count, ratio).fitness;
        if (fitness > best) {
            best = fitness;
            memcpy(anchors_px, child, (size_t)anchor_count * sizeof *child);
        }
    }
}

static int compare_numbers(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static int compare_areas(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return compare_numbers(&(double){a[0] * a[1]}, &(double){b[0] * b[1]});
}

/* Where k-means finds fewer clusters than anchors: any sides, in order. */
static void scatter(double (*anchors_px)[2], int anchor_count, int imgsz_px, BrimRandom *random)
{
    double *numbers = anchors_px[0];
    for (int i = 0; i < 2 * anchor_count; i++)
        numbers[i] = brim_random_unit(random) * imgsz_px;
    qsort(numbers, 2 * (size_t)anchor_count, sizeof *numbers, compare_numbers);
}

BrimStatus brim_anchors_find(double (*anchors_px)[2], int anchor_count, const BrimLabelSides *sides,
                             int count, int imgsz_px, double ratio, BrimRandom *random)
{
    int kept_count = 0;
    bool found;
    BrimLabelSides *kept = brim_mem_take(BRIM_MEM_DATA, (size_t)count, sizeof *kept);
    if (!kept)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < count; i++)
        if (sides[i].width_px >= least_side_px || sides[i].height_px >= least_side_px)
            kept[kept_count++] = sides[i];
    BrimStatus status = BRIM_OK;
    if (kept_count == 0)
        status = brim_fail(BRIM_ERROR_INPUT, "anchors: none of the %d labels has 2 px at --imgsz %d", count,
                           imgsz_px);
    else
        status = brim_anchors_kmeans(anchors_px, anchor_count, kept, kept_count, random, &found);
    if (status == BRIM_OK) {
        if (!found)
            scatter(anchors_px, anchor_count, imgsz_px, random);
        evolve(anchors_px, anchor_count, kept, kept_count, ratio, random);
        qsort(anchors_px, (size_t)anchor_count, sizeof *anchors_px, compare_areas);
    }
    brim_mem_give(kept);
    return status;
}
