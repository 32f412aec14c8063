/* Checkpoints written by a thread: the bytes that the engine's own writing comes to, of the moment at which
 * they were begun, however it changes meanwhile; and what becomes of files that cannot be written. */
#include "support/saved.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/file.h"
#include "train/saver.h"
#include "train/weights.h"

enum { SIDE_PX = 64 };

static void open_engine(BrimEngine **engine, BrimModel *model, const BrimBackendClass *backend)
{
    static const BrimShape shape = {1, SIDE_PX, SIDE_PX};
    assert_ok(brim_model_load(model, "yolov5n", 3));
    const BrimEngineConf conf = {.backend = backend,
                                 .model = model,
                                 .hyper = brim_hyper_default(),
                                 .train = &shape,
                                 .train_count = 1,
                                 .train_target_cap = 8,
                                 .snapshots = true,
                                 .threads = 1};
    assert_ok(brim_engine_open(engine, &conf));
    assert_ok(brim_engine_start(*engine));
}

static void fill(BrimEngine *engine, const BrimModel *model, uint64_t seed)
{
    assert_ok(brim_weights_init(engine, model, seed));
    assert_ok(brim_weights_start_ema(engine));
}

static void check_moments(const BrimBackendClass *backend)
{
    static BrimModel model;
    BrimEngine *engine = NULL;
    BrimSaver *saver = NULL;
    BrimTensorFile identity = {0};
    BrimPosition position = {
        .epoch = 3, .last_update = 17, .updates = 18, .best_fitness = 0.1, .scaler = brim_scaler()};
    char *first = make_folder("first"), *second = make_folder("second"), *apart = make_folder("apart");
    assert_ok(brim_tensors_set_metadata(&identity, "model", "n \"of\" three"));
    open_engine(&engine, &model, backend);
    assert_ok(brim_saver_open(&saver, engine));
    fill(engine, &model, 1);
    save_at_once(engine, &identity, &position, first);
    assert_ok(brim_saver_begin(saver, &identity, &position, apart, true));
    position.epoch = 4;
    assert_ok(brim_tensors_set_metadata(&identity, "model", "another"));
    fill(engine, &model, 2); /* while the thread writes */
    assert_int_equal(brim_saver_wait(saver), 2);
    assert_ok(brim_saver_status(saver));
    assert_same_bytes(first, apart, "last.safetensors");
    assert_same_bytes(first, apart, "best.safetensors");
    save_at_once(engine, &identity, &position, second);
    assert_ok(brim_saver_begin(saver, &identity, &position, apart, false));
    brim_saver_close(&saver); /* writes what was begun to its end */
    assert_same_bytes(second, apart, "last.safetensors");
    assert_same_bytes(first, apart, "best.safetensors");
    brim_engine_close(&engine);
    brim_tensors_clear(&identity);
    brim_mem_give(first);
    brim_mem_give(second);
    brim_mem_give(apart);
}

static void files_are_those_of_the_moment_to_the_byte(void **state)
{
    (void)state;
    check_moments(&brim_backend_cpu);
    check_moments(&brim_backend_reference);
}

/* The first file that cannot be written ends it, in the words of who writes himself: no last.safetensors tells of
 * a best model that is not there. The next is another matter. */
static void what_cannot_be_written_is_said_to_the_caller(void **state)
{
    (void)state;
    static BrimModel model;
    BrimEngine *engine = NULL;
    BrimSaver *saver = NULL;
    const BrimPosition position = {.scaler = brim_scaler()};
    char sentence[1024];
    char *folder = make_folder("half"), *best = make_folder("half/best.safetensors/kept");
    char *path = brim_path_join(folder, "best.safetensors"), *last = brim_path_join(folder, "last.safetensors");
    open_engine(&engine, &model, &brim_backend_cpu);
    assert_ok(brim_saver_open(&saver, engine));
    fill(engine, &model, 1);
    assert_int_equal(brim_saver_wait(saver), 0);
    assert_ok(brim_saver_begin(saver, NULL, &position, folder, true));
    assert_int_equal(brim_saver_wait(saver), 0);
    assert_false(brim_saver_is_writing(saver));
    assert_false(brim_file_exists(last));
    assert_int_equal(brim_checkpoint_save(engine, NULL, NULL, path), BRIM_ERROR_IO);
    snprintf(sentence, sizeof sentence, "%s", brim_last_error());
    assert_refused(brim_saver_status(saver), BRIM_ERROR_IO, path);
    assert_string_equal(brim_last_error(), sentence);
    assert_ok(brim_saver_begin(saver, NULL, &position, folder, false));
    assert_int_equal(brim_saver_wait(saver), 1);
    assert_ok(brim_saver_status(saver));
    assert_ok(brim_saver_begin(saver, NULL, &position, "/nowhere", true));
    assert_int_equal(brim_saver_wait(saver), 0);
    assert_refused(brim_saver_status(saver), BRIM_ERROR_IO, "/nowhere/best.safetensors");
    brim_saver_close(&saver);
    brim_saver_close(&saver);
    brim_engine_close(&engine);
    brim_mem_give(folder);
    brim_mem_give(best);
    brim_mem_give(path);
    brim_mem_give(last);
}

/* Whichever of them fails, all is given back. */
static void memory_that_is_not_there_is_told(void **state)
{
    (void)state;
    static BrimModel model;
    BrimEngine *engine = NULL;
    BrimSaver *saver = NULL;
    open_engine(&engine, &model, &brim_backend_cpu);
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    uint64_t before = brim_mem_takes();
    assert_ok(brim_saver_open(&saver, engine));
    uint64_t takes = brim_mem_takes() - before;
    brim_saver_close(&saver);
    for (uint64_t nth = 1; nth <= takes; nth += 1 + takes / 12) {
        brim_mem_fail_at(nth);
        assert_int_equal(brim_saver_open(&saver, engine), BRIM_ERROR_MEMORY);
        assert_null(saver);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
    }
    brim_mem_fail_at(0);
    brim_engine_close(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_those_of_the_moment_to_the_byte),
        cmocka_unit_test(what_cannot_be_written_is_said_to_the_caller),
        cmocka_unit_test(memory_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
