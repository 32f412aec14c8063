/* Scans a split: each picture's size and end, each label file, on several threads; what comes out stands in
 * the order of the paths and does not depend on the threads. */
#include "data/labels.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/plural.h"
#include "data/decode.h"
#include "data/labels_find.h"

#define MOST_LABEL_FILE_BYTES ((size_t)64 << 20)

enum { LEAST_SIDE_PX = 10 }; /* of a picture, as YOLOv5 verifies */

/* What one picture's verification found. */
typedef struct Finding {
    BrimStatus status; /* other than BRIM_OK: the scan must end */
    bool usable, without_label_file;
    int width_px, height_px;
    BrimLabel *labels;
    int label_count, duplicates, skipped;
    BrimTexts remarks;
} Finding;

typedef struct LineRemarks {
    BrimTexts *remarks;
    const char *path;
    BrimStatus status;
} LineRemarks;

static void remark_line(void *self, int line, const char *text)
{
    LineRemarks *to = self;
    if (to->status == BRIM_OK)
        to->status = brim_texts_add(to->remarks, "%s:%d: %s; line skipped", to->path, line, text);
}

static int count_lines(const char *text, size_t bytes)
{
    int lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n' || text[i] == '\r';
    return lines;
}

static BrimStatus parse_label_text(Finding *finding, const char *path, const char *text, size_t bytes,
                                   int class_count)
{
    int most = count_lines(text, bytes);
    finding->labels = brim_mem_take(BRIM_MEM_DATA, (size_t)most, sizeof *finding->labels);
    if (!finding->labels)
        return BRIM_ERROR_MEMORY;
    LineRemarks remarks = {&finding->remarks, path, BRIM_OK};
    int count = brim_labels_parse(text, bytes, class_count, finding->labels, most, remark_line, &remarks,
                                  &finding->duplicates, &finding->skipped);
    if (count < 0)
        return BRIM_ERROR_MEMORY;
    finding->label_count = count;
    if (finding->duplicates > 0 && remarks.status == BRIM_OK)
        return brim_texts_add(&finding->remarks, "%s: %d duplicate label%s removed", path,
                              finding->duplicates, brim_plural(finding->duplicates, "s"));
    return remarks.status;
}

/* Turns a refused file into a remark; what is not the file's fault stays an error. */
static BrimStatus leave_out(Finding *finding, BrimStatus status)
{
    if (status != BRIM_ERROR_INPUT && status != BRIM_ERROR_IO)
        return status;
    finding->usable = false;
    return brim_texts_add(&finding->remarks, "%s; picture left out", brim_last_error());
}

static BrimStatus read_labels(Finding *finding, const char *picture_path, int class_count)
{
    char *path = brim_label_path(picture_path);
    if (!path)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = BRIM_OK;
    char *text = NULL;
    size_t bytes;
    finding->without_label_file = !brim_file_exists(path);
    if (!finding->without_label_file) {
        status = brim_file_read(path, MOST_LABEL_FILE_BYTES, &text, &bytes);
        status = status == BRIM_OK ? parse_label_text(finding, path, text, bytes, class_count)
                                   : leave_out(finding, status);
    }
    brim_mem_give(text);
    brim_mem_give(path);
    return status;
}

static BrimStatus verify(Finding *finding, const char *path, int class_count)
{
    BrimStatus status = brim_decode_file_check(path, &finding->width_px, &finding->height_px);
    if (status == BRIM_OK && (finding->width_px < LEAST_SIDE_PX || finding->height_px < LEAST_SIDE_PX))
        status = brim_fail(BRIM_ERROR_INPUT, "%s: %d x %d px, a side must have at least %d", path,
                           finding->width_px, finding->height_px, LEAST_SIDE_PX);
    if (status != BRIM_OK)
        return leave_out(finding, status);
    finding->usable = true;
    return read_labels(finding, path, class_count);
}

/* Room for all that the findings hold together. */
static BrimStatus make_room(BrimSplit *split, const Finding *findings, int count, const BrimTexts *remarks)
{
    size_t samples = 0, labels = 0, lines = (size_t)remarks->count;
    for (int i = 0; i < count; i++) {
        samples += findings[i].usable;
        labels += findings[i].usable ? (size_t)findings[i].label_count : 0;
        lines += (size_t)findings[i].remarks.count;
    }
    if (labels > INT32_MAX || lines > INT32_MAX)
        return brim_fail(BRIM_ERROR_INPUT, "more than %d labels in one split", INT32_MAX);
    split->samples = brim_mem_take(BRIM_MEM_DATA, samples, sizeof *split->samples);
    split->labels = brim_mem_take(BRIM_MEM_DATA, labels, sizeof *split->labels);
    split->remarks = brim_mem_take(BRIM_MEM_DATA, lines, sizeof *split->remarks);
    return split->samples && split->labels && split->remarks ? BRIM_OK : BRIM_ERROR_MEMORY;
}

/* Moves a list's texts to the end of the split's remarks. */
static void take_remarks(BrimSplit *split, BrimTexts *from)
{
    for (int i = 0; i < from->count; i++)
        split->remarks[split->remark_count++] = from->texts[i];
    from->count = 0;
}

/* Moves one finding into the split; the path too. */
static void take_finding(BrimSplit *split, Finding *finding, char **path)
{
    take_remarks(split, &finding->remarks);
    split->skipped_labels += finding->skipped;
    split->duplicate_labels += finding->duplicates;
    if (!finding->usable) {
        split->corrupt++;
        return;
    }
    int count = finding->label_count;
    split->without_label_file += finding->without_label_file;
    split->empty += !finding->without_label_file && count == 0;
    split->most_labels = count > split->most_labels ? count : split->most_labels;
    split->samples[split->sample_count++] =
        (BrimSample){*path, finding->width_px, finding->height_px, split->label_count, count};
    *path = NULL;
    if (count > 0)
        memcpy(split->labels + split->label_count, finding->labels, (size_t)count * sizeof *split->labels);
    split->label_count += count;
}

static BrimStatus gather(BrimSplit *split, Finding *findings, BrimTexts *pictures, BrimTexts *remarks)
{
    for (int i = 0; i < pictures->count; i++)
        if (findings[i].status != BRIM_OK)
            return brim_fail(findings[i].status,
                             "%s: the host's memory was used up while its labels were read",
                             pictures->texts[i]);
    BrimStatus status = make_room(split, findings, pictures->count, remarks);
    if (status != BRIM_OK)
        return status;
    take_remarks(split, remarks);
    for (int i = 0; i < pictures->count; i++)
        take_finding(split, &findings[i], &pictures->texts[i]);
    if (split->sample_count == 0)
        return brim_fail(BRIM_ERROR_INPUT, "no picture can be used, of %d that were found: %s",
                         pictures->count, split->remarks[0]);
    return BRIM_OK;
}

static void clear_findings(Finding *findings, int count)
{
    for (int i = 0; findings && i < count; i++) {
        brim_mem_give(findings[i].labels);
        brim_texts_clear(&findings[i].remarks);
    }
    brim_mem_give(findings);
}

BrimStatus brim_split_scan(BrimSplit *split, const BrimPathList *paths, int class_count, int threads)
{
    BrimStatus status;
    BrimTexts pictures = {0}, remarks = {0};
    Finding *findings = NULL;
    *split = (BrimSplit){0};
    BRIM_TRY(brim_pictures_find(&pictures, &remarks, paths));
    if (pictures.count == 0) {
        status = brim_fail(BRIM_ERROR_INPUT, "no picture (.jpg .jpeg .png .bmp .webp) in %s%s",
                           paths->count ? paths->paths[0] : "an empty list of folders",
                           paths->count > 1 ? " and the other folders" : "");
        goto fail;
    }
    findings = brim_mem_take(BRIM_MEM_DATA, (size_t)pictures.count, sizeof *findings);
    if (!findings) {
        status = BRIM_ERROR_MEMORY;
        goto fail;
    }
#pragma omp parallel for schedule(dynamic, 8) num_threads(threads > 0 ? threads : brim_core_count())
    for (int i = 0; i < pictures.count; i++)
        findings[i].status = verify(&findings[i], pictures.texts[i], class_count);
    BRIM_TRY(gather(split, findings, &pictures, &remarks));
fail:
    clear_findings(findings, pictures.count);
    brim_texts_clear(&pictures);
    brim_texts_clear(&remarks);
    if (status != BRIM_OK)
        brim_split_clear(split);
    return status;
}

void brim_split_clear(BrimSplit *split)
{
    for (int i = 0; i < split->sample_count; i++)
        brim_mem_give(split->samples[i].picture_path);
    for (int i = 0; i < split->remark_count; i++)
        brim_mem_give(split->remarks[i]);
    brim_mem_give(split->samples);
    brim_mem_give(split->labels);
    brim_mem_give(split->remarks);
    *split = (BrimSplit){0};
}
