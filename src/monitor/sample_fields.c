/* One table for each part, from which writers and readers alike work. */
#include "monitor/sample_fields.h"

#include <stdio.h>
#include <time.h>

/* clang-format off */
#define FIELD(type, member, kind) \
    {#member, BRIM_FIELD_##kind, offsetof(type, member), sizeof((type *)0)->member}
#define COUNTED(list) {list, sizeof list / sizeof list[0]}

#define AT(member, kind) FIELD(BrimDeviceSample, member, kind)
static const BrimField device_fields[] = {
    AT(vendor, TEXT),
    AT(index, INT),
    AT(id, TEXT),
    AT(name, TEXT),
    AT(driver, TEXT),
    AT(pci, TEXT),
    AT(parent, INDEX),
    AT(gpu_instance, INDEX),
    AT(lost, FLAG),
    AT(trouble, TEXT),
#define X(name, key) \
    {key, BRIM_FIELD_FIGURE, offsetof(BrimDeviceSample, value) + BRIM_METRIC_##name * sizeof(double), sizeof(double)},
    BRIM_METRIC_LIST(X)
#undef X
};
#undef AT
/* clang-format on */

#define AT(member, kind) FIELD(BrimProcessSample, member, kind)
static const BrimField process_fields[] = {
    AT(pid, INT),
    AT(device, INT),
    AT(kind, TEXT),
    AT(name, TEXT),
    AT(command, TEXT),
    AT(user, TEXT),
    AT(memory_bytes, FIGURE),
    AT(utilization_percent, FIGURE),
    AT(host_memory_bytes, FIGURE),
    AT(host_peak_bytes, FIGURE),
    AT(host_cpu_percent, FIGURE),
};
#undef AT

#define AT(member, kind) FIELD(BrimRunSample, member, kind)
static const BrimField run_fields[] = {
    AT(pid, INT),
    AT(command, TEXT),
    AT(model, TEXT),
    AT(folder, TEXT),
    AT(device, TEXT),
    AT(planned_bytes, BYTES),
    AT(arena_bytes, BYTES),
    AT(arena_measured_bytes, FIGURE),
    AT(process_measured_bytes, FIGURE),
    AT(process_peak_bytes, FIGURE),
    AT(epoch, INT),
    AT(epochs, INT),
    AT(pictures_per_s, FIGURE),
};
#undef AT

const BrimFields brim_device_fields = COUNTED(device_fields);
const BrimFields brim_process_fields = COUNTED(process_fields);
const BrimFields brim_run_fields = COUNTED(run_fields);

void brim_sample_time_text(char text[BRIM_SAMPLE_TIME_BYTES], int64_t time_ns)
{
    const int64_t second_ns = 1000000000;
    time_t seconds = (time_t)(time_ns / second_ns);
    struct tm utc;
    char date[24] = "";
    if (gmtime_r(&seconds, &utc))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, BRIM_SAMPLE_TIME_BYTES, "%s.%09dZ", date, (int)(time_ns % second_ns));
}
