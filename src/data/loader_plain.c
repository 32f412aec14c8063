/* A letterboxed picture, for validation and detection. */
#include <math.h>

#include "data/letterbox.h"
#include "data/loader_fill.h"
#include "data/resize.h"

/* As val.py maps boxes back: the ratios of load_image, the letterbox's unrounded pad. */
static BrimLetterbox box_of_loaded(const BrimSample *sample, const BrimLetterboxFit *fit,
                                   const BrimPicture *loaded)
{
    return (BrimLetterbox){(double)loaded->width_px / sample->width_px * fit->ratio,
                           (double)loaded->height_px / sample->height_px * fit->ratio,
                           fit->pad_x_px,
                           fit->pad_y_px,
                           sample->width_px,
                           sample->height_px};
}

/* As detect.py does, which knows no more than the sides of the picture and of its least frame; a batch's
 * larger frame shifts it by whole pixels. */
static BrimLetterbox box_of_straight(const BrimSample *sample, const BrimLetterboxFit *fit, int left_px,
                                     int top_px)
{
    int width = fit->left_px + fit->width_px + fit->right_px;
    int height = fit->top_px + fit->height_px + fit->bottom_px;
    double gain = fmin((double)height / sample->height_px, (double)width / sample->width_px);
    return (BrimLetterbox){gain,
                           gain,
                           (width - sample->width_px * gain) / 2 + (left_px - fit->left_px),
                           (height - sample->height_px * gain) / 2 + (top_px - fit->top_px),
                           sample->width_px,
                           sample->height_px};
}

static void label_plain(const BrimLoaderConf *conf, const BrimSample *sample, const BrimLetterboxFit *fit,
                        double width_px, double height_px, const BrimLoaderPlace *place)
{
    const BrimLabel *labels = conf->split->labels + sample->first_label;
    for (int i = 0; i < sample->label_count; i++) {
        BrimPixelBox box = brim_box_to_pixels(&labels[i], width_px, height_px, fit->pad_x_px, fit->pad_y_px);
        place->labels[i] = brim_box_to_label(&box, place->frame.width_px, place->frame.height_px);
    }
    *place->label_count = sample->label_count;
}

/* The picture is scaled already. */
static void place_straight(const BrimLoaderConf *conf, const BrimSample *sample, const BrimPicture *scaled,
                           const BrimLoaderPlace *place)
{
    BrimPicture frame = place->frame;
    BrimLetterboxFit least = brim_letterbox_fit(sample->width_px, sample->height_px, conf->imgsz_px,
                                                conf->imgsz_px, conf->stride_px, true);
    BrimLetterboxFit fit =
        brim_letterbox_fit(scaled->width_px, scaled->height_px, frame.width_px, frame.height_px, 0, false);
    brim_letterbox_place(scaled, &frame, fit.left_px, fit.top_px);
    *place->box = box_of_straight(sample, &least, fit.left_px, fit.top_px);
    label_plain(conf, sample, &fit, least.ratio * sample->width_px, least.ratio * sample->height_px, place);
}

static void place_loaded(const BrimLoaderConf *conf, const BrimSample *sample, BrimPicture loaded,
                         BrimLoaderRoom *room, const BrimLoaderPlace *place)
{
    BrimPicture frame = place->frame;
    BrimLetterboxFit fit =
        brim_letterbox_fit(loaded.width_px, loaded.height_px, frame.width_px, frame.height_px, 0, false);
    BrimPicture scaled = {fit.width_px, fit.height_px, room->spare};
    brim_resize(&loaded, &scaled, BRIM_RESIZE_LINEAR, room->resize);
    brim_letterbox_place(&scaled, &frame, fit.left_px, fit.top_px);
    *place->box = box_of_loaded(sample, &fit, &loaded);
    label_plain(conf, sample, &fit, fit.ratio * loaded.width_px, fit.ratio * loaded.height_px, place);
}

BrimStatus brim_loader_fill_plain(const BrimLoaderConf *conf, BrimCache *cache, BrimLoaderRoom *room,
                                  int index, const BrimLoaderPlace *place)
{
    const BrimSample *sample = &conf->split->samples[index];
    BrimPicture loaded;
    BrimStatus status = brim_loader_load(conf, cache, room, index, &loaded);
    if (status != BRIM_OK)
        return status;
    if (conf->straight)
        place_straight(conf, sample, &loaded, place);
    else
        place_loaded(conf, sample, loaded, room, place);
    return BRIM_OK;
}
