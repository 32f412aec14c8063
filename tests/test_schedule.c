/* The schedule against YOLOv5's, iteration by iteration, and against figures worked out by hand. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>

#include "train/schedule.h"

static void assert_near(const char *what, double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-12 * fabs(expected)))
        fail_msg("%s is %.17g, expected %.17g", what, got, expected);
}

/* What a trainer does: the batches summed since the last step, and how many were dropped. */
typedef struct Trainer {
    BrimSchedule schedule;
    int summed, dropped;
} Trainer;

static void run_batch(Trainer *trainer, int epoch, int index, BrimScheduleStep *step)
{
    brim_schedule_at(&trainer->schedule, epoch, index, step);
    if (!step->scalars.accumulate) {
        trainer->dropped += trainer->summed;
        trainer->summed = 0;
    }
    trainer->summed++;
}

static void finish_batch(Trainer *trainer, int epoch, int index, const BrimScheduleStep *step)
{
    if (!step->update)
        return;
    brim_schedule_updated(&trainer->schedule, epoch, index);
    trainer->summed = 0;
}

static void check_run(const char *name, int epochs, int batches, int batch, bool cosine, int updates,
                      int dropped)
{
    char path[128], line[512];
    snprintf(path, sizeof path, "reference/golden/4_schedule/%s.csv", name);
    need_shared(path);
    FILE *file = fopen(shared_path(path), "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    BrimHyper hyper = brim_hyper_default();
    Trainer trainer = {.summed = 0};
    brim_schedule_open(&trainer.schedule, &hyper, epochs, batches, batch, cosine);
    int rows = 0;
    for (; fgets(line, sizeof line, file); rows++) {
        int number, epoch, index, accumulate, update, summed;
        double rate[3], momentum;
        assert_int_equal(sscanf(line, "%d,%d,%d,%lf,%lf,%lf,%lf,%d,%d,%d", &number, &epoch, &index, &rate[0],
                                &rate[1], &rate[2], &momentum, &accumulate, &update, &summed),
                         10);
        BrimScheduleStep step;
        run_batch(&trainer, epoch, index, &step);
        for (int group = 0; group < BRIM_GROUP_COUNT; group++)
            assert_near("learning rate", step.learning_rate[group], rate[group]);
        assert_near("momentum", step.momentum, momentum);
        assert_near("weight decay", step.weight_decay, 0.0005);
        assert_int_equal(step.accumulate, accumulate);
        assert_int_equal(step.update, update);
        if (update)
            assert_int_equal(trainer.summed, summed);
        finish_batch(&trainer, epoch, index, &step);
    }
    fclose(file);
    assert_int_equal(rows, epochs * batches);
    assert_int_equal(trainer.schedule.updates, updates);
    assert_int_equal(trainer.dropped, dropped);
}

static void follows_yolov5_to_the_last_batch(void **state)
{
    (void)state;
    check_run("e10_nb36_b16_lin", 10, 36, 16, false, 115, 14);
    check_run("e10_nb36_b16_cos", 10, 36, 16, true, 115, 14);
    check_run("e3_nb9_b64_lin", 3, 9, 64, false, 27, 0);
    check_run("e3_nb9_b64_cos", 3, 9, 64, true, 27, 0);
}

/* 50 batches an epoch make a warmup of 150; batch 24 ends at round(2.67) = 3 batches a step. */
static void warmup_goes_from_start_to_end(void **state)
{
    (void)state;
    BrimHyper hyper = brim_hyper_default();
    BrimSchedule schedule;
    BrimScheduleStep step;
    brim_schedule_open(&schedule, &hyper, 10, 50, 24, false);
    assert_int_equal(schedule.warmup_batches, 150);
    brim_schedule_at(&schedule, 0, 0, &step);
    assert_near("bias rate", step.learning_rate[BRIM_GROUP_BIAS], 0.1);
    assert_true(step.learning_rate[BRIM_GROUP_WEIGHT] == 0 && step.learning_rate[BRIM_GROUP_SCALE] == 0);
    assert_near("momentum", step.momentum, 0.8);
    assert_true(step.update && step.accumulate == 1 && !step.scalars.accumulate);
    assert_near("EMA decay", step.ema_decay, 0.9999 * (1 - exp(-1.0 / 2000)));
    brim_schedule_at(&schedule, 1, 25, &step); /* half of the warmup; epoch 1 aims at 0.901 of lr0 */
    assert_near("rate", step.learning_rate[BRIM_GROUP_WEIGHT], 0.01 * 0.901 / 2);
    assert_near("bias rate", step.learning_rate[BRIM_GROUP_BIAS], (0.1 + 0.01 * 0.901) / 2);
    assert_int_equal(step.accumulate, 2);     /* 1.83 */
    brim_schedule_at(&schedule, 3, 1, &step); /* the first after it keeps epoch 3's rate ... */
    assert_near("rate", step.learning_rate[BRIM_GROUP_BIAS], 0.01 * 0.703);
    assert_near("momentum", step.momentum, 0.937);
    assert_int_equal(step.accumulate, 3);
    assert_near("decay", step.weight_decay, 0.0005 * 72 / 64);
    brim_schedule_at(&schedule, 4, 0, &step); /* ... and epoch 4 too, which lags by one */
    assert_near("rate", step.learning_rate[BRIM_GROUP_BIAS], 0.01 * 0.703);
}

static void large_batches_step_every_time(void **state)
{
    (void)state;
    BrimHyper hyper = brim_hyper_default();
    BrimSchedule schedule;
    BrimScheduleStep step;
    brim_schedule_open(&schedule, &hyper, 10, 5, 256, true);
    assert_int_equal(schedule.warmup_batches, 100);
    for (int i = 0; i < 50; i++) {
        brim_schedule_at(&schedule, i / 5, i % 5, &step);
        assert_true(step.update && step.accumulate == 1 && !step.scalars.accumulate);
        assert_near("decay", step.weight_decay, 0.0005 * 4);
        brim_schedule_updated(&schedule, i / 5, i % 5);
    }
}

/* With the largest batch the warmup takes its epochs; with one picture more it takes longer. */
static void a_small_dataset_wants_small_batches(void **state)
{
    (void)state;
    BrimHyper hyper = brim_hyper_default();
    assert_int_equal(brim_schedule_largest_batch(&hyper, 561), 16);
    assert_int_equal(brim_schedule_largest_batch(&hyper, 5000), 150);
    assert_int_equal(brim_schedule_largest_batch(&hyper, 20), 1);
    hyper.warmup_epochs = 0; /* 100 batches all the same */
    assert_int_equal(brim_schedule_largest_batch(&hyper, 5000), 50);
    hyper.warmup_epochs = 100;
    assert_int_equal(brim_schedule_largest_batch(&hyper, 7), 7);
    for (int pictures = 100; pictures < 10000; pictures += 77) {
        BrimSchedule schedule;
        hyper = brim_hyper_default();
        int batch = brim_schedule_largest_batch(&hyper, pictures), batches = (pictures + batch - 1) / batch;
        brim_schedule_open(&schedule, &hyper, 10, batches, batch, false);
        assert_true(schedule.warmup_batches <= 3 * batches);
    }
}

static void step_once(BrimSchedule *schedule, int number, BrimScheduleStep *step)
{
    brim_schedule_at(schedule, number / 36, number % 36, step);
    if (step->update)
        brim_schedule_updated(schedule, number / 36, number % 36);
}

/* Two fields are all that a resumed run needs. */
static void a_resumed_run_goes_on_as_it_was(void **state)
{
    (void)state;
    BrimHyper hyper = brim_hyper_default();
    BrimScheduleStep one, other;
    for (int start = 1; start < 360; start += 23) {
        BrimSchedule whole, resumed;
        brim_schedule_open(&whole, &hyper, 10, 36, 16, false);
        for (int number = 0; number < start; number++)
            step_once(&whole, number, &one);
        brim_schedule_open(&resumed, &hyper, 10, 36, 16, false);
        resumed.last_update = whole.last_update;
        resumed.updates = whole.updates;
        for (int number = start; number < 360; number++) {
            step_once(&whole, number, &one);
            step_once(&resumed, number, &other);
            assert_int_equal(one.update, other.update);
            assert_int_equal(one.scalars.accumulate, other.scalars.accumulate);
            assert_true(one.scalars.ema_decay == other.scalars.ema_decay);
            assert_true(one.learning_rate[0] == other.learning_rate[0]);
        }
        assert_int_equal(resumed.updates, 115);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_yolov5_to_the_last_batch),
        cmocka_unit_test(warmup_goes_from_start_to_end),
        cmocka_unit_test(large_batches_step_every_time),
        cmocka_unit_test(a_small_dataset_wants_small_batches),
        cmocka_unit_test(a_resumed_run_goes_on_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
