/* The cpu backend: which convolutions oneDNN is asked for, and what it is told to do without. */
#include "support/support.h"

#include <string.h>

#include "backend/backend.h"
#include "graph/step.h"

static void measure(const char *name, int side_px, int batch, bool training)
{
    BrimModel model;
    BrimGraph *graph = NULL;
    BrimBackend *backend = NULL;
    assert_ok(brim_model_load(&model, name, 3));
    const BrimStepConf conf = {.model = &model,
                               .hyper = brim_hyper_default(),
                               .batch = batch,
                               .height_px = side_px,
                               .width_px = side_px,
                               .target_cap = 64};
    assert_ok(training ? brim_graph_training(&graph, &conf) : brim_graph_inference(&graph, &conf));
    assert_ok(brim_backend_cpu.open(&backend, 2, 0));
    BrimSizer sizer = brim_backend_cpu.sizer(backend);
    BrimStatus status = brim_plan_measure(graph, &sizer);
    if (status != BRIM_OK)
        fail_msg("%s, %d px, batch %d: %s", name, side_px, batch, brim_last_error());
    brim_backend_cpu.close(&backend);
    brim_graph_close(&graph);
}

/* Measuring refuses oneDNN's reference implementation, so it is enough that it succeeds. */
static void test_no_convolution_is_slow(void **state)
{
    (void)state;
    static const char *const models[] = {"yolov5n", "yolov5s", "yolov5m", "yolov5l", "yolov5x"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        measure(models[i], 320, 3, true);
        measure(models[i], 640, 2, true);
        measure(models[i], 640, 1, true);
        measure(models[i], 352, 5, false);
        measure(models[i], 640, 1, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_convolution_is_slow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
