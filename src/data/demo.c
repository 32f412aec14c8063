/* Composes drawn pictures and writes them as a set that a trainer can read. */
#include "data/demo.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "data/canvas.h"
#include "data/demo_scene.h"
#include "data/encode.h"

enum { LEAST_IMGSZ_PX = 64, JPEG_QUALITY = 90 };

/* Streams of one picture's random numbers; the low bits count its faces. */
static BrimRandom stream(uint64_t seed, uint64_t number, uint64_t part)
{
    return brim_random(seed, number << 8 | part);
}

/* True when the heads, with some room for hair, keep apart from those placed before. */
static bool has_room(const BrimDemoFace *faces, int count, const BrimDemoFace *face)
{
    double wide, high, other_wide, other_high;
    brim_demo_face_half_box(face, &wide, &high);
    for (int i = 0; i < count; i++) {
        brim_demo_face_half_box(&faces[i], &other_wide, &other_high);
        if (fabs(faces[i].x_px - face->x_px) < (wide + other_wide) * 1.05 &&
            fabs(faces[i].y_px - face->y_px) < (high + other_high) * 1.05)
            return false;
    }
    return true;
}

static BrimDemoFace random_face(BrimRandom *random, double half_height_px, int width_px, int height_px)
{
    BrimDemoFace face = {.stretch = brim_random_uniform(random, 1.15, 1.35)};
    face.half_width_px = half_height_px / face.stretch;
    face.angle = brim_random_normal(random) * 0.16;
    face.masked = brim_demo_chance(random, 0.5);
    double wide, high;
    brim_demo_face_half_box(&face, &wide, &high);
    face.x_px = brim_random_uniform(random, wide + 1, width_px - wide - 1);
    face.y_px = brim_random_uniform(random, high + 1, height_px - high - 1);
    return face;
}

/* One to five faces; the more there are, the smaller. Sorted from the back, which is the top, to the front.
 */
static int place_faces(BrimDemoFace *faces, BrimRandom *random, int width_px, int height_px)
{
    enum { TRIES = 40 };
    int wanted = 1 + (int)brim_random_below(random, BRIM_DEMO_MOST_FACES), count = 0;
    double shorter = width_px < height_px ? width_px : height_px;
    double largest =
        0.23 - 0.025 * (wanted - 1); /* half heights: a box is 18 to 46 % of the shorter side high */
    for (int i = 0; i < TRIES && count < wanted; i++) {
        double half_height =
            brim_random_uniform(random, i < TRIES / 2 ? largest * 0.65 : 0.09, largest) * shorter;
        BrimDemoFace face = random_face(random, half_height, width_px, height_px);
        if (!has_room(faces, count, &face))
            continue;
        int at = count++;
        for (; at > 0 && faces[at - 1].y_px > face.y_px; at--)
            faces[at] = faces[at - 1];
        faces[at] = face;
    }
    return count;
}

/* A mean over 3 x 3, as of a lens a little out of focus; the border stays. */
static BrimStatus soften(BrimPicture *picture)
{
    int width = picture->width_px, height = picture->height_px;
    size_t row = (size_t)width * 3;
    uint8_t *from = brim_mem_take(BRIM_MEM_DATA, row, (size_t)height);
    if (!from)
        return BRIM_ERROR_MEMORY;
    memcpy(from, picture->rgb, row * (size_t)height);
    for (size_t y = 1; y + 1 < (size_t)height; y++) {
        for (size_t i = 3; i + 3 < row; i++) {
            int sum = 4;
            for (size_t line = y - 1; line <= y + 1; line++)
                sum += from[line * row + i - 3] + from[line * row + i] + from[line * row + i + 3];
            picture->rgb[y * row + i] = (uint8_t)(sum / 9);
        }
    }
    brim_mem_give(from);
    return BRIM_OK;
}

/* Light and the grain of a sensor. */
static void expose(BrimPicture *picture, BrimRandom *random)
{
    double gain = brim_random_uniform(random, 0.8, 1.1), grain = brim_random_uniform(random, 0, 6);
    size_t bytes = (size_t)picture->width_px * 3 * (size_t)picture->height_px;
    for (size_t i = 0; i < bytes; i++) {
        double value =
            picture->rgb[i] * gain + grain * (brim_random_unit(random) + brim_random_unit(random) - 1);
        picture->rgb[i] = (uint8_t)fmin(255, fmax(0, value));
    }
}

static void label_of(BrimLabel *label, const BrimDemoFace *face, int width_px, int height_px)
{
    double wide, high;
    brim_demo_face_half_box(face, &wide, &high);
    *label = (BrimLabel){face->masked ? BRIM_DEMO_WITH_MASK : BRIM_DEMO_WITHOUT_MASK,
                         (float)(face->x_px / width_px), (float)(face->y_px / height_px),
                         (float)(2 * wide / width_px), (float)(2 * high / height_px)};
}

static BrimStatus draw_scene(BrimPicture *picture, BrimDemoFace *faces, int count, BrimRandom *random)
{
    BrimCanvas canvas = {0};
    BrimStatus status = brim_canvas_open(&canvas, picture);
    if (status != BRIM_OK)
        return status;
    brim_demo_background(canvas.pen, random, picture->width_px, picture->height_px);
    for (int i = 0; i < count; i++) {
        brim_demo_body(canvas.pen, &faces[i]);
        brim_demo_face(canvas.pen, &faces[i]);
    }
    status = brim_canvas_copy(&canvas, picture);
    brim_canvas_close(&canvas);
    return status;
}

BrimStatus brim_demo_draw(BrimPicture *picture, BrimLabel *labels, int *label_count, int imgsz_px,
                          uint64_t seed, uint64_t number)
{
    static const double ratios[] = {1, 0.75, 4.0 / 3};
    BrimDemoFace faces[BRIM_DEMO_MOST_FACES];
    BrimRandom random = stream(seed, number, 0);
    *picture = (BrimPicture){0};
    if (imgsz_px < LEAST_IMGSZ_PX || imgsz_px > BRIM_PICTURE_MAX_SIDE_PX)
        return brim_fail(BRIM_ERROR_ARGUMENT, "demo pictures of %d px: choose %d to %d", imgsz_px,
                         LEAST_IMGSZ_PX, BRIM_PICTURE_MAX_SIDE_PX);
    double ratio = ratios[brim_random_below(&random, 3)];
    int width = ratio < 1 ? (int)(imgsz_px * ratio) : imgsz_px;
    int height = ratio > 1 ? (int)(imgsz_px / ratio) : imgsz_px;
    *label_count = place_faces(faces, &random, width, height);
    for (int i = 0; i < *label_count; i++) {
        faces[i].look = stream(seed, number, (uint64_t)i + 1);
        label_of(&labels[i], &faces[i], width, height);
    }
    BrimStatus status;
    BRIM_TRY(brim_picture_make(picture, width, height));
    BRIM_TRY(draw_scene(picture, faces, *label_count, &random));
    if (brim_demo_chance(&random, 0.3))
        BRIM_TRY(soften(picture));
    expose(picture, &random);
    return BRIM_OK;
fail:
    brim_picture_clear(picture);
    return status;
}

/* Numbers as whole millionths, since printf's decimal point depends on the locale. */
static BrimStatus write_labels(const char *path, const BrimLabel *labels, int count)
{
    char text[BRIM_DEMO_MOST_FACES * 64];
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes +=
            (size_t)snprintf(text + bytes, sizeof text - bytes, "%d 0.%06ld 0.%06ld 0.%06ld 0.%06ld\n",
                             (int)labels[i].class_index, lround(labels[i].x * 1e6), lround(labels[i].y * 1e6),
                             lround(labels[i].w * 1e6), lround(labels[i].h * 1e6));
    return brim_file_write(path, text, bytes);
}

/* images/train/0007.jpg and labels/train/0007.txt */
static BrimStatus write_one(const char *folder, const char *split, int index, int imgsz_px, uint64_t seed,
                            uint64_t number)
{
    char name[64];
    BrimPicture picture;
    BrimLabel labels[BRIM_DEMO_MOST_FACES];
    int count;
    char *picture_path = NULL, *label_path = NULL;
    BrimStatus status = brim_demo_draw(&picture, labels, &count, imgsz_px, seed, number);
    if (status != BRIM_OK)
        return status;
    snprintf(name, sizeof name, "images/%s/%04d.jpg", split, index);
    picture_path = brim_path_join(folder, name);
    snprintf(name, sizeof name, "labels/%s/%04d.txt", split, index);
    label_path = brim_path_join(folder, name);
    status = picture_path && label_path ? BRIM_OK : BRIM_ERROR_MEMORY;
    if (status == BRIM_OK)
        status = brim_encode_file(&picture, picture_path, JPEG_QUALITY);
    if (status == BRIM_OK)
        status = write_labels(label_path, labels, count);
    brim_mem_give(picture_path);
    brim_mem_give(label_path);
    brim_picture_clear(&picture);
    return status;
}

static BrimStatus make_folder(const char *folder, const char *name)
{
    char *path = brim_path_join(folder, name);
    BrimStatus status = path ? brim_folder_make(path) : BRIM_ERROR_MEMORY;
    brim_mem_give(path);
    return status;
}

static BrimStatus make_folders(const char *folder)
{
    static const char *const names[] = {"images/train", "images/val", "labels/train", "labels/val"};
    char *images = brim_path_join(folder, "images");
    if (!images)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = BRIM_OK;
    if (brim_folder_exists(images))
        status =
            brim_fail(BRIM_ERROR_INPUT, "%s is there already; remove it or choose another folder", images);
    brim_mem_give(images);
    for (int i = 0; i < 4 && status == BRIM_OK; i++)
        status = make_folder(folder, names[i]);
    return status;
}

static BrimStatus write_text(const char *folder, const char *name, const char *text)
{
    char *path = brim_path_join(folder, name);
    BrimStatus status = path ? brim_file_write(path, text, strlen(text)) : BRIM_ERROR_MEMORY;
    brim_mem_give(path);
    return status;
}

static BrimStatus write_yaml(const char *folder)
{
    static const char text[] = "# drawn by brim\n"
                               "path: .\n"
                               "train: images/train\n"
                               "val: images/val\n"
                               "nc: 2\n"
                               "names: [with_mask, without_mask]\n";
    return write_text(folder, "data.yaml", text);
}

/* What makes a detector learn these drawings from nothing in few steps: gradients are summed over 64 pictures
 * only late, the rate is higher, and with two classes the class loss would count for little. */
static BrimStatus write_hyper(const char *folder)
{
    static const char text[] =
        "# for `brim train --hyp`: these drawings from nothing, in 25 epochs of batches of 8\n"
        "lr0: 0.05\n"
        "lrf: 0.05\n"
        "warmup_epochs: 25\n"
        "warmup_bias_lr: 0.05\n"
        "cls: 2.5\n";
    return write_text(folder, "hyp.yaml", text);
}

BrimStatus brim_demo_write(const char *folder, int train_count, int val_count, int imgsz_px, uint64_t seed)
{
    BrimStatus status = BRIM_OK;
    if (train_count < 1 || val_count < 1)
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "%d pictures to train and %d to validate: draw at least one of each", train_count,
                         val_count);
    BRIM_TRY(make_folders(folder));
    for (int i = 0; i < train_count; i++)
        BRIM_TRY(write_one(folder, "train", i, imgsz_px, seed, (uint64_t)i));
    for (int i = 0; i < val_count; i++)
        BRIM_TRY(write_one(folder, "val", i, imgsz_px, seed, (uint64_t)train_count + (uint64_t)i));
    BRIM_TRY(write_yaml(folder));
    BRIM_TRY(write_hyper(folder));
fail:
    return status;
}
