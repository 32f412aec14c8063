/* The pictures behind --source. */
#include "run/detect_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/decode.h"
#include "data/labels_find.h"
#include "run/remarks.h"

static const char *name_in(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_list(const char *path)
{
    const char *dot = strrchr(name_in(path), '.');
    return dot && strcmp(dot, ".txt") == 0;
}

/* A camera's number, or an address of a stream: YOLOv5 takes those too. */
static bool is_live(const char *path)
{
    return strspn(path, "0123456789") == strlen(path) || strstr(path, "://");
}

static BrimStatus find_paths(BrimTexts *paths, const char *path, BrimListener listener, void *self)
{
    char *sources[] = {(char *)path}; /* only read */
    BrimTexts remarks = {0};
    if (!path || !path[0])
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "no source given; --source names a picture, a folder or a list file");
    if (!brim_file_exists(path) && !brim_folder_exists(path) && is_live(path))
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s: brim detect looks at pictures, not at cameras and streams; --source names a "
                         "picture, a folder or a list file",
                         path);
    if (brim_file_exists(path) && !brim_decode_knows(path) && !is_list(path))
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s is neither a picture (.jpg .jpeg .png .bmp .webp) nor a folder nor a "
                         "list file (.txt); a film has to be taken apart into pictures",
                         path);
    BrimStatus status = brim_pictures_find(paths, &remarks, &(BrimPathList){sources, 1});
    for (int i = 0; i < remarks.count; i++)
        brim_remark(listener, self, "%s", remarks.texts[i]);
    brim_texts_clear(&remarks);
    if (status == BRIM_OK && paths->count == 0)
        status = brim_fail(BRIM_ERROR_INPUT, "no picture (.jpg .jpeg .png .bmp .webp) in %s", path);
    return status;
}

/* ---- names ---- */

/* The name without its ending. */
static char *plain_stem(const char *path)
{
    char *stem = brim_mem_text(BRIM_MEM_DATA, name_in(path));
    char *dot = stem ? strrchr(stem, '.') : NULL;
    if (dot && dot != stem)
        *dot = '\0';
    return stem;
}

static int compare_stems(const void *left, const void *right)
{
    const BrimDetectPicture *a = *(BrimDetectPicture *const *)left, *b = *(BrimDetectPicture *const *)right;
    int order = strcmp(a->stem, b->stem);
    return order ? order : strcmp(a->path, b->path);
}

static BrimStatus number_stem(BrimDetectPicture *picture, int number)
{
    size_t bytes = strlen(picture->stem) + 16;
    char *numbered = brim_mem_take(BRIM_MEM_DATA, bytes, 1);
    if (!numbered)
        return BRIM_ERROR_MEMORY;
    snprintf(numbered, bytes, "%s_%d", picture->stem, number);
    brim_mem_give(picture->stem);
    picture->stem = numbered;
    return BRIM_OK;
}

/* Numbers those of a kind; true in *again when that may have made new equal ones. */
static BrimStatus number_equal(BrimDetectPicture **order, int count, bool *again)
{
    BrimStatus status = BRIM_OK;
    *again = false;
    qsort(order, (size_t)count, sizeof *order, compare_stems);
    for (int first = 0, end; first < count && status == BRIM_OK; first = end) {
        for (end = first + 1; end < count && strcmp(order[end]->stem, order[first]->stem) == 0; end++)
            ;
        for (int i = first + 1; i < end && status == BRIM_OK; i++) {
            status = number_stem(order[i], i - first + 1);
            *again = true;
        }
    }
    return status;
}

/* Pictures of several folders may have one name; what is written for them must not. */
static BrimStatus part_names(BrimDetectSource *source)
{
    BrimStatus status = BRIM_OK;
    BrimDetectPicture **order = brim_mem_take(BRIM_MEM_DATA, (size_t)source->count, sizeof *order);
    if (!order)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < source->count; i++)
        order[i] = &source->pictures[i];
    for (bool again = true; again && status == BRIM_OK;)
        status = number_equal(order, source->count, &again);
    brim_mem_give(order);
    return status;
}

/* ---- pictures ---- */

/* Takes the path over when the picture can be read. */
static BrimStatus add_picture(BrimDetectSource *source, char **path, BrimListener listener, void *self)
{
    BrimDetectPicture *picture = &source->pictures[source->count];
    BrimStatus status = brim_decode_file_check(*path, &picture->width_px, &picture->height_px);
    if (status == BRIM_ERROR_MEMORY)
        return status;
    if (status != BRIM_OK) {
        source->unreadable++;
        brim_remark(listener, self, "%s; skipped", brim_last_error());
        return BRIM_OK;
    }
    picture->stem = plain_stem(*path);
    if (!picture->stem)
        return BRIM_ERROR_MEMORY;
    picture->path = *path;
    *path = NULL;
    size_t px = (size_t)picture->width_px * (size_t)picture->height_px;
    int longer_px = picture->width_px > picture->height_px ? picture->width_px : picture->height_px;
    source->most_px = px > source->most_px ? px : source->most_px;
    source->longest_px = longer_px > source->longest_px ? longer_px : source->longest_px;
    source->count++;
    return BRIM_OK;
}

BrimStatus brim_detect_source_find(BrimDetectSource *source, const char *path, BrimListener listener,
                                   void *self)
{
    BrimStatus status;
    BrimTexts paths = {0};
    BRIM_TRY(find_paths(&paths, path, listener, self));
    source->pictures = brim_mem_take(BRIM_MEM_DATA, (size_t)paths.count, sizeof *source->pictures);
    if (!source->pictures)
        status = BRIM_ERROR_MEMORY;
    for (int i = 0; i < paths.count && status == BRIM_OK; i++)
        status = add_picture(source, &paths.texts[i], listener, self);
    if (status == BRIM_OK && source->count == 0)
        status = brim_fail(BRIM_ERROR_INPUT, "no picture of %s can be read, of %d that were found", path,
                           paths.count);
    if (status == BRIM_OK)
        status = part_names(source);
fail:
    brim_texts_clear(&paths);
    return status;
}

void brim_detect_source_clear(BrimDetectSource *source)
{
    for (int i = 0; i < source->count; i++) {
        brim_mem_give(source->pictures[i].path);
        brim_mem_give(source->pictures[i].stem);
    }
    brim_mem_give(source->pictures);
    *source = (BrimDetectSource){0};
}

/* ---- shapes ---- */

BrimLetterboxFit brim_detect_fit(const BrimDetectSource *source, int width_px, int height_px, int imgsz_px,
                                 int stride_px)
{
    return brim_letterbox_fit(width_px, height_px, imgsz_px, imgsz_px, source->squares ? 0 : stride_px, true);
}

static BrimShape shape_of(const BrimLetterboxFit *fit)
{
    return (BrimShape){1, fit->height_px + fit->top_px + fit->bottom_px,
                       fit->width_px + fit->left_px + fit->right_px};
}

BrimStatus brim_detect_source_shapes(BrimDetectSource *source, int imgsz_px, int stride_px,
                                     BrimShape **shapes, int *count)
{
    BrimShape *list = *shapes = brim_mem_take(BRIM_MEM_TRAIN, BRIM_PLAN_MAX_GRAPHS, sizeof **shapes);
    *count = 0;
    source->squares = false;
    if (!list)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < source->count && !source->squares; i++) {
        const BrimDetectPicture *picture = &source->pictures[i];
        BrimLetterboxFit fit =
            brim_detect_fit(source, picture->width_px, picture->height_px, imgsz_px, stride_px);
        BrimShape shape = shape_of(&fit);
        int known = 0;
        while (known < *count && memcmp(&list[known], &shape, sizeof shape) != 0)
            known++;
        source->squares = known == BRIM_PLAN_MAX_GRAPHS;
        if (known == *count && !source->squares)
            list[(*count)++] = shape;
    }
    if (source->squares) {
        list[0] = (BrimShape){1, imgsz_px, imgsz_px};
        *count = 1;
    }
    return BRIM_OK;
}
