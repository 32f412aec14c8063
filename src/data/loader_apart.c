/* Training pictures without pixels: what is drawn and its labels, for who keeps the split's pictures; and
 * those pictures, once. */
#include <stdio.h>

#include <omp.h>

#include "data/augment_plan.h"
#include "data/loader_parts.h"

static size_t picture_bytes(const BrimLoaderConf *conf, int sample)
{
    return brim_cache_picture_bytes(brim_loader_load_side(conf, &conf->split->samples[sample]));
}

size_t brim_loader_kept_bytes(const BrimLoaderConf *conf)
{
    size_t bytes = 0;
    for (int i = 0; i < conf->split->sample_count; i++)
        bytes += picture_bytes(conf, i);
    return bytes;
}

size_t brim_loader_starts_bytes(const BrimLoaderConf *conf)
{
    return conf->pixels_apart ? (size_t)conf->split->sample_count * sizeof(size_t) : 0;
}

void brim_loader_starts_set(BrimLoader *loader)
{
    size_t start = 0;
    for (int i = 0; loader->conf.pixels_apart && i < loader->conf.split->sample_count; i++) {
        loader->starts[i] = start;
        start += picture_bytes(&loader->conf, i);
    }
}

BrimStatus brim_loader_keep(BrimLoader *loader, BrimPictureKeeper keep, void *self)
{
    const BrimLoaderConf *conf = &loader->conf;
    int count = conf->split->sample_count, failed_at = count;
    BrimStatus failed = BRIM_OK;
    char message[BRIM_LOADER_MESSAGE_BYTES];
#pragma omp parallel for schedule(dynamic, 1) num_threads(loader->room_count)
    for (int i = 0; i < count; i++) {
        BrimPicture picture;
        BrimStatus status = brim_loader_load(conf, NULL, &loader->rooms[omp_get_thread_num()], i, &picture);
#pragma omp critical(brim_loader_keep)
        {
            if (status == BRIM_OK && failed == BRIM_OK)
                status = keep(self, loader->starts[i], &picture);
            if (status != BRIM_OK && i < failed_at) {
                failed_at = i;
                failed = status;
                snprintf(message, sizeof message, "%s", brim_last_error());
            }
        }
    }
    return failed == BRIM_OK ? BRIM_OK : brim_fail(failed, "%s", message);
}

void brim_loader_fill_apart(const BrimLoaderConf *conf, const size_t *starts, BrimLoaderRoom *room, int epoch,
                            int index, const BrimLoaderPlace *place)
{
    BrimAugmentPlan plan;
    brim_augment_plan_draw(&plan, conf, epoch, index);
    brim_augment_plan_tell(&plan, starts, place->task);
    *place->label_count = brim_augment_plan_label(&plan, conf->split, room->boxes, place->labels);
}
