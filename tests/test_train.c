/* Whole training runs on drawn pictures: the same to the last bit from one seed, for any number of loader threads, and
 * through a stop and a resume; nothing allocated in a step; the plan true to the byte; memory refused before it starts. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/process.h"
#include "exchange/safetensors.h"
#include "support/same_runs.h"
#include "support/support.h"
#include "train/trainer.h"

/* What a listener saw of a run. */
typedef struct Seen {
    SeenSteps steps;
    int results;
    double map50;
    float val_losses[3];
    uint64_t takes_before; /* takes from the memory door when the step before was told */
    int steps_that_took;
    uint64_t arena_bytes, planned_bytes;
    int plans;
    uint64_t first_planned_bytes;
} Seen;

static bool watch(void *self, const BrimEvent *event)
{
    Seen *seen = self;
    switch (event->kind) {
    case BRIM_EVENT_STEP:
        if (event->batch > 1 && brim_mem_takes() != seen->takes_before)
            seen->steps_that_took++;
        seen->takes_before = brim_mem_takes();
        break;
    case BRIM_EVENT_PLAN:
        seen->arena_bytes = event->arena_bytes;
        seen->planned_bytes = event->memory_planned_bytes;
        break;
    case BRIM_EVENT_RESULTS:
        seen->results++;
        seen->map50 = event->map50;
        memcpy(seen->val_losses, event->val_losses, sizeof event->val_losses);
        break;
    default:
        break;
    }
    return see_step(&seen->steps, event);
}

static int set_up(void **state)
{
    (void)state;
    return draw_small_pictures(20, 6, 96);
}

static BrimTrainOptions small_run(const char *name)
{
    BrimTrainOptions options = small_run_in(scratch_folder(), name);
    options.epochs = 2;
    options.batch_size = 6; /* 20 pictures: three whole batches and one of two */
    options.threads = 2;
    return options;
}

static Seen train(const BrimTrainOptions *options)
{
    Seen seen = {0};
    assert_ok(brim_train(options, watch, &seen));
    return seen;
}

static Seen train_until(const BrimTrainOptions *options, int steps)
{
    Seen seen = {.steps.stop_after = steps};
    assert_int_equal(brim_train(options, watch, &seen), BRIM_STOPPED);
    return seen;
}

static void one_seed_gives_the_same_bits(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("first");
    Seen first = train(&options);
    assert_int_equal(first.steps.count, 8);
    assert_int_equal(first.results, 3); /* of two epochs, and of the best model */
    options.name = "again";
    Seen again = train(&options);
    assert_same_losses(&again.steps, &first.steps);
    assert_memory_equal(first.val_losses, again.val_losses, sizeof first.val_losses);
    assert_same_runs("first", "again");
    options.name = "other";
    options.seed = 8;
    Seen other = train(&options);
    assert_memory_not_equal(first.steps.losses, other.steps.losses, sizeof first.steps.losses);
}

static void loader_threads_change_nothing(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("inline");
    Seen inline_ = train(&options);
    options.name = "threads";
    options.workers = 3;
    options.cache = "none";
    Seen threads = train(&options);
    assert_same_losses(&threads.steps, &inline_.steps);
    assert_same_runs("inline", "threads");
}

/* Stops after so many steps, resumes, and compares with the unbroken run. */
static void stop_and_resume(const char *unbroken, const char *name, int after)
{
    BrimTrainOptions options = small_run(name);
    Seen broken = train_until(&options, after);
    BrimTrainOptions resume = resume_of(name);
    Seen rest = train(&resume);
    assert_int_equal(broken.steps.count + rest.steps.count, 8);
    assert_same_runs(unbroken, name);
}

static void a_resumed_run_equals_the_unbroken_one(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("unbroken");
    train(&options);
    stop_and_resume("unbroken", "early", 2); /* in the first epoch */
    stop_and_resume("unbroken", "border", 4); /* after its last batch, before its validation */
    stop_and_resume("unbroken", "late", 7);
}

static void a_resumed_run_keeps_waiting_gradients(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("summed");
    options.batch_size = 2; /* 10 batches an epoch; as the warmup goes on the 12th to 17th make one step */
    Seen unbroken = train(&options);
    assert_int_equal(unbroken.steps.count, 20);
    options.name = "summed_broken";
    train_until(&options, 15);
    BrimTensorFile file = {0};
    load_run(&file, "summed_broken", "last");
    assert_non_null(brim_tensors_find(&file, "gradient/model.0.conv.weight"));
    brim_tensors_clear(&file);
    BrimTrainOptions resume = resume_of("summed_broken");
    train(&resume);
    assert_same_runs("summed", "summed_broken");
}

/* The last checkpoint of a run that was stopped after so many steps, to be changed and gone on from. */
typedef struct Stopped {
    char path[RUN_PATH_BYTES];
    BrimTensorFile file;
} Stopped;

static void stop_run(Stopped *stopped, const char *name, int steps)
{
    BrimTrainOptions options = small_run(name);
    train_until(&options, steps);
    path_in_run(stopped->path, name, "weights/last.safetensors");
    load_run(&stopped->file, name, "last");
}

static BrimStatus go_on(const Stopped *stopped)
{
    BrimTrainOptions resume = brim_train_defaults();
    resume.resume = stopped->path;
    assert_ok(brim_safetensors_save(&stopped->file, stopped->path));
    return brim_train(&resume, NULL, NULL);
}

/* Of mixed precision: files of before it had none, and gradients are divided by it. What else it must not be, and
 * what the other numbers, is test_position.c's matter. */
static void a_checkpoints_loss_scale_is_optional_and_checked(void **state)
{
    (void)state;
    Stopped stopped;
    BrimTensorFile *file = &stopped.file;
    stop_run(&stopped, "scaled", 7);
    assert_ok(brim_tensors_set_metadata(file, "state.loss_scale", "0"));
    assert_refused(go_on(&stopped), BRIM_ERROR_INPUT, "state.loss_scale");
    for (int i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, "state.loss_scale") == 0)
            file->metadata[i].key[0] = 'x';
    assert_ok(go_on(&stopped));
    brim_tensors_clear(file);
}

/* What a run that goes on takes of its file is held to what its user may say. */
static void a_checkpoint_is_held_to_the_options_ranges(void **state)
{
    static const struct {
        const char *metadata, *key, *value;
        BrimStatus status;
        const char *said;
    } rows[] = {
        {"hyp", "warmup_epochs", "1e300", BRIM_ERROR_INPUT, "`warmup_epochs` is 1e+300"},
        {"hyp", "scale", "-7", BRIM_ERROR_INPUT, "`scale` is -7"},
        {"options", "threads", "-3", BRIM_ERROR_ARGUMENT, "--threads -3"},
        {"options", "imgsz", "2147483616", BRIM_ERROR_ARGUMENT, "--imgsz 2147483616"},
        {"options", "workers", "4294967297", BRIM_ERROR_INPUT, "workers is 4294967297"},
        {"options", "batch_size", "-2", BRIM_ERROR_ARGUMENT, "--batch-size -2"},
    };
    (void)state;
    Stopped stopped;
    BrimTensorFile *file = &stopped.file;
    stop_run(&stopped, "strange", 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *kept = brim_mem_text(BRIM_MEM_CONF, brim_tensors_metadata(file, rows[i].metadata));
        json_t *object = json_loads(kept, 0, NULL);
        json_object_set_new(object, rows[i].key, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
        assert_ok(brim_tensors_set_json(file, rows[i].metadata, object));
        assert_refused(go_on(&stopped), rows[i].status, rows[i].said);
        assert_ok(brim_tensors_set_metadata(file, rows[i].metadata, kept));
        brim_mem_give(kept);
    }
    assert_ok(brim_tensors_set_metadata(file, "state.batch", "-1"));
    assert_refused(go_on(&stopped), BRIM_ERROR_INPUT, "state.batch is \"-1\"");
    brim_tensors_clear(file);
}

/* Without the card by which others see a run: that is written anew each second, and takes memory between steps,
 * where a busy machine makes them so slow. */
static void a_step_takes_no_memory(void **state)
{
    (void)state;
    setenv("XDG_RUNTIME_DIR", "/proc/nowhere", 1);
    BrimTrainOptions options = small_run("counted");
    options.epochs = 1;
    Seen seen = train(&options);
    assert_int_equal(seen.steps_that_took, 0);
    options.workers = 2;
    seen = train(&options);
    assert_int_equal(seen.steps_that_took, 0);
    unsetenv("XDG_RUNTIME_DIR");
}

static void the_plan_is_what_is_taken(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("planned");
    Seen planned = {0};
    assert_ok(brim_plan(&options, watch, &planned));
    assert_true(planned.arena_bytes > 0);
    assert_true(planned.planned_bytes >= planned.arena_bytes);
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    options.epochs = 1;
    Seen seen = train(&options);
    assert_int_equal(seen.arena_bytes, planned.arena_bytes);
    assert_true(brim_mem_peak_bytes(BRIM_MEM_ARENA) >= planned.arena_bytes);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held); /* all of it given back */
}

static void too_little_memory_is_said_before_the_first_step(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("tight");
    Seen seen = {0};
    assert_ok(brim_plan(&options, watch, &seen));
    options.batch_size = 16;
    options.imgsz = 256;
    options.memory_bytes = seen.planned_bytes + ((uint64_t)64 << 20);
    assert_refused(brim_train(&options, watch, &seen), BRIM_ERROR_FIT, "--batch-size");
    assert_int_equal(seen.steps.count, 0);
    options.memory_bytes = 1 << 20;
    assert_refused(brim_train(&options, watch, &seen), BRIM_ERROR_FIT, "MiB");
}

static void every_file_of_a_run_is_there(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("files");
    train(&options);
    static const char *const names[] = {"results.csv", "opt.yaml", "hyp.yaml", "plan.txt",
                                        "weights/last.safetensors", "weights/best.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[RUN_PATH_BYTES];
        if (!brim_file_exists(path_in_run(path, "files", names[i])))
            fail_msg("%s is missing", path);
    }
    options.exist_ok = false;
    train(&options);
    char numbered[RUN_PATH_BYTES];
    assert_true(brim_file_exists(path_in_run(numbered, "files2", "results.csv")));
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("wrong");
    options.imgsz = 70;
    assert_refused(brim_train(&options, NULL, NULL), BRIM_ERROR_ARGUMENT, "multiple of 32");
    options = small_run("wrong");
    options.data = NULL;
    assert_refused(brim_train(&options, NULL, NULL), BRIM_ERROR_ARGUMENT, "--data");
    options = small_run("wrong");
    options.cfg = NULL;
    assert_refused(brim_train(&options, NULL, NULL), BRIM_ERROR_ARGUMENT, "--cfg");
    options = small_run("wrong");
    options.weights = "nowhere.pt";
    assert_refused(brim_train(&options, NULL, NULL), BRIM_ERROR_INPUT, "nowhere.pt");
    options = small_run("wrong");
    options.device = "cuda";
    assert_refused(brim_train(&options, NULL, NULL), BRIM_ERROR_UNSUPPORTED, "cuda");
}

/* Other processes leave less than the run was going to take, right after its first plan. */
static bool take_from_under(void *self, const BrimEvent *event)
{
    Seen *seen = self;
    if (event->kind == BRIM_EVENT_PLAN && seen->plans++ == 0) {
        seen->first_planned_bytes = event->memory_planned_bytes;
        brim_process_pretend_left(event->memory_planned_bytes - ((uint64_t)3 << 20));
    }
    return watch(seen, event);
}

static void test_planned_again(void **state)
{
    (void)state;
    Seen seen = {0};
    BrimTrainOptions options = small_run("again");
    options.epochs = 1;
    options.batch_size = 10;
    options.imgsz = 192;
    options.cache = "none";
    BrimStatus status = brim_train(&options, take_from_under, &seen);
    brim_process_pretend_left(0);
    assert_ok(status);
    assert_int_equal(seen.plans, 2);
    assert_true(seen.planned_bytes < seen.first_planned_bytes);
    assert_int_equal(seen.steps.count, 2);
}

/* A sanitizer's own memory counts as the process's. */
#ifdef __SANITIZE_ADDRESS__
#define CHOSEN_MEMORY_BYTES ((uint64_t)2 << 30)
#else
#define CHOSEN_MEMORY_BYTES ((uint64_t)160 << 20)
#endif

/* What is left to be chosen is chosen within the memory given, beside what the process has by then, and a resume
 * finds it chosen. */
static void test_chosen(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("chosen");
    options.batch_size = -1;
    options.imgsz = 128;
    options.memory_bytes = CHOSEN_MEMORY_BYTES;
    Seen whole = train(&options);
    assert_true(whole.planned_bytes <= options.memory_bytes && whole.steps.count > 0);
    options.name = "chosen_stopped";
    Seen seen = train_until(&options, 1);
    BrimTrainOptions resume = resume_of("chosen_stopped");
    Seen rest = train(&resume);
    assert_true(rest.steps.count > 0 && rest.arena_bytes == seen.arena_bytes);
    if (whole.arena_bytes == rest.arena_bytes)
        assert_true(seen.steps.count + rest.steps.count == whole.steps.count && rest.map50 == whole.map50);
    options.memory_bytes = (uint64_t)30 << 20;
    assert_int_equal(brim_train(&options, watch, &seen), BRIM_ERROR_FIT);
    options.fraction = 1.5;
    assert_int_equal(brim_train(&options, watch, &seen), BRIM_ERROR_ARGUMENT);
}

/* Twice the batch would be more predictions of 3000 classes than one tensor holds, which is no reason
 * not to train. Opened, not started: nothing of it is touched. */
static void a_validation_is_of_as_many_as_its_tensors_hold(void **state)
{
    enum { PICTURES = 600, SIDE_PX = 128, FRAME_PX = 160, CLASSES = 3000 };
    static BrimSample samples[PICTURES];
    static BrimLabel labels[PICTURES];
    static BrimModel model;
    BrimTrainer *trainer = NULL;
    (void)state;
    for (int i = 0; i < PICTURES; i++)
        samples[i] =
            (BrimSample){.width_px = SIDE_PX, .height_px = SIDE_PX, .first_label = i, .label_count = 1};
    const BrimSplit split = {.samples = samples,
                             .sample_count = PICTURES,
                             .labels = labels,
                             .label_count = PICTURES,
                             .most_labels = 1};
    assert_ok(brim_model_load(&model, "yolov5n", CLASSES));
    const BrimTrainerConf conf = {.backend = &brim_backend_reference,
                                  .model = &model,
                                  .hyper = brim_hyper_default(),
                                  .train = &split,
                                  .val = &split,
                                  .epochs = 1,
                                  .batch = PICTURES / 2,
                                  .imgsz_px = SIDE_PX,
                                  .threads = 1};
    assert_ok(brim_trainer_open(&trainer, &conf));
    const BrimEngine *engine = brim_trainer_engine(trainer);
    int most = brim_graph_most_inferred(&model, FRAME_PX);
    assert_true(most > PICTURES / 2 && most < PICTURES);
    const BrimGraph *validation = brim_engine_graph_at(engine, brim_engine_training_count(engine));
    assert_true(validation->batch <= most);
    assert_int_equal(validation->width_px, FRAME_PX);
    brim_trainer_close(&trainer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(one_seed_gives_the_same_bits),
        cmocka_unit_test(loader_threads_change_nothing),
        cmocka_unit_test(a_resumed_run_equals_the_unbroken_one),
        cmocka_unit_test(a_resumed_run_keeps_waiting_gradients),
        cmocka_unit_test(a_checkpoints_loss_scale_is_optional_and_checked),
        cmocka_unit_test(a_checkpoint_is_held_to_the_options_ranges),
        cmocka_unit_test(a_step_takes_no_memory),
        cmocka_unit_test(the_plan_is_what_is_taken),
        cmocka_unit_test(too_little_memory_is_said_before_the_first_step),
        cmocka_unit_test(every_file_of_a_run_is_there),
        cmocka_unit_test(test_planned_again),
        cmocka_unit_test(test_chosen),
        cmocka_unit_test(a_validation_is_of_as_many_as_its_tensors_hold),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
