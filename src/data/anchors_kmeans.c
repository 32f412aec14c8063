/* Lloyd's algorithm: each label to its nearest mean, each mean to the middle of its labels, until the mean
 * distance changes no more. */
#include "data/anchors_kmeans.h"

#include <math.h>
#include <string.h>

enum { TRIES = 30 };

static const double least_change = 1e-5; /* scipy's thresh */

typedef struct Means {
    double at[BRIM_ANCHORS_MOST][2];
    int count;
} Means;

/* Divides by the deviation of each side; one that does not vary stays as it is. */
static void whiten(double (*points)[2], const BrimLabelSides *sides, int count, double deviations[2])
{
    double sums[2] = {0, 0}, squares[2] = {0, 0};
    for (int i = 0; i < count; i++) {
        points[i][0] = sides[i].width_px;
        points[i][1] = sides[i].height_px;
        sums[0] += points[i][0];
        sums[1] += points[i][1];
    }
    for (int i = 0; i < count; i++)
        for (int j = 0; j < 2; j++)
            squares[j] += (points[i][j] - sums[j] / count) * (points[i][j] - sums[j] / count);
    for (int j = 0; j < 2; j++)
        deviations[j] = squares[j] > 0 ? sqrt(squares[j] / count) : 1;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < 2; j++)
            points[i][j] /= deviations[j];
}

/* Different points, each as likely as the others: the first of a shuffled order. */
static void choose(Means *means, const double (*points)[2], int32_t *order, int count, BrimRandom *random)
{
    for (int i = 0; i < means->count; i++) {
        int other = i + (int)brim_random_below(random, (uint32_t)(count - i));
        int32_t swap = order[i];
        order[i] = order[other];
        order[other] = swap;
        memcpy(means->at[i], points[order[i]], sizeof means->at[i]);
    }
}

/* Moves the means once; gives the mean distance before, or infinity when a mean has no point. */
static double step(Means *means, const double (*points)[2], int count)
{
    double sums[BRIM_ANCHORS_MOST][2] = {{0}}, distance = 0;
    int members[BRIM_ANCHORS_MOST] = {0};
    for (int i = 0; i < count; i++) {
        double nearest = INFINITY;
        int own = 0;
        for (int j = 0; j < means->count; j++) {
            double x = points[i][0] - means->at[j][0], y = points[i][1] - means->at[j][1];
            double squared = x * x + y * y;
            own = squared < nearest ? j : own;
            nearest = squared < nearest ? squared : nearest;
        }
        distance += sqrt(nearest);
        sums[own][0] += points[i][0];
        sums[own][1] += points[i][1];
        members[own]++;
    }
    for (int j = 0; j < means->count; j++) {
        if (members[j] == 0)
            return INFINITY;
        means->at[j][0] = sums[j][0] / members[j];
        means->at[j][1] = sums[j][1] / members[j];
    }
    return distance / count;
}

static double settle(Means *means, const double (*points)[2], int count)
{
    double distance = step(means, points, count), change = INFINITY;
    while (distance < INFINITY && change > least_change) {
        double now = step(means, points, count);
        change = fabs(distance - now);
        distance = now;
    }
    return distance;
}

static bool search(Means *best, const double (*points)[2], int32_t *order, int count, BrimRandom *random)
{
    double least = INFINITY;
    if (count < best->count)
        return false;
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = 0; i < TRIES; i++) {
        Means means = {.count = best->count};
        choose(&means, points, order, count, random);
        double distance = settle(&means, points, count);
        if (distance < least) {
            least = distance;
            *best = means;
        }
    }
    return least < INFINITY;
}

BrimStatus brim_anchors_kmeans(double (*means_px)[2], int mean_count, const BrimLabelSides *sides, int count,
                               BrimRandom *random, bool *found)
{
    BrimStatus status = BRIM_ERROR_MEMORY;
    Means best = {.count = mean_count};
    double deviations[2];
    double(*points)[2] = brim_mem_take(BRIM_MEM_DATA, (size_t)count, sizeof *points);
    int32_t *order = brim_mem_take(BRIM_MEM_DATA, (size_t)count, sizeof *order);
    if (points && order) {
        whiten(points, sides, count, deviations);
        *found = search(&best, points, order, count, random);
        for (int i = 0; *found && i < mean_count; i++)
            for (int j = 0; j < 2; j++)
                means_px[i][j] = best.at[i][j] * deviations[j];
        status = BRIM_OK;
    }
    brim_mem_give(points);
    brim_mem_give(order);
    return status;
}
