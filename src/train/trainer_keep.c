/* Training pictures that stay with a device which augments them: where, whether they fit, and their filling.
 */
#include <math.h>

#include "train/trainer_state.h"

static size_t picture_bytes(const BrimTrainer *trainer)
{
    BrimLoaderConf conf = brim_trainer_loader_conf(trainer, true);
    return brim_loader_kept_bytes(&conf);
}

static bool fits_host(const BrimTrainer *trainer)
{
    return picture_bytes(trainer) <= trainer->conf.cache_bytes;
}

/* Several cards keep nothing: a crew gives each its part of the batch's pictures, which the host has made. */
static bool can_keep(const BrimTrainer *trainer)
{
    int cards;
    brim_trainer_cards(&trainer->conf, &cards);
    return trainer->conf.backend->augment && cards == 1;
}

void brim_trainer_keep_choose(BrimTrainer *trainer)
{
    trainer->keep = can_keep(trainer) ? trainer->conf.keep : BRIM_TRAINER_KEEP_NONE;
    if (trainer->keep == BRIM_TRAINER_KEEP_HOST && !fits_host(trainer))
        trainer->keep = BRIM_TRAINER_KEEP_NONE;
}

/* That much of the host's memory can be counted on does not say that it can be pinned: tried before the run
 * relies on it, under WSL the system gives a part of it alone. */
static BrimStatus plan(BrimTrainer *trainer)
{
    BrimStatus status;
    const BrimKeep keep = {.picture_bytes = picture_bytes(trainer),
                           .in_host = trainer->keep == BRIM_TRAINER_KEEP_HOST,
                           .most_pictures = trainer->conf.batch,
                           .most_px = 2 * trainer->conf.imgsz_px};
    BRIM_TRY(brim_engine_keep(trainer->engine, &keep, trainer->conf.budget_bytes));
    if (keep.in_host && !trainer->conf.plan_only)
        BRIM_TRY(brim_engine_keep_take(trainer->engine));
fail:
    return status;
}

BrimStatus brim_trainer_keep_plan(BrimTrainer *trainer)
{
    if (trainer->keep == BRIM_TRAINER_KEEP_NONE)
        return BRIM_OK;
    BrimStatus status = plan(trainer);
    if (status == BRIM_ERROR_FIT && trainer->keep == BRIM_TRAINER_KEEP_DEVICE && fits_host(trainer)) {
        trainer->keep = BRIM_TRAINER_KEEP_HOST;
        status = plan(trainer);
    }
    return status;
}

static BrimStatus put(void *self, size_t start_bytes, const BrimPicture *picture)
{
    return brim_engine_put_picture(self, start_bytes, picture);
}

BrimStatus brim_trainer_keep_fill(BrimTrainer *trainer)
{
    bool device = trainer->conf.keep == BRIM_TRAINER_KEEP_DEVICE;
    double mib = ceil((double)picture_bytes(trainer) / 0x1p20); /* never "0 MiB" */
    if (trainer->keep == BRIM_TRAINER_KEEP_NONE) {
        if (trainer->conf.keep != BRIM_TRAINER_KEEP_NONE && can_keep(trainer))
            brim_trainer_remark(trainer, "no room to keep %.0f MiB of decoded pictures: the host augments",
                                mib);
        return BRIM_OK;
    }
    if (trainer->keep == BRIM_TRAINER_KEEP_DEVICE)
        brim_trainer_remark(trainer, "the card augments: %.0f MiB of decoded pictures are in its memory",
                            mib);
    else
        brim_trainer_remark(trainer,
                            "the card augments: %.0f MiB of decoded pictures are in the host's memory%s", mib,
                            device ? ", since the card has no room for them" : "");
    return brim_loader_keep(trainer->train_loader, put, trainer->engine);
}
