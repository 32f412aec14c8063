/* Found boxes as files. */
#include "report/predictions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "report/json.h"

enum { LINE_BYTES = 128, FLOAT_DIGITS = 9 };

struct BrimPredictions {
    json_t *list;
};

static int print_line(char *line, const BrimDetection *box, int width_px, int height_px, bool with_confidence)
{
    float left = rintf(box->x1), top = rintf(box->y1), right = rintf(box->x2), bottom = rintf(box->y2);
    float width = (float)width_px, height = (float)height_px;
    int length = snprintf(line, LINE_BYTES, "%g %g %g %g %g", (double)box->class_index,
                          (double)((left + right) / 2 / width), (double)((top + bottom) / 2 / height),
                          (double)((right - left) / width), (double)((bottom - top) / height));
    if (with_confidence)
        length += snprintf(line + length, LINE_BYTES - (size_t)length, " %g", (double)box->confidence);
    length += snprintf(line + length, LINE_BYTES - (size_t)length, "\n");
    return length;
}

BrimStatus brim_predictions_save_text(const char *path, const BrimDetection *detections, int count,
                                      int width_px, int height_px, bool with_confidence)
{
    BrimStatus status;
    BrimAtomicFile *file = NULL;
    char line[LINE_BYTES];
    BRIM_TRY(brim_atomic_open(&file, path));
    for (int i = count - 1; i >= 0; i--) {
        int length = print_line(line, &detections[i], width_px, height_px, with_confidence);
        BRIM_TRY(brim_atomic_write(file, line, (size_t)length));
    }
    BRIM_TRY(brim_atomic_commit(&file));
fail:
    brim_atomic_discard(&file);
    return status;
}

BrimStatus brim_predictions_open(BrimPredictions **predictions)
{
    *predictions = brim_mem_take(BRIM_MEM_REPORT, 1, sizeof **predictions);
    if (!*predictions)
        return BRIM_ERROR_MEMORY;
    (*predictions)->list = json_array();
    return BRIM_OK;
}

BrimStatus brim_predictions_add(BrimPredictions *predictions, const char *image,
                                const BrimDetection *detections, int count)
{
    for (int i = 0; i < count; i++) {
        const BrimDetection *box = &detections[i];
        json_t *row = json_pack("{s:o, s:i, s:[f, f, f, f], s:f}", "image", brim_json_text(image),
                                "category_id", (int)box->class_index, "bbox", (double)box->x1,
                                (double)box->y1, (double)(box->x2 - box->x1), (double)(box->y2 - box->y1),
                                "score", (double)box->confidence);
        if (json_array_append_new(predictions->list, row) != 0)
            return brim_fail(BRIM_ERROR_MEMORY, "no memory for the boxes of %s", image);
    }
    return BRIM_OK;
}

BrimStatus brim_predictions_save(BrimPredictions *predictions, const char *path)
{
    return brim_json_write(path, json_incref(predictions->list), FLOAT_DIGITS);
}

void brim_predictions_close(BrimPredictions **predictions)
{
    if (!*predictions)
        return;
    json_decref((*predictions)->list);
    brim_mem_give(*predictions);
    *predictions = NULL;
}
