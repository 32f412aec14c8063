/* YOLOv5n's published weights on the pictures that YOLOv5 was run on. */
#include "support/golden_inference.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/half.h"
#include "exchange/safetensors.h"
#include "exchange/torch.h"
#include "support/support.h"
#include "train/nms.h"
#include "train/weights.h"

#define FOLDER "reference/golden/1_inference/"

enum { CLASSES = 80, COLUMNS = 5 + CLASSES, EDGE_ROWS = 200, TOP_ROWS = 400, MAX_DET = 300 };

typedef struct Detector {
    const GoldenPictureCase *test;
    BrimModel model;
    BrimEngine *engine;
    BrimTensorFile golden;
    uint8_t *picture;
    const float *rows; /* predictions */
    float *raw;        /* the heads in the same order */
    int row_count;
} Detector;

/* From [3, h, w] to [h, w, 3]. */
static void take_picture(Detector *detector, const BrimHostTensor *chw)
{
    size_t plane = (size_t)(chw->dims[1] * chw->dims[2]);
    const uint8_t *from = chw->data;
    detector->picture = brim_mem_take(BRIM_MEM_OTHER, plane, 3);
    for (size_t i = 0; i < 3 * plane; i++)
        detector->picture[i % plane * 3 + i / plane] = from[i];
}

static void open_detector(Detector *detector, const BrimShape *shape)
{
    BrimTensorFile weights = {0};
    BrimTransfer transfer;
    need_shared("reference/weights/yolov5n.pt");
    assert_ok(brim_torch_load(&weights, shared_path("reference/weights/yolov5n.pt")));
    assert_ok(brim_model_load(&detector->model, "yolov5n", CLASSES));
    BrimEngineConf conf = {.backend = detector->test->backend,
                           .precision = detector->test->precision,
                           .threads = 2,
                           .model = &detector->model,
                           .hyper = brim_hyper_default(),
                           .infer = shape,
                           .infer_count = 1};
    assert_ok(brim_engine_open(&detector->engine, &conf));
    assert_ok(brim_engine_start(detector->engine));
    assert_ok(brim_weights_load(detector->engine, &detector->model, &weights, "", &transfer));
    assert_int_equal(transfer.loaded, transfer.total);
    assert_ok(brim_engine_fold(detector->engine));
    brim_tensors_clear(&weights);
}

/* In fp32, whatever it is there; to be given back. */
static float *read_head(const Detector *detector, BrimTensorId id)
{
    const BrimTensor *tensor = &brim_engine_graph(detector->engine)->tensors[id];
    size_t count = brim_tensor_elements(tensor);
    float *values = brim_mem_take(BRIM_MEM_OTHER, count, sizeof *values);
    if (tensor->dtype == BRIM_F32) {
        assert_ok(brim_engine_read(detector->engine, id, values));
        return values;
    }
    uint16_t *halves = brim_mem_take(BRIM_MEM_OTHER, count, sizeof *halves);
    assert_ok(brim_engine_read(detector->engine, id, halves));
    for (size_t i = 0; i < count; i++)
        values[i] = brim_half_to_float(halves[i]);
    brim_mem_give(halves);
    return values;
}

/* Heads [1, anchor * column, y, x] as rows of level, anchor, y, x. They lie where DECODE just read them. */
static void read_heads(Detector *detector)
{
    const BrimGraph *graph = brim_engine_graph(detector->engine);
    const BrimOp *decode = NULL;
    float *row = detector->raw =
        brim_mem_take(BRIM_MEM_OTHER, (size_t)detector->row_count * COLUMNS, sizeof *row);
    for (BrimOpId id = 0; id < graph->op_count; id++)
        decode = graph->ops[id].kind == BRIM_OP_DECODE ? &graph->ops[id] : decode;
    for (int level = 0; level < detector->model.level_count; level++) {
        const BrimTensor *tensor = &graph->tensors[decode->in[level]];
        float *head = read_head(detector, decode->in[level]);
        int cells = tensor->dims[2] * tensor->dims[3];
        for (int i = 0; i < detector->model.anchor_count * cells; i++, row += COLUMNS)
            for (int column = 0; column < COLUMNS; column++)
                row[column] = head[(i / cells * COLUMNS + column) * cells + i % cells];
        brim_mem_give(head);
    }
}

static void detect(Detector *detector, const GoldenPictureCase *test)
{
    char path[128];
    *detector = (Detector){.test = test};
    snprintf(path, sizeof path, FOLDER "n_%s.safetensors", test->name);
    load_golden(&detector->golden, path);
    const BrimHostTensor *chw = golden(&detector->golden, "image_rgb_chw_u8");
    const BrimShape shape = {1, (int)chw->dims[1], (int)chw->dims[2]};
    take_picture(detector, chw);
    open_detector(detector, &shape);
    const BrimBatch batch = {
        .n = 1, .height_px = shape.height_px, .width_px = shape.width_px, .pictures = detector->picture};
    assert_ok(brim_engine_infer(detector->engine, &batch, &detector->rows, &detector->row_count, NULL));
    read_heads(detector);
}

static void close_detector(Detector *detector)
{
    brim_engine_close(&detector->engine);
    brim_tensors_clear(&detector->golden);
    brim_mem_give(detector->picture);
    brim_mem_give(detector->raw);
}

/* Boxes in px and confidences have tolerances of their own. */
static void compare_rows(const Detector *detector, const char *what, const float *got, const float *expected,
                         bool decoded)
{
    const GoldenPictureCase *test = detector->test;
    assert_floats_near(what, got, expected, decoded ? 4 : COLUMNS, decoded ? test->box_px : test->logit, 0);
    if (decoded)
        assert_floats_near(what, got + 4, expected + 4, COLUMNS - 4, test->score, 0);
}

static void compare_table(const Detector *detector, const char *kind, const float *rows)
{
    char name[64];
    bool decoded = strcmp(kind, "decoded") == 0;
    const int64_t *top = golden(&detector->golden, "top400_rows")->data;
    snprintf(name, sizeof name, "%s_first200", kind);
    const float *first = golden_floats(&detector->golden, name);
    snprintf(name, sizeof name, "%s_last200", kind);
    const float *last = golden_floats(&detector->golden, name);
    snprintf(name, sizeof name, "%s_top400", kind);
    const float *best = golden_floats(&detector->golden, name);
    for (int i = 0; i < EDGE_ROWS; i++) {
        compare_rows(detector, kind, rows + (size_t)i * COLUMNS, first + i * COLUMNS, decoded);
        compare_rows(detector, kind, rows + (size_t)(detector->row_count - EDGE_ROWS + i) * COLUMNS,
                     last + i * COLUMNS, decoded);
    }
    for (int i = 0; i < TOP_ROWS; i++)
        compare_rows(detector, kind, rows + (size_t)top[i] * COLUMNS, best + i * COLUMNS, decoded);
}

/* Every row counts in the columns' sums. */
static void compare_sums(const Detector *detector)
{
    const float *sums = golden_floats(&detector->golden, "decoded_colsum");
    const float *raw_sums = golden_floats(&detector->golden, "raw_colsum");
    const float *sizes = golden_floats(&detector->golden, "raw_colabssum");
    for (int column = 0; column < COLUMNS; column++) {
        double sum = 0, raw = 0;
        for (int row = 0; row < detector->row_count; row++) {
            sum += (double)detector->rows[(size_t)row * COLUMNS + column];
            raw += (double)detector->raw[(size_t)row * COLUMNS + column];
        }
        if (!(fabs(sum - sums[column]) <= detector->test->sum * fabs((double)sums[column])) ||
            !(fabs(raw - raw_sums[column]) <= detector->test->sum * sizes[column]))
            fail_msg("column %d sums to %.9g (expected %.9g) and, raw, to %.9g (expected %.9g)", column, sum,
                     (double)sums[column], raw, (double)raw_sums[column]);
    }
}

/* Detections in network px; two that are nearly as confident may have changed places. */
static void compare_detections(const Detector *detector, const json_t *facts)
{
    static BrimDetection found[MAX_DET];
    BrimNms *nms = NULL;
    const json_t *parameters = json_object_get(facts, "params"),
                 *boxes = json_object_get(facts, "letterbox_px");
    const BrimNmsConf conf = {.conf_thres = json_number_value(json_object_get(parameters, "conf_thres")),
                              .iou_thres = json_number_value(json_object_get(parameters, "iou_thres")),
                              .max_det = (int)json_integer_value(json_object_get(parameters, "max_det")),
                              .multi_label = json_is_true(json_object_get(parameters, "multi_label"))};
    assert_ok(brim_nms_open(&nms, &conf, detector->row_count, CLASSES));
    int count = brim_nms_run(nms, detector->rows, detector->row_count, found);
    assert_int_equal(count, json_integer_value(json_object_get(facts, "count")));
    for (int i = 0; i < count; i++) {
        bool seen = false;
        for (int j = i < 2 ? 0 : i - 2; j <= i + 2 && j < count && !seen; j++) {
            double box[6];
            for (int k = 0; k < 6; k++)
                box[k] = json_number_value(json_array_get(json_array_get(boxes, (size_t)j), (size_t)k));
            const BrimTruth truth = {(float)box[5], (float)box[0], (float)box[1], (float)box[2],
                                     (float)box[3]};
            seen = found[i].class_index == truth.class_index &&
                   fabs(found[i].confidence - box[4]) <= detector->test->score &&
                   brim_detection_iou(&truth, &found[i]) > detector->test->iou;
        }
        if (!seen)
            fail_msg("detection %d, class %g at %g, is not among YOLOv5's", i, (double)found[i].class_index,
                     (double)found[i].confidence);
    }
    brim_nms_close(&nms);
}

GoldenPictureCase golden_picture_fp32(const char *name, const BrimBackendClass *backend)
{
    return (GoldenPictureCase){.name = name,
                               .backend = backend,
                               .logit = 3e-4,
                               .box_px = 0.02,
                               .score = 1e-4,
                               .sum = 1e-5,
                               .iou = 0.99};
}

void golden_picture(void **state)
{
    const GoldenPictureCase *test = *state;
    Detector detector;
    json_t *root = load_golden_json(FOLDER "pictures.json");
    detect(&detector, test);
    compare_table(&detector, "raw", detector.raw);
    compare_table(&detector, "decoded", detector.rows);
    compare_sums(&detector);
    const json_t *nms = json_object_get(json_object_get(root, test->name), "nms");
    compare_detections(&detector, json_object_get(nms, "detect_c25_i45"));
    if (!test->sure_alone)
        compare_detections(&detector, json_object_get(nms, "val_c001_i60"));
    json_decref(root);
    close_detector(&detector);
}
