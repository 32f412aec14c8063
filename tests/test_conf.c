/* Hyper-parameter and data files, the yaml below them, and the words that messages offer. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "conf/dataset.h"
#include "conf/hyper.h"
#include "conf/nearest.h"
#include "conf/yaml.h"
#include "support/support.h"

static void hypers_start_from_scratch_low(void **state)
{
    (void)state;
    BrimHyper hyper = brim_hyper_default();
    assert_true(hyper.lr0 == 0.01 && hyper.momentum == 0.937 && hyper.fliplr == 0.5 && hyper.anchor_t == 4);
    const char text[] = "# evolved\nlr0: 0.00334\nbox: .02\nfl_gamma: 0 # off\nmosaic: 8.5e-1\n";
    assert_ok(brim_hyper_parse(&hyper, "hyp.yaml", text, strlen(text)));
    assert_true(hyper.lr0 == 0.00334 && hyper.box == 0.02 && hyper.mosaic == 0.85);
    assert_true(hyper.momentum == 0.937);
    assert_ok(brim_hyper_parse(&hyper, "hyp.yaml", "", 0)); /* nothing changes nothing */
    assert_true(hyper.lr0 == 0.00334);
}

/* train.py: box 3 / levels, cls nc / 80 * 3 / levels, obj (imgsz / 640)^2 * 3 / levels. */
static void gains_are_scaled_as_train_does(void **state)
{
    (void)state;
    BrimHyper hyper = brim_hyper_default();
    brim_hyper_scale(&hyper, 4, 40, 1280);
    assert_float_equal(hyper.box, 0.05 * 0.75, 1e-15);
    assert_float_equal(hyper.cls, 0.5 * 0.5 * 0.75, 1e-15);
    assert_float_equal(hyper.obj, 1.0 * 4 * 0.75, 1e-15);
}

static void a_slip_in_hypers_is_named(void **state)
{
    (void)state;
    const struct {
        const char *text, *words;
    } cases[] = {
        {"lr0: 0.1\nmomentun: 0.9\n", "h.yaml: line 2: `momentun` `momentum`"},
        {"weight decay: 0\n", "line 1: `weight decay` `weight_decay`"},
        {"quantum: 1\n", "line 1: `quantum`"},
        {"\nlr0: fast\n", "line 2: `lr0` \"fast\" 0 10"},
        {"lr0:\n", "line 1: `lr0` empty"},
        {"lr0: [1]\n", "line 1: `lr0` list"},
        {"lr0: '0.1'\n", "line 1: `lr0`"},
        {"fliplr: 1.5\n", "line 1: `fliplr` \"1.5\" 0 1"},
        {"lr0: .inf\n", "`lr0`"},
        {"lr0: nan\n", "`lr0`"},
        {"lr0: 0x1\n", "`lr0`"},
        {"lr0: 1\nlr0: 2\n", "line 2: \"lr0\" twice"},
        {"anchors: 3\n", "line 1: `anchors` model"},
        {"- lr0\n", "h.yaml: line 1: name: value"},
        {"lr0: 0.1\n bad\n  : x", "h.yaml: line"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BrimHyper hyper = brim_hyper_default(), before = hyper;
        BrimStatus status = brim_hyper_parse(&hyper, "h.yaml", cases[i].text, strlen(cases[i].text));
        if (status == BRIM_OK)
            fail_msg("taken: %s", cases[i].text);
        assert_refused(status, BRIM_ERROR_INPUT, cases[i].words);
        assert_memory_equal(&hyper, &before, sizeof hyper);
    }
    BrimHyper hyper;
    assert_refused(brim_hyper_load(&hyper, "no/such/hyp.yaml"), BRIM_ERROR_IO, "no/such/hyp.yaml");
}

/* A folder with set/images/{train,val}, set/list.txt, and its path. */
static const char *make_set(void)
{
    static char *set;
    if (set)
        return set;
    set = brim_path_join(scratch_folder(), "set");
    const char *const folders[] = {"images/train", "images/val", "more"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char *folder = brim_path_join(set, folders[i]);
        assert_ok(brim_folder_make(folder));
        brim_mem_give(folder);
    }
    char *list = brim_path_join(set, "list.txt");
    assert_ok(brim_file_write(list, "a.jpg\n", 6));
    brim_mem_give(list);
    return set;
}

/* The text as set/NAME, or beside set. */
static BrimStatus load_set(BrimDataset *dataset, const char *name, const char *text)
{
    char *path = brim_path_join(make_set(), name);
    assert_ok(brim_file_write(path, text, strlen(text)));
    BrimStatus status = brim_dataset_load(dataset, path);
    brim_mem_give(path);
    return status;
}

static void assert_ends(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    if (length < end_length || strcmp(text + length - end_length, end) != 0)
        fail_msg("\"%s\" does not end with \"%s\"", text, end);
}

static void data_files_are_read(void **state)
{
    (void)state;
    BrimDataset dataset;
    assert_ok(load_set(&dataset, "data.yaml",
                       "path: .\ntrain: [images/train, list.txt]\nval: images/val\ntest: not/there\n"
                       "nc: 2\nnames: [cat, 'a dog']\ndownload: |\n  rm -rf everything\n"));
    assert_int_equal(dataset.train.count, 2);
    assert_ends(dataset.train.paths[1], "set/list.txt");
    assert_ends(dataset.val.paths[0], "set/images/val");
    assert_int_equal(dataset.test.count, 1); /* looked at by whoever asks for it */
    assert_int_equal(dataset.class_count, 2);
    assert_string_equal(dataset.class_names[1], "a dog");
    brim_dataset_clear(&dataset);
    brim_dataset_clear(&dataset);

    /* a map in any order, no nc, an exporter's own keys, and its ../ */
    assert_ok(load_set(&dataset, "data.yaml",
                       "train: ../images/train\nval: ../images/val\nnames:\n  1: dog\n  0: cat\n"
                       "roboflow: {license: none, version: 1}\n"));
    assert_ends(dataset.train.paths[0], "set/images/train");
    assert_string_equal(dataset.class_names[0], "cat");
    assert_string_equal(dataset.class_names[1], "dog");
    assert_int_equal(dataset.test.count, 0);
    brim_dataset_clear(&dataset);

    assert_ok(
        load_set(&dataset, "more/data.yaml", "path: ../\ntrain: images/train\nval: images/val\nnc: 3\n"));
    assert_string_equal(dataset.class_names[2], "class2");
    brim_dataset_clear(&dataset);
}

static void the_shared_data_sets_load(void **state)
{
    (void)state;
    const struct {
        const char *file, *last_class;
        int classes;
    } sets[] = {{"data/coco128val/data.yaml", "toothbrush", 80},
                {"data/facemask700/data.yaml", "mask_weared_incorrect", 3}};
    for (int i = 0; i < 2; i++) {
        BrimDataset dataset;
        need_shared(sets[i].file);
        assert_ok(brim_dataset_load(&dataset, shared_path(sets[i].file)));
        assert_int_equal(dataset.class_count, sets[i].classes);
        assert_string_equal(dataset.class_names[sets[i].classes - 1], sets[i].last_class);
        assert_int_equal(dataset.train.count, 1);
        assert_true(brim_folder_exists(dataset.val.paths[0]));
        brim_dataset_clear(&dataset);
    }
}

static void a_slip_in_data_is_named(void **state)
{
    (void)state;
#define PATHS "train: images/train\nval: images/val\n"
    const struct {
        const char *text, *words;
    } cases[] = {
        {"val: images/val\nnc: 1\n", "data.yaml: `train:` missing"},
        {"train: images/train\nnc: 1\n", "`val:` missing"},
        {"trian: images/train\nval: images/val\nnc: 1\n", "line 1: `trian` `train`"},
        {"train:\nval: images/val\nnc: 1\n", "line 1: `train:` missing"},
        {"train: images/tran\nval: images/val\nnc: 1\n", "line 1: `train:` set/images/tran `path:`"},
        {"train: {a: b}\nval: images/val\nnc: 1\n", "line 1: `train:` map"},
        {"train:\n  - images/train\n  - nowhere\nval: images/val\nnc: 1\n", "line 3: `train:` nowhere"},
        {"path: [x]\n" PATHS "nc: 1\n", "line 1: `path:` list"},
        {PATHS, "`names:` missing"},
        {PATHS "nc: none\n", "line 3: `nc:` \"none\""},
        {PATHS "nc: 0\n", "line 3: `nc:` \"0\""},
        {PATHS "nc: 3\nnames: [a, b]\n", "line 3: `nc:` 3 `names:` 2"},
        {PATHS "name: [a, b]\nnc: 2\n", "line 3: `name` `names`"},
        {PATHS "names: a\n", "line 3: `names:` list map"},
        {PATHS "names: []\n", "line 3: `names:`"},
        {PATHS "names: [a, [b]]\n", "line 3: `names:` class 1 list"},
        {PATHS "names: [a, \"b\\nc\"]\n", "line 3: `names:` class 1"},
        {PATHS "names: [a, '']\n", "line 3: `names:` class 1 empty"},
        {PATHS "names:\n  0: a\n  2: b\n", "line 5: `names:` 0 1 \"2\""},
        {PATHS "names:\n  0: a\n  one: b\n", "line 5: `names:` \"one\""},
        {PATHS "names:\n  0: a\n  01: b\n", "line 5: `names:` \"01\""},
        {PATHS "names:\n  0: a\n  0: b\n", "line 5: \"0\" twice"},
        {"just a sentence\n", "line 1: key: value"},
        {"names: [a, b\ntrain: x\n", "data.yaml: line"},
        {"names: &all [a]\nother: *all\n", "line 2: alias"},
        {"? [a]\n: b\n", "line 1: key"},
        {PATHS "nc: 1 \x01\n", "line 3"},
        {PATHS "nc: 1\nnames: [\xff\xfe]\n", "line 4"},
    };
    size_t before = brim_mem_held_bytes(BRIM_MEM_CONF);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BrimDataset dataset;
        BrimStatus status = load_set(&dataset, "data.yaml", cases[i].text);
        if (status == BRIM_OK)
            fail_msg("taken: %s", cases[i].text);
        assert_refused(status, BRIM_ERROR_INPUT, cases[i].words);
        assert_null(strchr(brim_last_error(), '\n'));
    }
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_CONF), before);
#undef PATHS
}

static void data_survives_a_lack_of_memory(void **state)
{
    (void)state;
    char *path = brim_path_join(make_set(), "data.yaml");
    const char text[] = "path: .\ntrain: [images/train, more]\nval: images/val\nnames: {0: a, 1: b}\n";
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimStatus status = BRIM_ERROR_MEMORY;
    uint64_t nth = 0;
    while (status != BRIM_OK) {
        BrimDataset dataset;
        brim_mem_fail_at(++nth);
        status = brim_dataset_parse(&dataset, path, text, strlen(text));
        brim_mem_fail_at(0);
        assert_true(status == BRIM_OK || status == BRIM_ERROR_MEMORY);
        brim_dataset_clear(&dataset);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
    }
    assert_true(nth > 20);
    brim_mem_give(path);
}

/* Many keys would be compared with each other, many brackets nested: both end early and with a word. */
static void large_yaml_is_refused(void **state)
{
    (void)state;
    static char text[420000];
    size_t length = 0;
    BrimYaml *root;
    for (int i = 0; i < 20000; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "k%d: 1\n", i);
    assert_refused(brim_yaml_parse(&root, "k.yaml", text, length), BRIM_ERROR_INPUT,
                   "k.yaml: line 12001: key 12000");
    assert_null(root);
    memset(text, '[', 100000);
    assert_refused(brim_yaml_parse(&root, "k.yaml", text, 100000), BRIM_ERROR_INPUT, "line 1: deep");
    for (size_t i = 1; i < sizeof text; i++)
        text[i] = i % 2 ? '1' : ',';
    assert_refused(brim_yaml_parse(&root, "k.yaml", text, sizeof text), BRIM_ERROR_INPUT,
                   "k.yaml: line 1: large");
}

static void near_words_are_offered(void **state)
{
    (void)state;
    const char *const known[] = {"train", "val", "nc", "names", "weight_decay"};
    const struct {
        const char *word, *nearest;
    } cases[] = {{"train", "train"}, {"trian", "train"}, {"tarin", "train"},
                 {"vla", "val"},     {"n", "nc"},        {"weigth-decy", "weight_decay"},
                 {"quantum", NULL},  {"xyz", NULL},      {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *nearest = brim_nearest(cases[i].word, known, 5);
        if (cases[i].nearest && nearest)
            assert_string_equal(nearest, cases[i].nearest);
        else if (nearest != cases[i].nearest)
            fail_msg("%s: %s", cases[i].word, nearest ? nearest : "nothing is near");
    }
    char long_word[200] = "";
    memset(long_word, 'a', sizeof long_word - 1);
    assert_null(brim_nearest(long_word, known, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hypers_start_from_scratch_low),  cmocka_unit_test(gains_are_scaled_as_train_does),
        cmocka_unit_test(a_slip_in_hypers_is_named),      cmocka_unit_test(data_files_are_read),
        cmocka_unit_test(the_shared_data_sets_load),      cmocka_unit_test(a_slip_in_data_is_named),
        cmocka_unit_test(data_survives_a_lack_of_memory), cmocka_unit_test(large_yaml_is_refused),
        cmocka_unit_test(near_words_are_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
