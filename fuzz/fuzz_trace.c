/* Any bytes as a recorded sample: what is taken is written as a line that is read again, to the same line. */
#include <stdlib.h>
#include <string.h>

#include "monitor/sample_csv.h"
#include "monitor/sample_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_line(BrimJsonLine *line, BrimDraft *draft)
{
    BrimMonitorSample sample = brim_draft_sample(draft);
    if (brim_sample_json_write(line, &sample) != BRIM_OK)
        abort();
}

/* Every index in it leads somewhere, and every device is a line. */
static void check(BrimDraft *draft)
{
    char line[BRIM_SAMPLE_CSV_BYTES];
    BrimMonitorSample sample = brim_draft_sample(draft);
    for (int i = 0; i < sample.device_count; i++)
        if (sample.devices[i].parent < -1 || sample.devices[i].parent >= sample.device_count ||
            brim_sample_csv_device(line, &sample, i) >= sizeof line)
            abort();
    for (int i = 0; i < sample.process_count; i++)
        if (sample.processes[i].device < 0 || sample.processes[i].device >= sample.device_count)
            abort();
    for (int i = 0; i < sample.run_count; i++)
        if (sample.runs[i].purpose_count < 0 || sample.runs[i].purpose_count > BRIM_RUN_MOST_PURPOSES)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BrimDraft draft = {.devices = NULL}, again = {.devices = NULL};
    BrimJsonLine first = {NULL, 0, 0}, second = {NULL, 0, 0};
    if (brim_sample_json_read(&draft, (const char *)data, size) == BRIM_OK) {
        check(&draft);
        write_line(&first, &draft);
        if (brim_sample_json_read(&again, first.text, first.length) != BRIM_OK)
            abort();
        write_line(&second, &again);
        if (first.length != second.length || memcmp(first.text, second.text, first.length) != 0)
            abort();
    } else if (!*brim_last_error()) {
        abort();
    }
    brim_mem_give(first.text);
    brim_mem_give(second.text);
    brim_draft_clear(&draft);
    brim_draft_clear(&again);
    return 0;
}
