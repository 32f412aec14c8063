/* Collects the detections of a validation picture by picture, then takes the figures of each class from them.
 */
#include "train/metrics.h"

#include <string.h>

#include "train/curve.h"
#include "train/rank.h"

struct BrimMetrics {
    BrimMetricsConf conf;
    BrimScored *scored; /* rows_room */
    int64_t row_count, row_room;
    BrimRanked *ranked, *spare; /* row_room each */
    uint32_t *rows;             /* by class, then by falling confidence; shares spare's bytes */
    int64_t *first;             /* class_count + 1: where each class begins in rows */
    int *labels, *pictures;     /* by class */
    int *last_picture;          /* by class: the picture last counted */
    int picture;
    BrimClassMetrics *figures; /* by class, after compute */
    int64_t *confusion;        /* (class_count + 1)^2 */
    uint16_t *correct;         /* max_det: of one picture */
    uint16_t *taken;           /* most_labels: likewise */
    int *matched;              /* most_labels */
    float *ious;               /* most_labels */
    bool *used;                /* max_det */
};

/* A block that the metrics hold: where its address is kept, and its size. */
typedef struct Block {
    size_t offset, count, size;
} Block;

enum { BLOCKS = 14 };

static void list_blocks(const BrimMetricsConf *conf, Block blocks[BLOCKS])
{
    size_t rows = (size_t)conf->max_det * (size_t)conf->pictures, classes = (size_t)conf->class_count;
    size_t det = (size_t)conf->max_det, labels = (size_t)conf->most_labels;
#define BLOCK(field, count)                                                                                  \
    {                                                                                                        \
        offsetof(BrimMetrics, field), count, sizeof *((BrimMetrics *)0)->field                               \
    }
    const Block list[BLOCKS] = {
        BLOCK(scored, rows),
        BLOCK(ranked, rows),
        BLOCK(spare, rows),
        BLOCK(first, classes + 1),
        BLOCK(labels, classes),
        BLOCK(pictures, classes),
        BLOCK(last_picture, classes),
        BLOCK(figures, classes),
        BLOCK(confusion, (classes + 1) * (classes + 1)),
        BLOCK(correct, det),
        BLOCK(taken, labels),
        BLOCK(matched, labels),
        BLOCK(ious, labels),
        BLOCK(used, det),
    };
#undef BLOCK
    memcpy(blocks, list, sizeof list);
}

size_t brim_metrics_bytes(const BrimMetricsConf *conf)
{
    Block blocks[BLOCKS];
    size_t bytes = sizeof(BrimMetrics);
    list_blocks(conf, blocks);
    for (int i = 0; i < BLOCKS; i++)
        bytes += blocks[i].count * blocks[i].size;
    return bytes;
}

static void **block_of(BrimMetrics *metrics, const Block *block)
{
    return (void **)((char *)metrics + block->offset);
}

BrimStatus brim_metrics_open(BrimMetrics **metrics, const BrimMetricsConf *conf)
{
    Block blocks[BLOCKS];
    *metrics = NULL;
    if (conf->pictures > 0 && conf->max_det > 0 &&
        (uint64_t)conf->max_det * (uint64_t)conf->pictures > UINT32_MAX)
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "%d detections of each of %d pictures are more than can be ranked; --max-det %u can be",
                         conf->max_det, conf->pictures, UINT32_MAX / (unsigned)conf->pictures);
    if (conf->class_count < 1 || conf->class_count > UINT16_MAX || conf->max_det < 1 || conf->pictures < 0 ||
        conf->most_labels < 0)
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "no metrics of %d classes, %d pictures of at most %d detections and %d labels",
                         conf->class_count, conf->pictures, conf->max_det, conf->most_labels);
    *metrics = brim_mem_take(BRIM_MEM_TRAIN, 1, sizeof **metrics);
    if (!*metrics)
        return BRIM_ERROR_MEMORY;
    (*metrics)->conf = *conf;
    (*metrics)->row_room = (int64_t)conf->max_det * conf->pictures;
    list_blocks(conf, blocks);
    for (int i = 0; i < BLOCKS; i++) {
        void **block = block_of(*metrics, &blocks[i]);
        *block = brim_mem_take(BRIM_MEM_TRAIN, blocks[i].count, blocks[i].size);
        if (!*block) {
            brim_metrics_close(metrics);
            return BRIM_ERROR_MEMORY;
        }
    }
    (*metrics)->rows = (uint32_t *)(void *)(*metrics)->spare;
    return BRIM_OK;
}

void brim_metrics_close(BrimMetrics **metrics)
{
    Block blocks[BLOCKS];
    if (!*metrics)
        return;
    list_blocks(&(*metrics)->conf, blocks);
    for (int i = 0; i < BLOCKS; i++)
        brim_mem_give(*block_of(*metrics, &blocks[i]));
    brim_mem_give(*metrics);
    *metrics = NULL;
}

void brim_metrics_reset(BrimMetrics *metrics)
{
    size_t classes = (size_t)metrics->conf.class_count;
    metrics->row_count = 0;
    metrics->picture = 0;
    memset(metrics->labels, 0, classes * sizeof *metrics->labels);
    memset(metrics->pictures, 0, classes * sizeof *metrics->pictures);
    memset(metrics->last_picture, 0, classes * sizeof *metrics->last_picture);
    memset(metrics->figures, 0, classes * sizeof *metrics->figures);
    memset(metrics->confusion, 0, (classes + 1) * (classes + 1) * sizeof *metrics->confusion);
}

static void count_labels(BrimMetrics *metrics, const BrimTruth *truths, int count)
{
    metrics->picture++;
    for (int t = 0; t < count; t++) {
        int class_index = (int)truths[t].class_index;
        metrics->labels[class_index]++;
        metrics->pictures[class_index] += metrics->last_picture[class_index] != metrics->picture;
        metrics->last_picture[class_index] = metrics->picture;
    }
}

/* As v7.0 fills it: a picture without a single match, or without labels, adds no false detections. */
static void add_confusion(BrimMetrics *metrics, const BrimDetection *detections, int detection_count,
                          const BrimTruth *truths, int truth_count)
{
    int background = metrics->conf.class_count, width = background + 1;
    int matches = brim_match_any_class(detections, detection_count, truths, truth_count, metrics->matched,
                                       metrics->ious);
    memset(metrics->used, 0, (size_t)detection_count * sizeof *metrics->used);
    for (int t = 0; t < truth_count; t++) {
        int d = metrics->matched[t];
        int row = d < 0 ? background : (int)detections[d].class_index;
        metrics->confusion[row * width + (int)truths[t].class_index]++;
        if (d >= 0)
            metrics->used[d] = true;
    }
    for (int d = 0; d < detection_count && matches > 0; d++)
        if (!metrics->used[d] && detections[d].confidence > BRIM_CONFUSION_CONFIDENCE)
            metrics->confusion[(int)detections[d].class_index * width + background]++;
}

void brim_metrics_add(BrimMetrics *metrics, const BrimDetection *detections, int detection_count,
                      const BrimTruth *truths, int truth_count)
{
    int64_t left = metrics->row_room - metrics->row_count;
    int most = metrics->conf.max_det < left ? metrics->conf.max_det : (int)left;
    int count = detection_count < most ? detection_count : most;
    int labels = truth_count < metrics->conf.most_labels ? truth_count : metrics->conf.most_labels;
    count_labels(metrics, truths, labels);
    brim_match_correct(detections, count, truths, labels, metrics->correct, metrics->taken);
    add_confusion(metrics, detections, count, truths, labels);
    for (int d = 0; d < count; d++)
        metrics->scored[metrics->row_count++] =
            (BrimScored){detections[d].confidence, (uint16_t)detections[d].class_index, metrics->correct[d]};
}

/* Orders all detections by confidence, then, keeping that, by class. */
static void sort_rows(BrimMetrics *metrics)
{
    int classes = metrics->conf.class_count;
    memset(metrics->first, 0, ((size_t)classes + 1) * sizeof *metrics->first);
    for (int64_t i = 0; i < metrics->row_count; i++) {
        metrics->ranked[i] = (BrimRanked){metrics->scored[i].confidence, (uint32_t)i};
        metrics->first[metrics->scored[i].class_index + 1]++;
    }
    brim_rank(metrics->ranked, metrics->spare, (size_t)metrics->row_count);
    for (int c = 0; c < classes; c++)
        metrics->first[c + 1] += metrics->first[c];
    for (int64_t i = 0; i < metrics->row_count; i++) {
        uint32_t row = metrics->ranked[i].id;
        metrics->rows[metrics->first[metrics->scored[row].class_index]++] = row;
    }
    for (int c = classes; c > 0; c--) /* each start has moved to its end, the next one's start */
        metrics->first[c] = metrics->first[c - 1];
    metrics->first[0] = 0;
}

static BrimRankedClass ranked_class(const BrimMetrics *metrics, int class_index)
{
    int64_t first = metrics->first[class_index];
    return (BrimRankedClass){metrics->scored, metrics->rows + first, metrics->first[class_index + 1] - first,
                             metrics->labels[class_index]};
}

static double f1_of(double precision, double recall)
{
    return 2 * precision * recall / (precision + recall + 1e-16);
}

/* The confidence, as a point of the curves, at which precision and recall are read. */
static int find_peak(const BrimMetrics *metrics)
{
    double precision[BRIM_CURVE_POINTS], recall[BRIM_CURVE_POINTS], f1[BRIM_CURVE_POINTS] = {0};
    int labelled = 0;
    for (int c = 0; c < metrics->conf.class_count; c++) {
        if (metrics->labels[c] == 0)
            continue;
        labelled++;
        BrimRankedClass ranked = ranked_class(metrics, c);
        brim_curve_make(&ranked, precision, recall);
        for (int i = 0; i < BRIM_CURVE_POINTS; i++)
            f1[i] += f1_of(precision[i], recall[i]);
    }
    for (int i = 0; i < BRIM_CURVE_POINTS && labelled > 0; i++)
        f1[i] /= labelled;
    return brim_curve_peak(f1);
}

static void measure_class(BrimMetrics *metrics, int class_index, int peak)
{
    double precision[BRIM_CURVE_POINTS], recall[BRIM_CURVE_POINTS];
    BrimRankedClass ranked = ranked_class(metrics, class_index);
    BrimClassMetrics *figures = &metrics->figures[class_index];
    brim_curve_make(&ranked, precision, recall);
    figures->precision = precision[peak];
    figures->recall = recall[peak];
    figures->f1 = f1_of(precision[peak], recall[peak]);
    for (int i = 0; i < BRIM_IOU_COUNT; i++) {
        figures->ap[i] = brim_curve_average_precision(&ranked, i);
        figures->ap50_95 += figures->ap[i] / BRIM_IOU_COUNT;
    }
    figures->ap50 = figures->ap[0];
}

static bool any_correct(const BrimMetrics *metrics)
{
    for (int64_t i = 0; i < metrics->row_count; i++)
        if (metrics->scored[i].correct)
            return true;
    return false;
}

void brim_metrics_compute(BrimMetrics *metrics, BrimMeanMetrics *means)
{
    int labelled = 0;
    bool measured = any_correct(metrics); /* v7.0 has zeros in all figures else */
    *means = (BrimMeanMetrics){0};
    if (measured)
        sort_rows(metrics);
    int peak = measured ? find_peak(metrics) : 0;
    for (int c = 0; c < metrics->conf.class_count; c++) {
        BrimClassMetrics *figures = &metrics->figures[c];
        *figures = (BrimClassMetrics){.labels = metrics->labels[c], .pictures = metrics->pictures[c]};
        if (!measured || figures->labels == 0)
            continue;
        measure_class(metrics, c, peak);
        labelled++;
        means->precision += figures->precision;
        means->recall += figures->recall;
        means->map50 += figures->ap50;
        means->map50_95 += figures->ap50_95;
    }
    if (labelled == 0)
        return;
    means->precision /= labelled;
    means->recall /= labelled;
    means->map50 /= labelled;
    means->map50_95 /= labelled;
    means->fitness = 0.1 * means->map50 + 0.9 * means->map50_95;
    means->confidence = brim_curve_confidence(peak);
}

bool brim_metrics_class(const BrimMetrics *metrics, int class_index, BrimClassMetrics *figures)
{
    if (class_index < 0 || class_index >= metrics->conf.class_count || metrics->labels[class_index] == 0)
        return false;
    *figures = metrics->figures[class_index];
    return true;
}

int64_t brim_metrics_detections(const BrimMetrics *metrics)
{
    return metrics->row_count;
}

unsigned brim_metrics_correct(const BrimMetrics *metrics, int64_t detection)
{
    return detection >= 0 && detection < metrics->row_count ? metrics->scored[detection].correct : 0;
}

const int64_t *brim_metrics_confusion(const BrimMetrics *metrics)
{
    return metrics->confusion;
}
