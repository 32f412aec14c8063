/* Candidates are gathered, ranked, and held one by one against those kept before. Each costs no more than
 * max_det comparisons, and the search ends with the last detection wanted. */
#include "train/nms.h"

#include <math.h>
#include <string.h>

#include "base/round.h"
#include "train/rank.h"

enum { LANES = 16 }; /* kept boxes that are compared side by side */

/* Boxes of class c are moved by c times this, so that classes do not meet. Adding it in single precision
 * rounds the boxes of high classes, which v7.0's results depend on. */
#define CLASS_SPACING_PX 7680.0f

typedef struct Box {
    float x1, y1, x2, y2;
} Box;

/* Boxes kept so far, moved by their class; lanes past the end are nowhere. */
typedef struct Kept {
    float *x1, *y1, *x2, *y2, *area; /* room each */
    int count, room;
} Kept;

struct BrimNms {
    BrimNmsConf conf;
    int rows, class_count;
    bool *wanted;           /* by class */
    BrimRanked *candidates; /* id: row * class_count + class */
    BrimRanked *spare;
    size_t count, room;
    float least; /* a further candidate must be above it to be among the first BRIM_NMS_CANDIDATES */
    Kept kept;
};

static BrimStatus check_conf(const BrimNmsConf *conf, int rows, int class_count)
{
    if (conf->max_det < 1 || rows < 0 || class_count < 1)
        return brim_fail(BRIM_ERROR_ARGUMENT, "no NMS with max_det %d, %d rows, %d classes", conf->max_det,
                         rows, class_count);
    if (!(conf->conf_thres >= 0 && conf->conf_thres <= 1 && conf->iou_thres >= 0 && conf->iou_thres <= 1))
        return brim_fail(BRIM_ERROR_ARGUMENT, "thresholds lie between 0 and 1, not at confidence %g, IoU %g",
                         conf->conf_thres, conf->iou_thres);
    if ((uint64_t)rows * (uint64_t)class_count > UINT32_MAX)
        return brim_fail(BRIM_ERROR_ARGUMENT, "%d rows of %d classes are more than NMS can number", rows,
                         class_count);
    return BRIM_OK;
}

static size_t candidate_room(const BrimNmsConf *conf, int rows, int class_count)
{
    size_t most = (size_t)rows * (conf->multi_label ? (size_t)class_count : 1);
    return most < 2 * BRIM_NMS_CANDIDATES ? most : 2 * BRIM_NMS_CANDIDATES;
}

static int kept_room(const BrimNmsConf *conf)
{
    return brim_round_up_int(conf->max_det, LANES);
}

size_t brim_nms_bytes(const BrimNmsConf *conf, int rows, int class_count)
{
    return sizeof(BrimNms) + 2 * candidate_room(conf, rows, class_count) * sizeof(BrimRanked) +
           (size_t)class_count * sizeof(bool) + 5 * (size_t)kept_room(conf) * sizeof(float);
}

static BrimStatus take_room(BrimNms *nms)
{
    nms->room = candidate_room(&nms->conf, nms->rows, nms->class_count);
    nms->kept.room = kept_room(&nms->conf);
    nms->candidates = brim_mem_take(BRIM_MEM_TRAIN, nms->room, sizeof *nms->candidates);
    nms->spare = brim_mem_take(BRIM_MEM_TRAIN, nms->room, sizeof *nms->spare);
    nms->wanted = brim_mem_take(BRIM_MEM_TRAIN, nms->class_count, sizeof *nms->wanted);
    nms->kept.x1 = brim_mem_take(BRIM_MEM_TRAIN, 5 * (size_t)nms->kept.room, sizeof(float));
    if (!nms->candidates || !nms->spare || !nms->wanted || !nms->kept.x1)
        return BRIM_ERROR_MEMORY;
    nms->kept.y1 = nms->kept.x1 + nms->kept.room;
    nms->kept.x2 = nms->kept.y1 + nms->kept.room;
    nms->kept.y2 = nms->kept.x2 + nms->kept.room;
    nms->kept.area = nms->kept.y2 + nms->kept.room;
    return BRIM_OK;
}

BrimStatus brim_nms_open(BrimNms **nms, const BrimNmsConf *conf, int rows, int class_count)
{
    BrimStatus status;
    *nms = NULL;
    BRIM_TRY(check_conf(conf, rows, class_count));
    *nms = brim_mem_take(BRIM_MEM_TRAIN, 1, sizeof **nms);
    if (!*nms)
        return BRIM_ERROR_MEMORY;
    (*nms)->conf = *conf;
    (*nms)->rows = rows;
    (*nms)->class_count = class_count;
    BRIM_TRY(take_room(*nms));
    for (int c = 0; c < class_count; c++)
        (*nms)->wanted[c] = !conf->classes;
    for (int i = 0; conf->classes && i < conf->class_filter_count; i++)
        if (conf->classes[i] >= 0 && conf->classes[i] < class_count)
            (*nms)->wanted[conf->classes[i]] = true;
    return BRIM_OK;
fail:
    brim_nms_close(nms);
    return status;
}

void brim_nms_close(BrimNms **nms)
{
    if (!*nms)
        return;
    brim_mem_give((*nms)->candidates);
    brim_mem_give((*nms)->spare);
    brim_mem_give((*nms)->wanted);
    brim_mem_give((*nms)->kept.x1);
    brim_mem_give(*nms);
    *nms = NULL;
}

/* Ranks what was gathered and lets go of all but the first BRIM_NMS_CANDIDATES. What comes later and is no
 * more confident than the last of them would stand behind it. */
static void rank(BrimNms *nms)
{
    brim_rank(nms->candidates, nms->spare, nms->count);
    if (nms->count < BRIM_NMS_CANDIDATES)
        return;
    nms->count = BRIM_NMS_CANDIDATES;
    nms->least = nms->candidates[nms->count - 1].confidence;
}

static void add(BrimNms *nms, int row, int class_index, float confidence)
{
    if (!(confidence > nms->least) || !nms->wanted[class_index])
        return;
    if (nms->count == nms->room)
        rank(nms);
    uint32_t id = (uint32_t)row * (uint32_t)nms->class_count + (uint32_t)class_index;
    nms->candidates[nms->count++] = (BrimRanked){confidence, id};
}

static void add_best_class(BrimNms *nms, int row, float objectness, const float *classes)
{
    float best = classes[0] * objectness;
    int index = 0;
    for (int c = 1; c < nms->class_count && !isnan(best); c++) {
        float confidence = classes[c] * objectness;
        if (!(confidence <= best)) { /* NaN wins, and is then no candidate */
            best = confidence;
            index = c;
        }
    }
    add(nms, row, index, best);
}

static void gather(BrimNms *nms, const float *predictions, int rows)
{
    float threshold = (float)nms->conf.conf_thres;
    nms->count = 0;
    nms->least = threshold;
    for (int row = 0; row < rows; row++) {
        const float *classes = predictions + (size_t)row * (5 + nms->class_count) + 5;
        float objectness = classes[-1];
        if (!(objectness > threshold))
            continue;
        if (!nms->conf.multi_label)
            add_best_class(nms, row, objectness, classes);
        else
            for (int c = 0; c < nms->class_count; c++)
                add(nms, row, c, classes[c] * objectness);
    }
    rank(nms);
}

static float larger(float a, float b)
{
    return a < b ? b : a;
}

static float smaller(float a, float b)
{
    return b < a ? b : a;
}

/* A kept box overlaps this one by more than the threshold. */
static bool is_suppressed(const Kept *kept, const Box *box, float area, double iou_thres)
{
    for (int first = 0; first < kept->count; first += LANES) {
        float overlap[LANES], most = 0;
        for (int i = 0; i < LANES; i++) {
            int k = first + i;
            float w = smaller(kept->x2[k], box->x2) - larger(kept->x1[k], box->x1);
            float h = smaller(kept->y2[k], box->y2) - larger(kept->y1[k], box->y1);
            overlap[i] = larger(0, w) * larger(0, h);
        }
        for (int i = 0; i < LANES; i++)
            most = larger(most, overlap[i]);
        if (most == 0) /* then no IoU is above a threshold; the usual case is spared the divisions */
            continue;
        for (int i = 0; i < LANES; i++) {
            float iou = overlap[i] / (kept->area[first + i] + area - overlap[i]);
            if ((double)iou > iou_thres)
                return true;
        }
    }
    return false;
}

static void clear_kept(Kept *kept)
{
    kept->count = 0;
    for (int i = 0; i < kept->room; i++) {
        kept->x1[i] = kept->y1[i] = INFINITY;
        kept->x2[i] = kept->y2[i] = -INFINITY;
        kept->area[i] = 0;
    }
}

static void keep(Kept *kept, const Box *box, float area)
{
    int k = kept->count++;
    kept->x1[k] = box->x1;
    kept->y1[k] = box->y1;
    kept->x2[k] = box->x2;
    kept->y2[k] = box->y2;
    kept->area[k] = area;
}

/* Corners of a row's box. */
static Box corners(const float *row)
{
    return (Box){row[0] - row[2] / 2, row[1] - row[3] / 2, row[0] + row[2] / 2, row[1] + row[3] / 2};
}

int brim_nms_run(BrimNms *nms, const float *predictions, int rows, BrimDetection *detections)
{
    Kept *kept = &nms->kept;
    gather(nms, predictions, rows < nms->rows ? rows : nms->rows);
    clear_kept(kept);
    for (size_t i = 0; i < nms->count && kept->count < nms->conf.max_det; i++) {
        const BrimRanked *candidate = &nms->candidates[i];
        uint32_t class_index = candidate->id % (uint32_t)nms->class_count;
        size_t row = candidate->id / (uint32_t)nms->class_count;
        Box box = corners(predictions + row * (5 + nms->class_count));
        float move = nms->conf.agnostic ? 0.0f : (float)class_index * CLASS_SPACING_PX;
        Box moved = {box.x1 + move, box.y1 + move, box.x2 + move, box.y2 + move};
        float area = (moved.x2 - moved.x1) * (moved.y2 - moved.y1);
        if (is_suppressed(kept, &moved, area, nms->conf.iou_thres))
            continue;
        detections[kept->count] =
            (BrimDetection){box.x1, box.y1, box.x2, box.y2, candidate->confidence, (float)class_index};
        keep(kept, &moved, area);
    }
    return kept->count;
}
