/* An NVML that answers with any bytes: whatever it says, samples are taken, their texts end and can be
 * printed, and what is lost is unknown. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/nvml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *left;
static size_t left_bytes;

/* The input's next bytes, and zeros behind its end. */
static void say(void *to, size_t bytes)
{
    size_t take = bytes < left_bytes ? bytes : left_bytes;
    memset(to, 0, bytes);
    memcpy(to, left, take);
    left += take;
    left_bytes -= take;
}

/* Three of four calls go well, and none behind the input's end. */
static BrimNvmlResult say_result(void)
{
    uint8_t byte;
    if (left_bytes == 0)
        return BRIM_NVML_NOT_SUPPORTED;
    say(&byte, 1);
    return byte % 4 ? BRIM_NVML_SUCCESS : byte / 4;
}

/* Fills in what is asked for, whether it went well or not. */
#define SAYS(name, type)                                                                                     \
    static BrimNvmlResult name(BrimNvmlDevice device, type *to)                                              \
    {                                                                                                        \
        (void)device;                                                                                        \
        say(to, sizeof *to);                                                                                 \
        return say_result();                                                                                 \
    }
SAYS(say_pci, BrimNvmlPci)
SAYS(say_memory, BrimNvmlMemory)
SAYS(say_memory2, BrimNvmlMemory2)
SAYS(say_utilization, BrimNvmlUtilization)
SAYS(say_temperature2, BrimNvmlTemperature)
SAYS(say_number, unsigned)
SAYS(say_number_64, unsigned long long)

static BrimNvmlResult say_of_one(BrimNvmlDevice device, unsigned which, unsigned *number)
{
    (void)which;
    return say_number(device, number);
}

static BrimNvmlResult say_errors(BrimNvmlDevice device, unsigned kind, unsigned since,
                                 unsigned long long *count)
{
    (void)kind;
    (void)since;
    return say_number_64(device, count);
}

static BrimNvmlResult say_two(BrimNvmlDevice device, unsigned *number, unsigned *other)
{
    (void)device;
    say(number, sizeof *number);
    say(other, sizeof *other);
    return say_result();
}

static BrimNvmlResult say_fields(BrimNvmlDevice device, int count, BrimNvmlField *fields)
{
    (void)device;
    say(fields, (size_t)count * sizeof *fields);
    return say_result();
}

static BrimNvmlResult say_text(BrimNvmlDevice device, char *text, unsigned bytes)
{
    uint8_t length;
    (void)device;
    say(&length, 1);
    say(text, length < bytes ? length : bytes);
    return say_result();
}

static BrimNvmlResult say_driver(char *text, unsigned bytes)
{
    return say_text(NULL, text, bytes);
}

static const char *say_error(BrimNvmlResult result)
{
    return result % 3 == 0 ? NULL : result % 3 == 1 ? "" : "\x1b[31mwent\nwrong";
}

static BrimNvmlResult say_begin(void)
{
    return say_result();
}

static BrimNvmlResult say_count(unsigned *count)
{
    uint8_t byte;
    say(&byte, 1);
    *count = byte == UINT8_MAX ? UINT32_MAX : byte % 8;
    return say_result();
}

static BrimNvmlResult say_handle(unsigned index, BrimNvmlDevice *device)
{
    *device = (BrimNvmlDevice)(uintptr_t)(index + 1);
    return say_result();
}

static BrimNvmlResult say_part(BrimNvmlDevice device, unsigned index, BrimNvmlDevice *part)
{
    (void)device;
    return say_handle(index, part);
}

/* Entries of any size up to the longest, and a count that need not be theirs. */
static BrimNvmlResult say_running(BrimNvmlDevice device, unsigned *count, void *list)
{
    uint8_t entries, stride, lie;
    (void)device;
    say(&entries, 1);
    say(&stride, 1);
    say(&lie, 1);
    say(list, (entries < *count ? entries : *count) * (size_t)(stride % 33));
    *count = lie % 8 ? entries : UINT32_MAX - lie;
    return say_result();
}

static BrimNvmlResult say_busy(BrimNvmlDevice device, BrimNvmlProcessBusy *list, unsigned *count,
                               unsigned long long since_us)
{
    uint8_t entries;
    (void)device;
    (void)since_us;
    say(&entries, 1);
    say(list, (entries < *count ? entries : *count) * sizeof *list);
    *count = entries;
    return say_result();
}

static const BrimNvml babble = {
    .error_text = say_error,
    .init = say_begin,
    .shutdown = say_begin,
    .driver_version = say_driver,
    .count = say_count,
    .handle = say_handle,
    .name = say_text,
    .uuid = say_text,
    .pci = say_pci,
    .clock_most = say_of_one,
    .memory = say_memory,
    .memory2 = say_memory2,
    .utilization = say_utilization,
    .encoder = say_two,
    .decoder = say_two,
    .temperature = say_of_one,
    .temperature2 = say_temperature2,
    .fields = say_fields,
    .number = {say_number, say_number, say_number, say_number, say_number},
    .energy = say_number_64,
    .clock = say_of_one,
    .throughput = say_of_one,
    .ecc = say_errors,
    .running = {say_running, say_running, say_running},
    .running_stride_bytes = {24, 24, 16},
    .busy = say_busy,
    .mig_mode = say_two,
    .mig_most = say_number,
    .mig_handle = say_part,
};

static void check_text(const char *text, size_t room_bytes)
{
    size_t length = strnlen(text, room_bytes);
    if (length == room_bytes)
        abort();
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            abort();
}

static void check(const BrimDraft *draft)
{
    for (int i = 0; i < draft->device_count; i++) {
        const BrimDeviceSample *device = &draft->devices[i];
        check_text(device->name, sizeof device->name);
        check_text(device->id, sizeof device->id);
        check_text(device->driver, sizeof device->driver);
        check_text(device->trouble, sizeof device->trouble);
        if (device->parent >= i || device->parent < -1 || (device->lost && !device->trouble[0]))
            abort();
        for (int metric = 0; metric < BRIM_METRIC_COUNT; metric++)
            if (device->lost && !isnan(device->value[metric]))
                abort();
    }
    for (int i = 0; i < draft->process_count; i++) {
        const BrimProcessSample *process = &draft->processes[i];
        if (process->pid <= 0 || process->device < 0 || process->device >= draft->device_count ||
            draft->devices[process->device].lost || process->utilization_percent > 100)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimDraft draft = {.devices = NULL};
    BrimVendorState *state = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof *state);
    if (!state)
        abort();
    left = data;
    left_bytes = size;
    state->api = babble;
    brim_nvml_begin(state, 0);
    if (brim_nvml_find_cards(state) != BRIM_OK)
        abort();
    for (int64_t i = 1; i <= 4; i++) {
        brim_draft_restart(&draft, 0, i * INT64_C(10000000000));
        if (brim_vendor_nvidia.sample(state, &draft) != BRIM_OK)
            abort();
        check(&draft);
    }
    brim_draft_clear(&draft);
    brim_vendor_nvidia.close(&state);
    if (brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) != before)
        abort();
    return 0;
}
