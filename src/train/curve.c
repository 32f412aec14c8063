/* Curves of one class. They are walked row by row with counts alone, so that no curve of all detections is
 * kept. */
#include "train/curve.h"

#include <stdbool.h>
#include <string.h>

enum { RECALL_POINTS = 101, FILTER = 101 }; /* v7.0's smooth(f1, 0.1) of 1000 points has 101 taps */

typedef struct Point {
    double x, y;
} Point;

static bool is_correct(const BrimRankedClass *ranked, int64_t row, int threshold)
{
    return ranked->scored[ranked->rows[row]].correct >> threshold & 1;
}

/* On the line between two points, in numpy's order of operations. */
static double between(Point a, Point b, double x)
{
    return x == a.x ? a.y : (b.y - a.y) / (b.x - a.x) * (x - a.x) + a.y;
}

double brim_curve_confidence(int point)
{
    return point == BRIM_CURVE_POINTS - 1 ? 1 : point * (1.0 / (BRIM_CURVE_POINTS - 1));
}

/* Negative confidences rise from row to row: the x of v7.0's interpolation. */
static double position(const BrimRankedClass *ranked, int64_t row)
{
    return -(double)ranked->scored[ranked->rows[row]].confidence;
}

void brim_curve_make(const BrimRankedClass *ranked, double *precision, double *recall)
{
    memset(precision, 0, BRIM_CURVE_POINTS * sizeof *precision);
    memset(recall, 0, BRIM_CURVE_POINTS * sizeof *recall);
    if (ranked->count == 0 || ranked->labels == 0)
        return;
    double right = is_correct(ranked, 0, 0);
    Point p = {position(ranked, 0), right}, r = {p.x, right / ranked->labels};
    int point = BRIM_CURVE_POINTS - 1;
    for (; point >= 0 && -brim_curve_confidence(point) < p.x; point--)
        precision[point] = 1;
    for (int64_t row = 1; row < ranked->count; row++) {
        right += is_correct(ranked, row, 0);
        Point next_p = {position(ranked, row), right / (double)(row + 1)};
        Point next_r = {next_p.x, right / ranked->labels};
        for (; point >= 0 && -brim_curve_confidence(point) < next_p.x; point--) {
            precision[point] = between(p, next_p, -brim_curve_confidence(point));
            recall[point] = between(r, next_r, -brim_curve_confidence(point));
        }
        p = next_p;
        r = next_r;
    }
    for (; point >= 0; point--) {
        precision[point] = p.y;
        recall[point] = r.y;
    }
}

double brim_curve_average_precision(const BrimRankedClass *ranked, int threshold)
{
    double heights[RECALL_POINTS] = {0}, area = 0;
    int64_t right = 0;
    for (int64_t row = 0; row < ranked->count; row++)
        right += is_correct(ranked, row, threshold);
    if (right == 0 || ranked->labels == 0)
        return 0;
    /* From full recall down; the envelope is the highest precision at this recall or a higher one. */
    Point next = {1, 0};
    int i = RECALL_POINTS - 2; /* at recall 1 the sentinel behind the last detection has 0 */
    for (int64_t rows = ranked->count; rows >= 0; rows--) {
        double precision = rows == 0 ? 1 : (double)right / (double)rows;
        Point now = {(double)right / ranked->labels, precision > next.y ? precision : next.y};
        for (; i >= 0 && i * 0.01 >= now.x; i--)
            heights[i] = between(now, next, i * 0.01);
        next = now;
        right -= rows > 0 && is_correct(ranked, rows - 1, threshold);
    }
    for (int k = 0; k + 1 < RECALL_POINTS; k++)
        area += ((k + 1) * 0.01 - k * 0.01) * (heights[k + 1] + heights[k]) / 2;
    return area;
}

int brim_curve_peak(const double *curve)
{
    int peak = 0;
    double highest = -1;
    for (int point = 0; point < BRIM_CURVE_POINTS; point++) {
        double sum = 0;
        for (int k = point - FILTER / 2; k <= point + FILTER / 2; k++)
            sum += curve[k < 0 ? 0 : k < BRIM_CURVE_POINTS ? k : BRIM_CURVE_POINTS - 1] * (1.0 / FILTER);
        if (sum > highest) {
            highest = sum;
            peak = point;
        }
    }
    return peak;
}
