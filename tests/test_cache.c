/* The cache changes no pixel, and is there only when it fits. */
#include "support/split.h"
#include "support/support.h"

#include "data/cache.h"

enum { DRAWN = 10, EPOCHS = 3 };

/* The digests of some epochs. */
static void run(const BrimLoaderConf *conf, uint64_t digests[EPOCHS][DRAWN], size_t *cached_bytes)
{
    BrimLoader *loader;
    const BrimBatch *batch;
    size_t before = brim_mem_held_bytes(BRIM_MEM_CACHE);
    assert_ok(brim_loader_open(&loader, conf));
    *cached_bytes = brim_loader_cached_bytes(loader);
    assert_int_equal(*cached_bytes, brim_loader_cache_bytes(conf));
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_CACHE) - before, *cached_bytes);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        assert_ok(brim_loader_start(loader, epoch, 0));
        for (int i = 0; i < brim_loader_batch_count(loader); i++) {
            assert_ok(brim_loader_next(loader, &batch));
            digests[epoch][i] = batch_digest(batch);
        }
    }
    brim_loader_close(&loader);
}

static void gives_the_same_pixels_with_and_without(void **state)
{
    (void)state;
    BrimSplit split;
    drawn_split(&split, DRAWN, 96);
    for (int augment = 0; augment < 2; augment++) {
        uint64_t plain[EPOCHS][DRAWN] = {{0}}, cached[EPOCHS][DRAWN] = {{0}};
        size_t bytes;
        BrimLoaderConf conf = training_conf(&split);
        conf.augment = augment;
        run(&conf, plain, &bytes);
        assert_int_equal(bytes, 0);
        for (int workers = 0; workers < 4; workers += 3) {
            conf.workers = workers;
            conf.cache_bytes = 1 << 20;
            run(&conf, cached, &bytes);
            assert_in_range(bytes, 1, 1 << 20);
            assert_memory_equal(cached, plain, sizeof plain);
            conf.cache_bytes = bytes; /* exactly enough */
            run(&conf, cached, &bytes);
            assert_int_equal(bytes, conf.cache_bytes);
            conf.cache_bytes = bytes - 1;
            run(&conf, cached, &bytes);
            assert_int_equal(bytes, 0);
            conf.cache_bytes = 0;
        }
    }
    brim_split_clear(&split);
}

static void fills_each_picture_once(void **state)
{
    (void)state;
    static const BrimCacheSide sides[] = {{3, 2}, {1, 1}};
    BrimCache *cache;
    BrimPicture first, second, again;
    assert_ok(brim_cache_open(&cache, sides, 2));
    assert_false(brim_cache_find(cache, 0, &first));
    assert_true(brim_cache_claim(cache, 0, &first));
    assert_int_equal(first.width_px, 3);
    assert_int_equal(first.height_px, 2);
    assert_false(brim_cache_claim(cache, 0, &again)); /* another thread fills its own */
    assert_false(brim_cache_find(cache, 0, &again));
    assert_true(brim_cache_claim(cache, 1, &second));
    assert_true(second.rgb >= first.rgb + 18 || second.rgb + 3 <= first.rgb);
    first.rgb[17] = 5;
    brim_cache_filled(cache, 0);
    assert_true(brim_cache_find(cache, 0, &again));
    assert_int_equal(again.rgb[17], 5);
    brim_cache_close(&cache);
    assert_null(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gives_the_same_pixels_with_and_without),
                                       cmocka_unit_test(fills_each_picture_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
