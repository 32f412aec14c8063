/* Samples as text: JSON there and back, the schema beside it, CSV, traces and what is wrong with them. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "monitor/monitor.h"
#include "monitor/sample_csv.h"
#include "monitor/sample_fields.h"
#include "monitor/sample_json.h"
#include "support/support.h"

/* A GPU, a part of it, the host, a process and a run. */
static void fill_draft(BrimDraft *draft)
{
    brim_draft_restart(draft, INT64_C(1764156753123456789), 5);
    BrimDeviceSample *device = brim_draft_device(draft);
    strcpy(device->vendor, "nvidia");
    strcpy(device->name, "A \"card\", with\nlines and \xC3\xA9");
    strcpy(device->id, "GPU-1");
    device->index = 3;
    device->value[BRIM_METRIC_MEMORY_TOTAL] = 85899345920;
    device->value[BRIM_METRIC_POWER] = 0.1 + 0.2;
    device->value[BRIM_METRIC_TEMPERATURE] = -3;
    device->value[BRIM_METRIC_ENERGY] = 1e300;
    device = brim_draft_device(draft);
    device->parent = 0;
    device->gpu_instance = 7;
    snprintf(device->pci, sizeof device->pci, "00000000:1B:00.0");
    device->lost = true;
    strcpy(device->trouble, "gone");
    strcpy(brim_draft_device(draft)->vendor, "host");
    BrimProcessSample *process = brim_draft_process(draft);
    process->pid = 4194304;
    process->device = 2;
    process->memory_bytes = 0;
    strcpy(process->command, "train \xFF --x");
    BrimRunSample *run = brim_draft_run(draft);
    strcpy(run->model, "yolov5n");
    run->planned_bytes = UINT64_C(1) << 40;
    run->purpose_count = 2;
    strcpy(run->purposes[1].name, "gradients");
    run->purposes[1].bytes = 12345;
}

static void a_sample_comes_back(void **state)
{
    (void)state;
    BrimDraft draft = {.devices = NULL}, again = {.devices = NULL};
    BrimJsonLine line = {NULL, 0, 0}, second = {NULL, 0, 0};
    fill_draft(&draft);
    BrimMonitorSample sample = brim_draft_sample(&draft);
    assert_ok(brim_sample_json_write(&line, &sample));
    assert_int_equal(line.text[line.length - 1], '\n');
    assert_null(memchr(line.text, '\n', line.length - 1));
    assert_ok(brim_sample_json_read(&again, line.text, line.length));
    assert_int_equal(again.time_ns, draft.time_ns);
    assert_string_equal(again.devices[0].name, draft.devices[0].name);
    assert_int_equal(again.devices[1].parent, 0);
    assert_int_equal(again.devices[0].parent, -1);
    assert_int_equal(again.devices[1].gpu_instance, 7);
    assert_int_equal(again.devices[0].gpu_instance, -1);
    assert_string_equal(again.devices[1].pci, "00000000:1B:00.0");
    assert_true(again.devices[1].lost);
    assert_true(again.devices[0].value[BRIM_METRIC_POWER] == 0.1 + 0.2);
    assert_true(again.devices[0].value[BRIM_METRIC_ENERGY] == 1e300);
    assert_true(again.devices[0].value[BRIM_METRIC_MEMORY_TOTAL] == 85899345920);
    assert_true(isnan(again.devices[0].value[BRIM_METRIC_FAN]));
    assert_string_equal(again.processes[0].command, "train ? --x");
    assert_true(again.processes[0].memory_bytes == 0);
    assert_true(isnan(again.processes[0].host_memory_bytes));
    assert_true(again.runs[0].planned_bytes == UINT64_C(1) << 40);
    assert_string_equal(again.runs[0].purposes[1].name, "gradients");
    sample = brim_draft_sample(&again);
    assert_ok(brim_sample_json_write(&second, &sample));
    assert_int_equal(second.length, line.length);
    assert_memory_equal(second.text, line.text, line.length);
    brim_mem_give(line.text);
    brim_mem_give(second.text);
    brim_draft_clear(&draft);
    brim_draft_clear(&again);
}

static void unknown_is_null(void **state)
{
    (void)state;
    BrimDraft draft = {.devices = NULL};
    BrimJsonLine line = {NULL, 0, 0};
    fill_draft(&draft);
    draft.devices[0].value[BRIM_METRIC_FAN] = INFINITY;
    BrimMonitorSample sample = brim_draft_sample(&draft);
    assert_ok(brim_sample_json_write(&line, &sample));
    line.text[line.length - 1] = '\0';
    assert_non_null(strstr(line.text,
                           "\"schema\":\"brim-watch-1\",\"time\":\"2025-11-26T11:32:33.123456789Z\","
                           "\"time_ns\":1764156753123456789,"));
    assert_non_null(strstr(line.text, "\"fan_percent\":null"));
    assert_non_null(strstr(line.text, "\"parent\":null"));
    assert_non_null(strstr(line.text, "\"memory_total_bytes\":85899345920,\"memory_used_bytes\":null"));
    brim_mem_give(line.text);
    brim_draft_clear(&draft);
}

/* ---- what a terminal would obey ---- */

/* A command in seven bits, one in eight, DEL, and what is no UTF-8; as much of it as there is room for. */
static const char commands[] = "\033[2J\xC2\x9B\x7F\xFF\n";

static void plant_texts(const BrimFields *fields, void *part)
{
    for (int i = 0; i < fields->count; i++)
        if (fields->list[i].kind == BRIM_FIELD_TEXT)
            snprintf((char *)part + fields->list[i].offset, fields->list[i].room, "%s", commands);
}

static void assert_harmless(const BrimFields *fields, const void *part)
{
    for (int i = 0; i < fields->count; i++)
        if (fields->list[i].kind == BRIM_FIELD_TEXT &&
            strcmp((const char *)part + fields->list[i].offset, "?[2J?????") != 0)
            fail_msg("%s was not cleaned", fields->list[i].key);
}

static void no_text_of_a_sample_steers_a_terminal(void **state)
{
    (void)state;
    BrimDraft draft = {.devices = NULL};
    plant_texts(&brim_device_fields, brim_draft_device(&draft));
    plant_texts(&brim_process_fields, brim_draft_process(&draft));
    BrimRunSample *run = brim_draft_run(&draft);
    plant_texts(&brim_run_fields, run);
    run->purpose_count = 1;
    snprintf(run->purposes[0].name, sizeof run->purposes[0].name, "%s", commands);
    BrimMonitorSample sample = brim_draft_sample(&draft);
    assert_harmless(&brim_device_fields, &sample.devices[0]);
    assert_harmless(&brim_process_fields, &sample.processes[0]);
    assert_harmless(&brim_run_fields, &sample.runs[0]);
    assert_string_equal(sample.runs[0].purposes[0].name, "?[2J?????");
    brim_draft_clear(&draft);
}

/* ---- the schema ---- */

/* Every key of the schema is written, and every key that is written is in it and required. */
static void assert_keys(const json_t *schema, const json_t *object)
{
    const json_t *properties = json_object_get(schema, "properties"),
                 *required = json_object_get(schema, "required");
    const char *key;
    json_t *value;
    assert_int_equal(json_object_size(properties), json_object_size(object));
    assert_int_equal(json_array_size(required), json_object_size(object));
    json_object_foreach((json_t *)object, key, value) if (!json_object_get(properties, key))
        fail_msg("the schema does not know %s", key);
    for (size_t i = 0; i < json_array_size(required); i++)
        if (!json_object_get(object, json_string_value(json_array_get(required, i))))
            fail_msg("%s is required and not written", json_string_value(json_array_get(required, i)));
}

static void the_schema_knows_every_key(void **state)
{
    (void)state;
    BrimDraft draft = {.devices = NULL};
    BrimJsonLine line = {NULL, 0, 0};
    fill_draft(&draft);
    BrimMonitorSample sample = brim_draft_sample(&draft);
    assert_ok(brim_sample_json_write(&line, &sample));
    json_t *written = json_loadb(line.text, line.length, 0, NULL),
           *schema = json_load_file("docs/watch.schema.json", 0, NULL);
    assert_non_null(written);
    assert_non_null(schema);
    const json_t *parts = json_object_get(schema, "$defs");
    assert_keys(schema, written);
    assert_keys(json_object_get(parts, "device"), json_array_get(json_object_get(written, "devices"), 0));
    assert_keys(json_object_get(parts, "process"), json_array_get(json_object_get(written, "processes"), 0));
    const json_t *run = json_array_get(json_object_get(written, "runs"), 0);
    assert_keys(json_object_get(parts, "run"), run);
    assert_keys(json_object_get(parts, "purpose"), json_array_get(json_object_get(run, "purposes"), 0));
    json_decref(written);
    json_decref(schema);
    brim_mem_give(line.text);
    brim_draft_clear(&draft);
}

/* ---- CSV ---- */

static void csv_quotes_and_leaves_empty(void **state)
{
    (void)state;
    BrimDraft draft = {.devices = NULL};
    char header[BRIM_SAMPLE_CSV_BYTES], line[BRIM_SAMPLE_CSV_BYTES];
    fill_draft(&draft);
    BrimMonitorSample sample = brim_draft_sample(&draft);
    size_t length = brim_sample_csv_header(header);
    assert_int_equal(length, strlen(header));
    assert_int_equal(
        strncmp(header,
                "time,vendor,index,id,name,driver,pci,parent,gpu_instance,lost,trouble,memory_total_bytes,",
                89),
        0);
    length = brim_sample_csv_device(line, &sample, 0);
    assert_int_equal(length, strlen(line));
    const char *start =
        "2025-11-26T11:32:33.123456789Z,nvidia,3,GPU-1,\"A \"\"card\"\", with?lines and \xC3\xA9\",,,,,0,,"
        "85899345920,,";
    assert_int_equal(strncmp(line, start, strlen(start)), 0);
    assert_non_null(strstr(line, ",0.30000000000000004,"));
    brim_sample_csv_device(line, &sample, 2);
    int commas = 0, expected = 0;
    for (const char *at = line; *at; at++)
        commas += *at == ',';
    for (const char *at = header; *at; at++)
        expected += *at == ',';
    assert_int_equal(commas, expected);
    brim_draft_clear(&draft);
}

/* The longest that there can be. */
static void csv_has_room_for_everything(void **state)
{
    (void)state;
    BrimDeviceSample device;
    char line[BRIM_SAMPLE_CSV_BYTES];
    memset(&device, '"', sizeof device);
    device.vendor[15] = device.name[95] = device.id[63] = device.driver[63] = device.pci[31] =
        device.trouble[159] = '\0';
    device.lost = true;
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        device.value[i] = -1.2345678901234567e-300;
    BrimMonitorSample sample = {.time_ns = INT64_MAX, .devices = &device, .device_count = 1};
    assert_true(brim_sample_csv_device(line, &sample, 0) < sizeof line - 1);
}

/* ---- traces ---- */

static const char *trace_of(const char *text)
{
    return scratch_file("trace.jsonl", text);
}

#define SAMPLE(time, rest) "{\"schema\":\"brim-watch-1\",\"time_ns\":" #time rest "}\n"

static void a_trace_is_played(void **state)
{
    (void)state;
    BrimMonitor *monitor = NULL;
    const BrimMonitorSample *sample;
    const BrimMonitorOptions options = {
        .trace = trace_of("\n" SAMPLE(5, ",\"devices\":[{\"vendor\":\"amd\",\"power_watts\":7.5,\"new\":[]}],"
                                         "\"processes\":[{\"pid\":7},{\"pid\":8}]") " \r\n" SAMPLE(6, "")),
        .pid = 8};
    assert_ok(brim_monitor_open(&monitor, &options));
    assert_ok(brim_monitor_sample(monitor, &sample));
    assert_int_equal(sample->time_ns, 5);
    assert_int_equal(sample->device_count, 1);
    assert_true(sample->devices[0].value[BRIM_METRIC_POWER] == 7.5);
    assert_true(isnan(sample->devices[0].value[BRIM_METRIC_CLOCK]));
    assert_int_equal(sample->process_count, 1);
    assert_int_equal(sample->processes[0].pid, 8);
    assert_ok(brim_monitor_sample(monitor, &sample));
    assert_int_equal(sample->time_ns, 6);
    assert_int_equal(sample->device_count, 0);
    assert_refused(brim_monitor_sample(monitor, &sample), BRIM_STOPPED, "trace.jsonl");
    assert_refused(brim_monitor_sample(monitor, &sample), BRIM_STOPPED, "ends");
    brim_monitor_close(&monitor);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"{", "trace.jsonl, line 1: no JSON"},
        {"{\033[2J\007", "line 1: no JSON"},
        {"[]\n", "line 1: no sample schema brim-watch-1"},
        {"{\"schema\":\"brim-watch-2\"}", "line 1: no sample"},
        {"\n\n{\"schema\":\"brim-watch-1\"}", "line 3: time_ns"},
        {"{\"schema\":\"brim-watch-1\",\"time_ns\":-1}", "line 1: time_ns"},
        {"{\"schema\":\"brim-watch-1\",\"time_ns\":99999999999999999999}", "line 1: no JSON"},
        {"{\"schema\":\"brim-watch-1\",\"schema\":\"brim-watch-1\"}", "line 1: no JSON duplicate"},
        {SAMPLE(1, ",\"devices\":{}"), "line 1: devices must be a list"},
        {SAMPLE(1, ",\"devices\":[7]"), "devices[0] must be an object"},
        {SAMPLE(1, ",\"devices\":[{\"vendor\":7}]"), "devices[0].vendor must be a text"},
        {SAMPLE(1, ",\"devices\":[{},{\"power_watts\":\"7\"}]"),
         "devices[1].power_watts must be a number or null"},
        {SAMPLE(1, ",\"devices\":[{\"lost\":0}]"), "devices[0].lost must be true or false"},
        {SAMPLE(1, ",\"devices\":[{\"index\":0.5}]"), "devices[0].index must be a whole number"},
        {SAMPLE(1, ",\"devices\":[{\"parent\":0}]"), "devices[0].parent must be another"},
        {SAMPLE(1, ",\"devices\":[{\"parent\":5}]"), "devices[0].parent must be another"},
        {SAMPLE(1, ",\"processes\":[{}]"), "processes[0].device must be one of"},
        {SAMPLE(1, ",\"devices\":[{}],\"processes\":[{\"pid\":-1}]"),
         "processes[0].pid must be a whole number"},
        {SAMPLE(1, ",\"runs\":[{\"arena_bytes\":-1}]"), "runs[0].arena_bytes must be a number of bytes"},
        {SAMPLE(1, ",\"runs\":[{\"purposes\":[1]}]"), "runs[0].purposes must be a list of objects"},
        {SAMPLE(1, ",\"runs\":[{\"purposes\":{}}]"), "runs[0].purposes must be a list"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BrimMonitor *monitor = NULL;
        const BrimMonitorSample *sample;
        assert_ok(brim_monitor_open(&monitor, &(BrimMonitorOptions){.trace = trace_of(cases[i].text)}));
        assert_refused(brim_monitor_sample(monitor, &sample), BRIM_ERROR_INPUT, cases[i].words);
        assert_null(strchr(brim_last_error(), '\033'));
        brim_monitor_close(&monitor);
    }
}

static void a_trace_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    BrimMonitor *monitor = NULL;
    assert_refused(brim_monitor_open(&monitor, &(BrimMonitorOptions){.trace = "no/where"}), BRIM_ERROR_IO,
                   "no/where");
    assert_null(monitor);
    assert_refused(brim_monitor_open(&monitor, &(BrimMonitorOptions){.trace = "tests"}), BRIM_ERROR_IO,
                   "tests");
    assert_refused(brim_monitor_open(&monitor, &(BrimMonitorOptions){.trace = trace_of("")}),
                   BRIM_ERROR_INPUT, "is empty --json");
}

/* Lines longer than what is read at once. */
static void a_long_line_stays_whole(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    BrimMonitor *monitor = NULL;
    const BrimMonitorSample *sample;
    char *text = brim_mem_take(BRIM_MEM_OTHER, 64 * COUNT, 1);
    char *at = text + sprintf(text, SAMPLE(1, ""));
    at += sprintf(at, "{\"schema\":\"brim-watch-1\",\"time_ns\":2,\"devices\":[{}");
    for (int i = 1; i < COUNT; i++)
        at += sprintf(at, ",{\"vendor\":\"amd\",\"index\":%d}", i);
    sprintf(at, "]}\n" SAMPLE(3, ""));
    assert_ok(brim_monitor_open(&monitor, &(BrimMonitorOptions){.trace = trace_of(text)}));
    for (int i = 1; i <= 3; i++) {
        assert_ok(brim_monitor_sample(monitor, &sample));
        assert_int_equal(sample->time_ns, i);
        assert_int_equal(sample->device_count, i == 2 ? COUNT : 0);
    }
    brim_monitor_close(&monitor);
    brim_mem_give(text);
}

/* Every block that playing and writing take is refused once. */
static void without_memory_a_trace_says_so(void **state)
{
    (void)state;
    const char *path = trace_of(SAMPLE(1, ",\"devices\":[{}],\"processes\":[{}],\"runs\":[{}]"));
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimStatus status = BRIM_ERROR_MEMORY;
    uint64_t nth = 0;
    while (status != BRIM_OK) {
        BrimMonitor *monitor = NULL;
        BrimJsonLine line = {NULL, 0, 0};
        const BrimMonitorSample *sample;
        brim_mem_fail_at(++nth);
        status = brim_monitor_open(&monitor, &(BrimMonitorOptions){.trace = path});
        if (status == BRIM_OK)
            status = brim_monitor_sample(monitor, &sample);
        if (status == BRIM_OK)
            status = brim_sample_json_write(&line, sample);
        brim_mem_fail_at(0);
        assert_true(status == BRIM_OK || status == BRIM_ERROR_MEMORY);
        brim_mem_give(line.text);
        brim_monitor_close(&monitor);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
    }
    assert_true(nth > 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_comes_back),
        cmocka_unit_test(unknown_is_null),
        cmocka_unit_test(no_text_of_a_sample_steers_a_terminal),
        cmocka_unit_test(the_schema_knows_every_key),
        cmocka_unit_test(csv_quotes_and_leaves_empty),
        cmocka_unit_test(csv_has_room_for_everything),
        cmocka_unit_test(a_trace_is_played),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_trace_that_cannot_be_opened_is_named),
        cmocka_unit_test(a_long_line_stays_whole),
        cmocka_unit_test(without_memory_a_trace_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
