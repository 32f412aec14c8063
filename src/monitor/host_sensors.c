/* hwmon for temperatures, cpufreq for clocks, and /proc/cpuinfo where a machine (a virtual one) has no
 * cpufreq. */
#include "monitor/host_sensors.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/proc.h"

enum { MOST_HWMON = 64, MOST_INPUTS = 16, MOST_CORES = 4096, MOST_HOLES = 64 };

static bool is_processor(const char *chip)
{
    static const char *const drivers[] = {"coretemp", "k10temp", "zenpower", "cpu_thermal"};
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
        if (strcmp(chip, drivers[i]) == 0)
            return true;
    return false;
}

/* The chip's first sensor: of the whole package where there is one (coretemp's temp1), Tctl or Tdie with AMD.
 */
static int open_first(const char *root, int hwmon)
{
    int descriptor = -1;
    for (int i = 1; i <= MOST_INPUTS && descriptor < 0; i++)
        descriptor = brim_proc_open(root, "/sys/class/hwmon/hwmon%d/temp%d_input", hwmon, i);
    return descriptor;
}

void brim_host_sensors_open(BrimHostSensors *sensors, const char *root)
{
    char chip[32];
    sensors->chip_count = 0;
    for (int i = 0; i < MOST_HWMON && sensors->chip_count < BRIM_HOST_MOST_CHIPS; i++) {
        if (!brim_proc_read_line(chip, sizeof chip, root, "/sys/class/hwmon/hwmon%d/name", i) ||
            !is_processor(chip))
            continue;
        int descriptor = open_first(root, i);
        if (descriptor >= 0)
            sensors->chips[sensors->chip_count++] = descriptor;
    }
}

double brim_host_celsius(const BrimHostSensors *sensors)
{
    double hottest = NAN;
    for (int i = 0; i < sensors->chip_count; i++)
        hottest = fmax(hottest, brim_proc_number_in(sensors->chips[i]) / 1000); /* fmax passes over NAN */
    return hottest;
}

void brim_host_sensors_close(BrimHostSensors *sensors)
{
    for (int i = 0; i < sensors->chip_count; i++)
        brim_proc_close(&sensors->chips[i]);
    sensors->chip_count = 0;
}

/* ---- clocks ---- */

static double core_hertz(const char *root, int core, const char *file)
{
    char text[64];
    brim_proc_read(text, sizeof text, root, "/sys/devices/system/cpu/cpu%d/cpufreq/%s", core, file);
    return 1000 * brim_proc_number(text);
}

/* Adds what the lines "cpu MHz : 2400.000" say. */
static void add_clocks(const char *text, double *sum_hertz, int *count)
{
    for (const char *line = strstr(text, "cpu MHz"); line; line = strstr(line + 1, "cpu MHz")) {
        const char *number = strpbrk(line, ":\n");
        double megahertz = number && *number == ':' ? strtod(number + 1, NULL) : 0;
        if (megahertz > 0 && isfinite(megahertz)) {
            *sum_hertz += 1e6 * megahertz;
            ++*count;
        }
    }
}

/* The file may be longer than a page for each core; a line that a read cuts waits for the next. */
static double mean_of_cpuinfo(const char *root)
{
    char text[BRIM_PROC_TEXT_BYTES];
    double sum_hertz = 0;
    int count = 0, descriptor = brim_proc_open(root, "/proc/cpuinfo");
    size_t kept = 0;
    ssize_t got;
    while (descriptor >= 0 && (got = read(descriptor, text + kept, sizeof text - 1 - kept)) > 0) {
        size_t filled = kept + (size_t)got;
        char *end = memrchr(text, '\n', filled);
        size_t whole = end ? (size_t)(end - text) : filled - 1;
        text[whole] = '\0';
        add_clocks(text, &sum_hertz, &count);
        kept = filled - whole - 1;
        memmove(text, text + whole + 1, kept);
    }
    brim_proc_close(&descriptor);
    return count ? sum_hertz / count : NAN;
}

BrimHostClocks brim_host_clocks(const char *root)
{
    BrimHostClocks clocks = {NAN, NAN};
    double sum_hertz = 0;
    int count = 0;
    bool known = !isnan(core_hertz(root, 0, "scaling_cur_freq")); /* most virtual machines have no cpufreq */
    /* Cores that are switched off leave holes. */
    for (int core = 0, holes = 0; known && core < MOST_CORES && holes < MOST_HOLES; core++) {
        double hertz = core_hertz(root, core, "scaling_cur_freq");
        holes = isnan(hertz) ? holes + 1 : 0;
        if (isnan(hertz))
            continue;
        sum_hertz += hertz;
        count++;
        clocks.most_hertz = fmax(clocks.most_hertz, core_hertz(root, core, "cpuinfo_max_freq"));
    }
    clocks.now_hertz = count ? sum_hertz / count : mean_of_cpuinfo(root);
    return clocks;
}
