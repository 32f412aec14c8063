/* Ticks from the first line of /proc/stat. */
#include "monitor/host_load.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "monitor/proc.h"

/* user, nice, system, idle, iowait, irq, softirq, steal. What follows, guest, is part of user. */
enum { IDLE = 3, IO_WAIT = 4, FIELDS = 8 };

/* The kernel counts in ticks of 10 ms, so that a shorter time gives steps. */
static const int64_t shortest_ns = 50 * 1000 * 1000;

void brim_host_load_open(BrimHostLoad *load)
{
    *load = (BrimHostLoad){.percent = NAN};
}

static bool count_ticks(const char *stat, double *busy_ticks, double *all_ticks)
{
    const char *at = strncmp(stat, "cpu ", 4) == 0 ? stat + 4 : NULL;
    *busy_ticks = *all_ticks = 0;
    for (int i = 0; i < FIELDS && at; i++) {
        at += strspn(at, " ");
        double ticks = brim_proc_number(at);
        if (isnan(ticks))
            return i > IDLE; /* kernels before 2.6 had no more */
        *all_ticks += ticks;
        if (i != IDLE && i != IO_WAIT)
            *busy_ticks += ticks;
        at = strpbrk(at, " \n");
    }
    return at;
}

void brim_host_load_read(BrimHostLoad *load, const char *stat, int64_t now_ns)
{
    double busy_ticks, all_ticks;
    if (load->at_ns && now_ns - load->at_ns < shortest_ns)
        return;
    if (!count_ticks(stat, &busy_ticks, &all_ticks)) {
        brim_host_load_open(load);
        return;
    }
    double busy = busy_ticks - load->busy_ticks, all = all_ticks - load->all_ticks;
    /* The kernel lets the time of waiting for a disk go back at times. */
    load->percent = load->at_ns && all > 0 ? fmin(fmax(100 * busy / all, 0), 100) : NAN;
    *load = (BrimHostLoad){busy_ticks, all_ticks, now_ns, load->percent};
}
