/* Any bytes as files of /proc: a process's stat and status, the machine's stat. Programs choose their own
 * names in them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/host_load.h"
#include "monitor/proc.h"
#include "monitor/proc_pid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[BRIM_PROC_TEXT_BYTES], clean[64];
    BrimProcStat stat;
    BrimProcStatus status;
    BrimHostLoad load;
    size_t length = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, length);
    text[length] = '\0';
    if (brim_proc_stat_parse(&stat, text) && (stat.pid < 1 || strpbrk(stat.program, "\n\033")))
        abort();
    brim_proc_status_parse(&status, text);
    if (status.resident_bytes < 0 || status.peak_bytes < 0 || status.user < -1)
        abort();
    brim_host_load_open(&load);
    brim_host_load_read(&load, "cpu  1 1 1 1 1 1 1 1\n", 1000000000);
    brim_host_load_read(&load, text, 2000000000);
    if (!isnan(load.percent) && !(load.percent >= 0 && load.percent <= 100))
        abort();
    brim_proc_clean(clean, sizeof clean, (const char *)data, size);
    if (strlen(clean) >= sizeof clean || strpbrk(clean, "\n\r\t\033"))
        abort();
    return 0;
}
