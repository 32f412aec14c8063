/* Batches of pictures and targets for training and validation. Loader threads fill slots whose memory was
 * planned before the first step; what a batch holds depends on seed, epoch and position alone, never on the
 * threads. */
#ifndef BRIM_DATA_LOADER_H
#define BRIM_DATA_LOADER_H

#include "conf/hyper.h"
#include "data/labels.h"
#include "element/augment.h"

typedef struct BrimLoader BrimLoader;

typedef struct BrimLoaderConf {
    const BrimSplit *split;
    int imgsz_px;
    int batch;
    int stride_px;    /* the model's largest */
    bool augment;     /* training: shuffled, mosaic, affine, HSV, flips at imgsz x imgsz; else letterbox */
    bool rectangular; /* validation: batches of like aspect ratio, each of its own shape, as YOLOv5's
                         rect=True */
    double pad;       /* rectangular: 0.5 */
    BrimHyper hyper;
    uint64_t seed;
    bool straight; /* as detect.py: the split's order, one linear resize from the picture to the network's,
                    * and with rectangular the least frame of the stride's multiples; else as load_image: by
                    * area to imgsz, and not enlarged from there */
    int workers;   /* threads; 0: brim_loader_next makes the batch itself, over `threads` OpenMP threads */
    int threads;   /* for workers 0; 0: as many as cores */
    int slots;     /* batches in flight, at least 1 */
    bool pixels_apart; /* with augment: a batch says what its pictures are to be, for a device that keeps the
                        * split's (brim_loader_keep), and no pixel is made here; nothing is cached */
    size_t cache_bytes; /* room for decoded pictures; the cache is used only if all fit; 0: none */
} BrimLoaderConf;

/* One sample's way from picture px to network px, for drawing results back: network = picture * ratio + pad.
 */
typedef struct BrimLetterbox {
    double ratio_x, ratio_y;
    double pad_x_px, pad_y_px;
    int picture_width_px, picture_height_px;
} BrimLetterbox;

enum { BRIM_TARGET_COLUMNS = 6 }; /* image, class, x, y, w, h */

typedef struct BrimBatch {
    int n, height_px, width_px;
    const uint8_t *pictures;      /* n * height * width * 3, RGB; NULL with pixels_apart */
    const BrimAugmentTask *tasks; /* n, with pixels_apart alone */
    const float *targets; /* target_count rows, boxes as 0..1 of the network picture, and room for the rest
                           * of brim_loader_target_cap */
    int target_count;
    const int32_t *samples;     /* n: index into the split */
    const BrimLetterbox *boxes; /* n; only without augmentation */
} BrimBatch;

/* ERROR_FIT where the slots do not fit is the caller's to say: brim_loader_slot_bytes tells before. */
BrimStatus brim_loader_open(BrimLoader **loader, const BrimLoaderConf *conf);
void brim_loader_close(BrimLoader **loader);

/* Bytes that an open loader takes beside its cache: slots, the threads' scratch for the largest file and
 * picture of the split, the order. 0 with a last error when the memory to find out is not there. */
size_t brim_loader_slot_bytes(const BrimLoaderConf *conf);

/* Bytes that the cache takes: those of all pictures as they are kept, or 0 when they are more than
 * cache_bytes. */
size_t brim_loader_cache_bytes(const BrimLoaderConf *conf);

/* Bytes of all pictures as they are kept for pixels_apart. */
size_t brim_loader_kept_bytes(const BrimLoaderConf *conf);

/* Decodes every picture of the split, over the loader's threads or its workers' number of them, and hands each to
 * `keep`, one at a time, in any order; start_bytes is where it stands among the kept. Before the first
 * brim_loader_start. The first error, by the split's order, ends it. */
typedef BrimStatus (*BrimPictureKeeper)(void *self, size_t start_bytes, const BrimPicture *picture);
BrimStatus brim_loader_keep(BrimLoader *loader, BrimPictureKeeper keep, void *self);

/* The most targets that a batch can hold: the labels of the batch's densest pictures, and with mosaic those
 * of three (with mixup seven) pictures as dense as the densest beside each. */
int brim_loader_target_cap(const BrimLoaderConf *conf);

/* Batches in an epoch (the last one may be smaller), and the shape of one. A split smaller than a batch is
 * one batch. */
int brim_loader_batch_count(const BrimLoader *loader);
void brim_loader_batch_shape(const BrimLoader *loader, int index, int *n, int *height_px, int *width_px);

/* Starts the pictures of an epoch, from its first batch or, after a resume, a later one. What is left of the
 * epoch before is dropped. */
BrimStatus brim_loader_start(BrimLoader *loader, int epoch, int first_batch);

/* The next batch, valid until the following call. After the last: ERROR_ARGUMENT. A picture that cannot be
 * decoded any more is named by the error, which stays until brim_loader_start. */
BrimStatus brim_loader_next(BrimLoader *loader, const BrimBatch **batch);

/* Nanoseconds that brim_loader_next waited since the start of the epoch, and bytes of the cache. */
int64_t brim_loader_wait_ns(const BrimLoader *loader);
size_t brim_loader_cached_bytes(const BrimLoader *loader);

#endif
