/* Opening and closing a loader, and what it needs: every byte is taken here, before the first batch. */
#include "data/loader.h"

#include "base/clock.h"
#include "data/loader_parts.h"

static int room_count_of(const BrimLoaderConf *conf)
{
    if (conf->workers > 0)
        return conf->workers;
    return conf->threads > 0 ? conf->threads : brim_core_count();
}

/* Without workers nothing is made ahead, so one batch is all there ever is. */
static int slot_count_of(const BrimLoaderConf *conf)
{
    return conf->workers > 0 && conf->slots > 1 ? conf->slots : 1;
}

static int batch_of(const BrimLoaderConf *conf)
{
    return conf->batch < conf->split->sample_count ? conf->batch : conf->split->sample_count;
}

/* Samples with more labels than that. */
static int count_over(const BrimSplit *split, int labels)
{
    int count = 0;
    for (int i = 0; i < split->sample_count; i++)
        count += split->samples[i].label_count > labels;
    return count;
}

/* The labels of the n densest samples, found by halving the count that the nth of them has. */
static int64_t densest_labels(const BrimSplit *split, int n)
{
    int low = 0, high = split->most_labels; /* the least count that at most n samples exceed */
    while (low < high) {
        int middle = (low + high) / 2;
        if (count_over(split, middle) <= n)
            high = middle;
        else
            low = middle + 1;
    }
    int64_t sum = 0;
    for (int i = 0; i < split->sample_count; i++)
        if (split->samples[i].label_count > low)
            sum += split->samples[i].label_count;
    return sum + (int64_t)(n - count_over(split, low)) * low;
}

int brim_loader_target_cap(const BrimLoaderConf *conf)
{
    int n = batch_of(conf);
    int others = !conf->augment || conf->hyper.mosaic <= 0 ? 0 : conf->hyper.mixup > 0 ? 7 : 3;
    int64_t cap = densest_labels(conf->split, n) + (int64_t)others * n * conf->split->most_labels;
    return cap < INT32_MAX ? (int)cap : INT32_MAX;
}

typedef struct SlotBytes {
    size_t pictures, tasks, labels, label_counts, boxes, targets;
} SlotBytes;

static SlotBytes slot_bytes(const BrimLoaderConf *conf, const BrimLoaderBounds *bounds, size_t most_px)
{
    size_t n = (size_t)batch_of(conf);
    return (SlotBytes){.pictures = conf->pixels_apart ? 0 : most_px * 3,
                       .tasks = conf->pixels_apart ? n * sizeof(BrimAugmentTask) : 0,
                       .labels = n * (size_t)bounds->most_boxes * sizeof(BrimLabel),
                       .label_counts = n * sizeof(int),
                       .boxes = n * sizeof(BrimLetterbox),
                       .targets = (size_t)brim_loader_target_cap(conf) * BRIM_TARGET_COLUMNS * sizeof(float)};
}

size_t brim_loader_slot_bytes(const BrimLoaderConf *conf)
{
    BrimLoaderOrder order;
    if (brim_loader_order_open(&order, conf) != BRIM_OK)
        return 0;
    BrimLoaderBounds bounds = brim_loader_bounds(conf);
    SlotBytes slot = slot_bytes(conf, &bounds, brim_loader_order_most_px(&order));
    size_t slots = (size_t)slot_count_of(conf), rooms = (size_t)room_count_of(conf);
    brim_loader_order_close(&order);
    return sizeof(BrimLoader) + brim_loader_order_bytes(conf) + brim_loader_starts_bytes(conf) +
           slots * (sizeof(BrimLoaderSlot) + slot.pictures + slot.tasks + slot.labels + slot.label_counts + slot.boxes +
                    slot.targets) +
           rooms * (sizeof(BrimLoaderRoom) + brim_loader_room_bytes(conf, &bounds)) +
           (size_t)(conf->workers > 0 ? conf->workers : 0) * sizeof(pthread_t);
}

size_t brim_loader_cache_bytes(const BrimLoaderConf *conf)
{
    size_t pixel_bytes = 0;
    for (int i = 0; i < conf->split->sample_count; i++)
        pixel_bytes += brim_cache_picture_bytes(brim_loader_load_side(conf, &conf->split->samples[i]));
    size_t bytes = brim_cache_bytes(conf->split->sample_count, pixel_bytes);
    return bytes <= conf->cache_bytes && !conf->pixels_apart ? bytes : 0;
}

static BrimStatus open_cache(BrimLoader *loader)
{
    const BrimLoaderConf *conf = &loader->conf;
    int count = conf->split->sample_count;
    loader->cache_bytes = brim_loader_cache_bytes(conf);
    if (loader->cache_bytes == 0)
        return BRIM_OK;
    BrimCacheSide *sides = brim_mem_take(BRIM_MEM_DATA, (size_t)count, sizeof *sides);
    if (!sides)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < count; i++)
        sides[i] = brim_loader_load_side(conf, &conf->split->samples[i]);
    BrimStatus status = brim_cache_open(&loader->cache, sides, count);
    brim_mem_give(sides);
    return status;
}

static BrimStatus open_slots(BrimLoader *loader)
{
    SlotBytes bytes = slot_bytes(&loader->conf, &loader->bounds, brim_loader_order_most_px(&loader->order));
    loader->slot_count = slot_count_of(&loader->conf);
    loader->slots = brim_mem_take(BRIM_MEM_DATA, (size_t)loader->slot_count, sizeof *loader->slots);
    for (int i = 0; loader->slots && i < loader->slot_count; i++) {
        BrimLoaderSlot *slot = &loader->slots[i];
        slot->pictures = brim_mem_take(BRIM_MEM_DATA, bytes.pictures, 1);
        slot->tasks = brim_mem_take(BRIM_MEM_DATA, bytes.tasks, 1);
        slot->labels = brim_mem_take(BRIM_MEM_DATA, bytes.labels, 1);
        slot->label_counts = brim_mem_take(BRIM_MEM_DATA, bytes.label_counts, 1);
        slot->boxes = brim_mem_take(BRIM_MEM_DATA, bytes.boxes, 1);
        slot->targets = brim_mem_take(BRIM_MEM_DATA, bytes.targets, 1);
        if (!slot->pictures || !slot->tasks || !slot->labels || !slot->label_counts || !slot->boxes || !slot->targets)
            return BRIM_ERROR_MEMORY;
    }
    return loader->slots ? BRIM_OK : BRIM_ERROR_MEMORY;
}

static BrimStatus open_rooms(BrimLoader *loader)
{
    int count = room_count_of(&loader->conf);
    loader->rooms = brim_mem_take(BRIM_MEM_DATA, (size_t)count, sizeof *loader->rooms);
    if (!loader->rooms)
        return BRIM_ERROR_MEMORY;
    loader->room_count = count;
    for (int i = 0; i < count; i++) {
        BrimStatus status = brim_loader_room_open(&loader->rooms[i], &loader->conf, &loader->bounds);
        if (status != BRIM_OK)
            return status;
    }
    return BRIM_OK;
}

static BrimStatus open_starts(BrimLoader *loader)
{
    loader->starts = brim_mem_take(BRIM_MEM_DATA, brim_loader_starts_bytes(&loader->conf), 1);
    if (!loader->starts)
        return BRIM_ERROR_MEMORY;
    brim_loader_starts_set(loader);
    return BRIM_OK;
}

static BrimStatus start_threads(BrimLoader *loader)
{
    int count = loader->conf.workers;
    if (count <= 0)
        return BRIM_OK;
    loader->threads = brim_mem_take(BRIM_MEM_DATA, (size_t)count, sizeof *loader->threads);
    if (!loader->threads)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < count; i++) {
        if (pthread_create(&loader->threads[i], NULL, brim_loader_work, loader) != 0)
            return brim_fail(BRIM_ERROR_MEMORY,
                             "cannot start loader thread %d of %d: fewer workers need less", i + 1, count);
        loader->thread_count++;
    }
    return BRIM_OK;
}

static BrimStatus check(const BrimLoaderConf *conf)
{
    if (conf->split->sample_count < 1 || conf->batch < 1 || conf->imgsz_px < conf->stride_px ||
        conf->stride_px < 1 || (conf->pixels_apart && !conf->augment))
        return brim_fail(BRIM_ERROR_ARGUMENT, "a loader of %d pictures, batch %d, %d px, stride %d%s",
                         conf->split->sample_count, conf->batch, conf->imgsz_px, conf->stride_px,
                         conf->pixels_apart && !conf->augment ? ", pixels apart without augmentation" : "");
    return BRIM_OK;
}

BrimStatus brim_loader_open(BrimLoader **out, const BrimLoaderConf *conf)
{
    *out = NULL;
    BrimStatus status = check(conf);
    if (status != BRIM_OK)
        return status;
    BrimLoader *loader = brim_mem_take(BRIM_MEM_DATA, 1, sizeof *loader);
    if (!loader)
        return BRIM_ERROR_MEMORY;
    loader->conf = *conf;
    loader->bounds = brim_loader_bounds(conf);
    pthread_mutex_init(&loader->lock, NULL);
    pthread_cond_init(&loader->work, NULL);
    pthread_cond_init(&loader->ready, NULL);
    BRIM_TRY(brim_loader_order_open(&loader->order, conf));
    BRIM_TRY(open_slots(loader));
    BRIM_TRY(open_rooms(loader));
    BRIM_TRY(open_cache(loader));
    BRIM_TRY(open_starts(loader));
    loader->next_batch = loader->order.batch_count; /* nothing to give before a start */
    BRIM_TRY(start_threads(loader));
    *out = loader;
    return BRIM_OK;
fail:
    brim_loader_close(&loader);
    return status;
}

static void stop_threads(BrimLoader *loader)
{
    pthread_mutex_lock(&loader->lock);
    loader->quit = true;
    pthread_cond_broadcast(&loader->work);
    pthread_mutex_unlock(&loader->lock);
    for (int i = 0; i < loader->thread_count; i++)
        pthread_join(loader->threads[i], NULL);
}

void brim_loader_close(BrimLoader **out)
{
    BrimLoader *loader = *out;
    if (!loader)
        return;
    stop_threads(loader);
    for (int i = 0; loader->slots && i < loader->slot_count; i++) {
        BrimLoaderSlot *slot = &loader->slots[i];
        brim_mem_give(slot->pictures);
        brim_mem_give(slot->tasks);
        brim_mem_give(slot->labels);
        brim_mem_give(slot->label_counts);
        brim_mem_give(slot->boxes);
        brim_mem_give(slot->targets);
    }
    for (int i = 0; i < loader->room_count; i++)
        brim_loader_room_close(&loader->rooms[i]);
    brim_mem_give(loader->slots);
    brim_mem_give(loader->rooms);
    brim_mem_give(loader->threads);
    brim_mem_give(loader->starts);
    brim_cache_close(&loader->cache);
    brim_loader_order_close(&loader->order);
    pthread_cond_destroy(&loader->work);
    pthread_cond_destroy(&loader->ready);
    pthread_mutex_destroy(&loader->lock);
    brim_mem_give(loader);
    *out = NULL;
}

int brim_loader_batch_count(const BrimLoader *loader)
{
    return loader->order.batch_count;
}

void brim_loader_batch_shape(const BrimLoader *loader, int index, int *n, int *height_px, int *width_px)
{
    *n = brim_loader_order_n(&loader->order, index);
    *height_px = loader->order.shapes[index].height_px;
    *width_px = loader->order.shapes[index].width_px;
}

int64_t brim_loader_wait_ns(const BrimLoader *loader)
{
    return loader->wait_ns;
}

size_t brim_loader_cached_bytes(const BrimLoader *loader)
{
    return loader->cache_bytes;
}
