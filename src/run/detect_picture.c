/* One picture through the network: its detections, and what is written and told of them. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "data/decode.h"
#include "data/encode.h"
#include "data/resize.h"
#include "report/draw.h"
#include "run/detect_run.h"
#include "run/remarks.h"
#include "train/back.h"

/* ---- in ---- */

/* Letterboxes the picture into the frame. */
static BrimLetterboxFit fill_frame(BrimDetectRun *run, const BrimPicture *picture)
{
    int stride_px = brim_model_max_stride_px(&run->detector.file.model);
    BrimLetterboxFit fit =
        brim_detect_fit(&run->source, picture->width_px, picture->height_px, run->imgsz_px, stride_px);
    run->scaled.width_px = fit.width_px;
    run->scaled.height_px = fit.height_px;
    run->frame.width_px = fit.width_px + fit.left_px + fit.right_px;
    run->frame.height_px = fit.height_px + fit.top_px + fit.bottom_px;
    const BrimPicture *inside = &run->scaled;
    if (fit.width_px == picture->width_px && fit.height_px == picture->height_px)
        inside = picture;
    else
        brim_resize(picture, &run->scaled, BRIM_RESIZE_LINEAR, run->resize_scratch);
    brim_letterbox_place(inside, &run->frame, fit.left_px, fit.top_px);
    return fit;
}

/* The way back as v7.0's scale_boxes has it: one ratio, and half of what it leaves of the frame. */
static BrimLetterbox way_back(const BrimPicture *picture, const BrimPicture *frame)
{
    double ratio =
        fmin((double)frame->height_px / picture->height_px, (double)frame->width_px / picture->width_px);
    return (BrimLetterbox){ratio,
                           ratio,
                           (frame->width_px - picture->width_px * ratio) / 2,
                           (frame->height_px - picture->height_px * ratio) / 2,
                           picture->width_px,
                           picture->height_px};
}

/* Detections in px of the picture; milliseconds of reading, network and NMS since start_ns. */
static BrimStatus find(BrimDetectRun *run, const BrimPicture *picture, int64_t start_ns, int *count,
                       double milliseconds[3])
{
    BrimStatus status;
    const float *rows;
    int row_count;
    fill_frame(run, picture);
    const BrimBatch batch = {.n = 1,
                             .height_px = run->frame.height_px,
                             .width_px = run->frame.width_px,
                             .pictures = run->frame.rgb};
    int64_t times[4] = {start_ns, brim_clock_ns()};
    BRIM_TRY(brim_engine_infer(run->detector.engine, &batch, &rows, &row_count, NULL));
    times[2] = brim_clock_ns();
    const int32_t *kept = brim_engine_infer_kept(run->detector.engine, 0);
    *count = brim_nms_run(run->nms, rows, kept ? kept[0] : row_count, run->detections);
    BrimLetterbox back = way_back(picture, &run->frame);
    for (int i = 0; i < *count; i++)
        brim_back_detection(&back, &run->detections[i]);
    times[3] = brim_clock_ns();
    for (int i = 0; i < 3; i++) {
        run->spent_ns[i] += times[i + 1] - times[i];
        milliseconds[i] = (double)(times[i + 1] - times[i]) / 1e6;
    }
fail:
    return status;
}

/* ---- out ---- */

static BrimStatus write_text(const BrimDetectRun *run, const BrimDetectPicture *from,
                             const BrimPicture *picture, int count)
{
    char name[512];
    snprintf(name, sizeof name, "%s.txt", from->stem);
    char *path = brim_path_join(run->labels_folder, name);
    BrimStatus status = path ? brim_predictions_save_text(path, run->detections, count, picture->width_px,
                                                          picture->height_px, run->options->save_conf)
                             : BRIM_ERROR_MEMORY;
    brim_mem_give(path);
    return status;
}

/* Draws the least confident box first, so that the surest lies on top. */
static BrimStatus draw(const BrimDetectRun *run, BrimPicture *picture, int count)
{
    const BrimModelFile *file = &run->detector.file;
    BrimDrawBox *boxes = brim_mem_take(BRIM_MEM_REPORT, (size_t)count, sizeof *boxes);
    if (!boxes)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < count; i++) {
        const BrimDetection *found = &run->detections[count - 1 - i];
        boxes[i] = (BrimDrawBox){rintf(found->x1),        rintf(found->y1),
                                 rintf(found->x2),        rintf(found->y2),
                                 (int)found->class_index, run->options->hide_conf ? -1 : found->confidence};
    }
    const BrimDrawNames names = {.names = file->class_names,
                                 .class_count = file->class_name_count,
                                 .hidden = run->options->hide_labels,
                                 .line_px = run->options->line_thickness};
    BrimStatus status = brim_draw_boxes(picture, boxes, count, names);
    brim_mem_give(boxes);
    return status;
}

/* A PNG stays one; everything else becomes a JPEG. */
static BrimStatus write_picture(const BrimDetectRun *run, const BrimDetectPicture *from, BrimPicture *picture,
                                int count)
{
    char name[512];
    size_t length = strlen(from->path);
    bool png = length > 4 && strcasecmp(from->path + length - 4, ".png") == 0;
    BrimStatus status = draw(run, picture, count);
    if (status != BRIM_OK)
        return status;
    snprintf(name, sizeof name, "%s%s", from->stem, png ? ".png" : ".jpg");
    char *path = brim_path_join(run->folder, name);
    status = path ? brim_encode_file(picture, path, BRIM_ENCODE_JPEG_QUALITY) : BRIM_ERROR_MEMORY;
    brim_mem_give(path);
    return status;
}

static BrimStatus write_all(BrimDetectRun *run, const BrimDetectPicture *from, BrimPicture *picture,
                            int count)
{
    BrimStatus status = BRIM_OK;
    if (run->options->save_txt && count > 0)
        BRIM_TRY(write_text(run, from, picture, count));
    if (run->predictions)
        BRIM_TRY(brim_predictions_add(run->predictions, from->path, run->detections, count));
    if (!run->options->nosave)
        BRIM_TRY(write_picture(run, from, picture, count));
fail:
    return status;
}

/* ---- told ---- */

typedef struct Words {
    char text[2048];
    size_t length;
} Words;

__attribute__((format(printf, 2, 3))) static void say(Words *words, const char *format, ...)
{
    va_list args;
    size_t room = sizeof words->text - words->length;
    va_start(args, format);
    int length = vsnprintf(words->text + words->length, room, format, args);
    va_end(args);
    words->length += length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

/* "image 2/7 street/bus.jpg: 640x480 4 persons, 1 bus, 12.3ms" */
static bool tell(BrimDetectRun *run, int index, int count, const double milliseconds[3])
{
    Words words = {.length = 0};
    const BrimModelFile *file = &run->detector.file;
    say(&words, "image %d/%d %s: %dx%d ", index + 1, run->source.count, run->source.pictures[index].path,
        run->frame.height_px, run->frame.width_px);
    for (int c = 0; c < file->model.class_count; c++) {
        int many = 0;
        for (int i = 0; i < count; i++)
            many += (int)run->detections[i].class_index == c;
        if (many)
            say(&words, "%d %s%s, ", many, file->class_names[c], many > 1 ? "s" : "");
    }
    say(&words, "%s%.1fms", count ? "" : "(no detections), ", milliseconds[1]);
    const BrimEvent event = {.kind = BRIM_EVENT_PICTURE,
                             .text = words.text,
                             .batch = index + 1,
                             .batches = run->source.count,
                             .instances = count,
                             .pictures = 1,
                             .imgsz_px = run->imgsz_px,
                             .milliseconds = {milliseconds[0], milliseconds[1], milliseconds[2]}};
    return !run->listener || run->listener(run->self, &event);
}

/* The file may have changed since its header was read; room was planned for what it was then. */
static BrimStatus read_picture(BrimDetectRun *run, const BrimDetectPicture *from, BrimPicture *picture)
{
    BrimStatus status = brim_decode_file(picture, from->path);
    if (status == BRIM_OK && (picture->width_px != from->width_px || picture->height_px != from->height_px))
        status = brim_fail(BRIM_ERROR_INPUT, "%s: has changed since the run began", from->path);
    if (status == BRIM_ERROR_INPUT || status == BRIM_ERROR_IO) {
        run->source.unreadable++;
        brim_remark(run->listener, run->self, "%s; skipped", brim_last_error());
    }
    return status;
}

BrimStatus brim_detect_picture(BrimDetectRun *run, int index)
{
    BrimPicture picture = {0};
    const BrimDetectPicture *from = &run->source.pictures[index];
    double milliseconds[3];
    int count, unreadable = run->source.unreadable;
    int64_t start_ns = brim_clock_ns();
    BrimStatus status = read_picture(run, from, &picture);
    if (run->source.unreadable > unreadable) {
        status = BRIM_OK;
        goto fail;
    }
    if (status != BRIM_OK)
        goto fail;
    BRIM_TRY(find(run, &picture, start_ns, &count, milliseconds));
    run->seen++;
    BRIM_TRY(write_all(run, from, &picture, count));
    if (!tell(run, index, count, milliseconds))
        status = brim_fail(BRIM_STOPPED, "stopped after %d of %d pictures", run->seen, run->source.count);
fail:
    brim_picture_clear(&picture);
    return status;
}
