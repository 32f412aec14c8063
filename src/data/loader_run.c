/* An epoch: threads make one picture at a time, in order, into the slots that are free; the caller takes
 * batches. */
#include <stdio.h>
#include <string.h>

#include <omp.h>

#include "base/clock.h"
#include "data/loader_parts.h"

static BrimLoaderSlot *slot_of(BrimLoader *loader, int batch)
{
    return &loader->slots[batch % loader->slot_count];
}

/* Makes a slot ready for a batch. */
static void prepare(BrimLoader *loader, int batch)
{
    if (batch >= loader->order.batch_count)
        return;
    BrimLoaderSlot *slot = slot_of(loader, batch);
    slot->left = brim_loader_order_n(&loader->order, batch);
    slot->failed_at = -1;
    slot->status = BRIM_OK;
}

/* Makes the picture at a position of the epoch, in its slot. */
static BrimStatus make_picture(BrimLoader *loader, BrimLoaderRoom *room, int position)
{
    const BrimLoaderConf *conf = &loader->conf;
    int batch = position / loader->order.batch, index = position % loader->order.batch;
    BrimLoaderShape shape = loader->order.shapes[batch];
    BrimLoaderSlot *slot = slot_of(loader, batch);
    size_t frame_bytes = (size_t)shape.height_px * (size_t)shape.width_px * 3;
    BrimLoaderPlace place = {.frame = {shape.width_px, shape.height_px, NULL},
                             .labels = slot->labels + (size_t)index * (size_t)loader->bounds.most_boxes,
                             .label_count = &slot->label_counts[index],
                             .box = &slot->boxes[index]};
    int sample = loader->order.samples[position];
    if (conf->pixels_apart) {
        place.task = &slot->tasks[index];
        brim_loader_fill_apart(conf, loader->starts, room, loader->epoch, sample, &place);
        return BRIM_OK;
    }
    place.frame.rgb = slot->pictures + (size_t)index * frame_bytes;
    if (conf->augment)
        return brim_loader_fill_augmented(conf, loader->cache, room, loader->epoch, sample, &place);
    return brim_loader_fill_plain(conf, loader->cache, room, sample, &place);
}

/* The first picture of a batch that failed is the one to tell of, whichever thread failed first. */
static void note_made(BrimLoader *loader, int position, BrimStatus status)
{
    BrimLoaderSlot *slot = slot_of(loader, position / loader->order.batch);
    if (status != BRIM_OK && (slot->failed_at < 0 || position < slot->failed_at)) {
        slot->failed_at = position;
        slot->status = status;
        snprintf(slot->message, sizeof slot->message, "%s", brim_last_error());
    }
    slot->left--;
}

static bool has_work(const BrimLoader *loader)
{
    return loader->next_picture < loader->end_picture &&
           loader->next_picture / loader->order.batch < loader->first_held + loader->slot_count;
}

/* The room of the thread that asks: threads take them in the order in which they come. */
static BrimLoaderRoom *take_room(BrimLoader *loader)
{
    return &loader->rooms[loader->rooms_taken++];
}

void *brim_loader_work(void *self)
{
    BrimLoader *loader = self;
    pthread_mutex_lock(&loader->lock);
    BrimLoaderRoom *room = take_room(loader);
    while (!loader->quit) {
        if (!has_work(loader)) {
            pthread_cond_wait(&loader->work, &loader->lock);
            continue;
        }
        int position = loader->next_picture++;
        loader->busy++;
        pthread_mutex_unlock(&loader->lock);
        BrimStatus status = make_picture(loader, room, position);
        pthread_mutex_lock(&loader->lock);
        loader->busy--;
        note_made(loader, position, status);
        if (slot_of(loader, position / loader->order.batch)->left == 0 || loader->busy == 0)
            pthread_cond_broadcast(&loader->ready);
    }
    pthread_mutex_unlock(&loader->lock);
    return NULL;
}

/* Ends what the threads do for the present epoch. */
static void come_to_rest(BrimLoader *loader)
{
    loader->end_picture = 0;
    while (loader->busy > 0)
        pthread_cond_wait(&loader->ready, &loader->lock);
}

BrimStatus brim_loader_start(BrimLoader *loader, int epoch, int first_batch)
{
    BrimLoaderOrder *order = &loader->order;
    if (first_batch < 0 || first_batch > order->batch_count)
        return brim_fail(BRIM_ERROR_ARGUMENT, "batch %d of an epoch of %d", first_batch, order->batch_count);
    pthread_mutex_lock(&loader->lock);
    come_to_rest(loader);
    if (loader->conf.augment)
        brim_loader_order_shuffle(order, loader->conf.seed, epoch);
    loader->epoch = epoch;
    loader->wait_ns = 0;
    loader->next_batch = loader->first_held = first_batch;
    loader->next_picture = first_batch * order->batch;
    loader->end_picture = order->sample_count;
    for (int i = 0; i < loader->slot_count; i++)
        prepare(loader, first_batch + i);
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
    return BRIM_OK;
}

/* The slot of the batch before becomes free for one further on. */
static void release(BrimLoader *loader)
{
    if (loader->first_held == loader->next_batch)
        return;
    prepare(loader, loader->first_held + loader->slot_count);
    loader->first_held = loader->next_batch;
    pthread_cond_broadcast(&loader->work);
}

static void wait_for(BrimLoader *loader, const BrimLoaderSlot *slot)
{
    while (slot->left > 0)
        pthread_cond_wait(&loader->ready, &loader->lock);
}

/* Without workers: the caller's OpenMP threads make the batch. */
static void make_batch(BrimLoader *loader, int batch)
{
    int first = batch * loader->order.batch, end = first + brim_loader_order_n(&loader->order, batch);
#pragma omp parallel for schedule(dynamic, 1) num_threads(loader->room_count)
    for (int position = first; position < end; position++) {
        BrimStatus status = make_picture(loader, &loader->rooms[omp_get_thread_num()], position);
#pragma omp critical(brim_loader_note)
        note_made(loader, position, status);
    }
}

/* Brings the labels of a batch's pictures together as rows of image, class, x, y, w, h. */
static int gather_targets(BrimLoaderSlot *slot, int n, int most_boxes)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        const BrimLabel *labels = slot->labels + (size_t)i * (size_t)most_boxes;
        for (int j = 0; j < slot->label_counts[i]; j++, count++) {
            float *row = slot->targets + (size_t)count * 6;
            row[0] = (float)i;
            memcpy(row + 1, &labels[j], sizeof labels[j]);
        }
    }
    return count;
}

static void show_batch(BrimLoader *loader, BrimLoaderSlot *slot)
{
    BrimBatch *batch = &loader->batch;
    int n;
    brim_loader_batch_shape(loader, loader->next_batch, &n, &batch->height_px, &batch->width_px);
    batch->n = n;
    batch->pictures = loader->conf.pixels_apart ? NULL : slot->pictures;
    batch->tasks = loader->conf.pixels_apart ? slot->tasks : NULL;
    batch->targets = slot->targets;
    batch->target_count = gather_targets(slot, n, loader->bounds.most_boxes);
    batch->samples = loader->order.samples + (size_t)loader->next_batch * (size_t)loader->order.batch;
    batch->boxes = loader->conf.augment ? NULL : slot->boxes;
}

BrimStatus brim_loader_next(BrimLoader *loader, const BrimBatch **batch)
{
    *batch = NULL;
    if (loader->next_batch >= loader->order.batch_count)
        return brim_fail(BRIM_ERROR_ARGUMENT, "all %d batches of the epoch were taken",
                         loader->order.batch_count);
    int64_t begin_ns = brim_clock_ns();
    BrimLoaderSlot *slot = slot_of(loader, loader->next_batch);
    pthread_mutex_lock(&loader->lock);
    release(loader);
    if (loader->thread_count > 0)
        wait_for(loader, slot);
    pthread_mutex_unlock(&loader->lock);
    if (loader->thread_count == 0 && slot->left > 0)
        make_batch(loader, loader->next_batch);
    loader->wait_ns += brim_clock_ns() - begin_ns;
    if (slot->status != BRIM_OK)
        return brim_fail(slot->status, "%s", slot->message);
    show_batch(loader, slot);
    loader->next_batch++;
    *batch = &loader->batch;
    return BRIM_OK;
}
