/* Ten looks at this machine, a second apart: what every device has and does. Against brim.h alone:
 * cc monitor.c $(pkg-config --cflags --libs brim) */
#include <brim.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int fail(void)
{
    fprintf(stderr, "monitor: %s\n", brim_last_error());
    return EXIT_FAILURE;
}

/* looks: how many (10) */
int main(int count, char **words)
{
    int looks = count > 1 ? atoi(words[1]) : 10;
    BrimMonitor *monitor = NULL;
    const BrimMonitorSample *sample;
    if (brim_monitor_open(&monitor, NULL) != BRIM_OK)
        return fail();
    for (int look = 0; look < looks; look++) {
        if (brim_monitor_sample(monitor, &sample) != BRIM_OK)
            return fail();
        for (int i = 0; i < sample->device_count; i++) {
            const BrimDeviceSample *device = &sample->devices[i];
            double used_bytes = device->value[BRIM_METRIC_MEMORY_USED]; /* NAN where it is unknown */
            double load_percent = device->value[BRIM_METRIC_UTILIZATION];
            printf("%s %d (%s): %.2f GiB in use", device->vendor, device->index, device->name,
                   used_bytes / 0x1p30);
            printf(isnan(load_percent) ? "\n" : ", %.0f%% busy\n", load_percent);
        }
        if (look + 1 < looks)
            sleep(1);
    }
    brim_monitor_close(&monitor);
    return EXIT_SUCCESS;
}
