/* Training runs in mixed precision, on a card that is none (tests/fake_cuda): the same bits from one seed and
 * through a stop and a resume, skipped steps told, and fp32 where 16 bits do not do. Two pictures make a
 * batch, so that gradients of several are summed from the third on. */
#include <stdlib.h>
#include <string.h>

#include "exchange/safetensors.h"
#include "support/precision_case.h"
#include "support/same_runs.h"
#include "support/support.h"

enum { PICTURES = 6, STEPS = 6 };

/* What a listener saw of a run. */
typedef struct Seen {
    SeenSteps steps;
    int skipped_remarks; /* of epochs */
    int all_skipped;     /* as the last remark says; 0: none did */
    bool off;            /* mixed precision is not for it */
} Seen;

static void read_remark(Seen *seen, const char *text)
{
    seen->off |= strstr(text, "mixed precision is off") != NULL;
    if (!strstr(text, "skipped: gradients were too large for 16 bits"))
        return;
    if (strncmp(text, "epoch ", 6) == 0)
        seen->skipped_remarks++;
    else
        seen->all_skipped = atoi(text);
}

static bool watch(void *self, const BrimEvent *event)
{
    Seen *seen = self;
    if (event->kind == BRIM_EVENT_REMARK)
        read_remark(seen, event->text);
    return see_step(&seen->steps, event);
}

/* Pictures, and hyper-parameters under which the first gradients are too large for 16 bits. */
static int set_up(void **state)
{
    (void)state;
    scratch_file("hyp.yaml", "obj: 300\n");
    return draw_small_pictures(PICTURES, 2, 64);
}

static BrimTrainOptions small_run(const char *name)
{
    BrimTrainOptions options = small_run_in(scratch_folder(), name);
    options.hyp = scratch_path("hyp.yaml");
    options.device = "0";
    options.precision = "amp";
    options.epochs = 2;
    options.batch_size = 2;
    return options;
}

static Seen train(const BrimTrainOptions *options)
{
    Seen seen = {0};
    assert_ok(brim_train(options, watch, &seen));
    return seen;
}

static void one_seed_gives_the_same_bits(void **state)
{
    (void)state;
    BrimTrainOptions options = small_run("first");
    Seen first = train(&options);
    assert_int_equal(first.steps.count, STEPS);
    assert_false(first.off);
    options.name = "again";
    Seen again = train(&options);
    assert_same_losses(&again.steps, &first.steps);
    assert_same_runs("first", "again");
    /* What was too large was told, and left behind in the checkpoint. */
    BrimTensorFile file = {0};
    load_run(&file, "first", "last");
    int skipped = atoi(brim_tensors_metadata(&file, "state.skipped_updates"));
    assert_true(skipped > 0 && first.all_skipped == skipped);
    assert_true(first.skipped_remarks == 1 || first.skipped_remarks == 2);
    assert_true(strtof(brim_tensors_metadata(&file, "state.loss_scale"), NULL) ==
                65536.0f / (float)(1 << skipped));
    brim_tensors_clear(&file);
}

static void stop_and_resume(const char *precision, const char *whole, const char *name, int after)
{
    BrimTrainOptions options = small_run(name);
    options.precision = precision;
    Seen broken = {.steps.stop_after = after};
    BrimTensorFile unbroken = {0}, resumed = {0};
    assert_int_equal(brim_train(&options, watch, &broken), BRIM_STOPPED);
    BrimTrainOptions resume = resume_of(name);
    resume.device = "0";
    Seen rest = train(&resume);
    assert_int_equal(broken.steps.count + rest.steps.count, STEPS);
    assert_same_runs(whole, name);
    load_run(&unbroken, whole, "last");
    load_run(&resumed, name, "last");
    static const char *const keys[] = {"state.loss_scale", "state.loss_scale_streak",
                                       "state.skipped_updates"};
    for (int i = 0; i < 3; i++)
        assert_string_equal(brim_tensors_metadata(&resumed, keys[i]),
                            brim_tensors_metadata(&unbroken, keys[i]));
    brim_tensors_clear(&unbroken);
    brim_tensors_clear(&resumed);
}

static void a_resumed_run_equals_the_unbroken_one(void **state)
{
    (void)state;
    stop_and_resume("amp", "first", "early", 1); /* after a skipped step */
    stop_and_resume("amp", "first", "late", 5);
}

/* What is too large for fp16 is not for bfloat16: no step is skipped, and the loss is never scaled. */
static void so_is_a_run_in_bfloat16(void **state)
{
    (void)state;
    skip_unless_computed_in(&brim_backend_cuda, BRIM_PRECISION_BF16);
    BrimTrainOptions options = small_run("bf16");
    options.precision = "bf16";
    Seen whole = train(&options);
    assert_false(whole.off);
    assert_int_equal(whole.all_skipped, 0);
    stop_and_resume("bf16", "bf16", "bf16-late", 4);
    BrimTensorFile file = {0};
    load_run(&file, "bf16-late", "last");
    assert_true(strtof(brim_tensors_metadata(&file, "state.loss_scale"), NULL) == 1);
    assert_non_null(strstr(brim_tensors_metadata(&file, "options"), "\"bf16\""));
    brim_tensors_clear(&file);
}

/* Weights whose activations no half can hold; in fp32 BN takes them down again. */
static void save_large_weights(const char *path)
{
    BrimTensorFile file = {0};
    static const char *const names[] = {"model.0.bn.weight", "model.1.bn.weight"};
    for (int i = 0; i < 2; i++) {
        BrimHostTensor *tensor;
        const int64_t channels = 16 << i;
        assert_ok(brim_tensors_add(&file, names[i], BRIM_HOST_F32, 1, &channels, &tensor));
        for (int64_t at = 0; at < channels; at++)
            ((float *)tensor->data)[at] = 60000;
    }
    assert_ok(brim_safetensors_save(&file, path));
    brim_tensors_clear(&file);
}

static void what_16_bits_cannot_hold_is_trained_in_32(void **state)
{
    (void)state;
    const char *weights = scratch_path("large.safetensors");
    save_large_weights(weights);
    BrimTrainOptions options = small_run("refused");
    options.hyp = NULL;
    options.epochs = 1;
    options.weights = weights;
    Seen refused = train(&options);
    assert_true(refused.off);
    options.name = "wide";
    options.precision = "fp32";
    Seen wide = train(&options);
    assert_false(wide.off);
    assert_same_losses(&refused.steps, &wide.steps);
    assert_same_runs("refused", "wide");
    assert_int_equal(refused.all_skipped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_gives_the_same_bits),
        cmocka_unit_test(a_resumed_run_equals_the_unbroken_one),
        cmocka_unit_test(so_is_a_run_in_bfloat16),
        cmocka_unit_test(what_16_bits_cannot_hold_is_trained_in_32),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
