/* RAPL counts microjoules of each package and begins again at max_energy_range_uj: at 200 W every 20 minutes
 * or so (Documentation/power/powercap/powercap.rst). Since 2020 only root may read it. */
#include "monitor/host_energy.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "monitor/proc.h"

static const char zone[] = "/sys/class/powercap/intel-rapl:%d/%s"; /* AMD's counters have the same name */

void brim_host_energy_open(BrimHostEnergy *energy, const char *root)
{
    char name[32], range[32];
    *energy = (BrimHostEnergy){.joules = NAN, .watts = NAN};
    for (int i = 0; i < BRIM_HOST_MOST_PACKAGES; i++) {
        /* Beside packages there is psys, which counts them once more. */
        if (!brim_proc_read_line(name, sizeof name, root, zone, i, "name") ||
            strncmp(name, "package", 7) != 0)
            continue;
        int counter = brim_proc_open(root, zone, i, "energy_uj");
        energy->refused = energy->refused || (counter < 0 && errno == EACCES);
        if (counter < 0)
            continue;
        brim_proc_read(range, sizeof range, root, zone, i, "max_energy_range_uj");
        int at = energy->package_count++;
        energy->packages[at].counter = counter;
        energy->packages[at].range_uj = brim_proc_number(range);
    }
}

/* What the package has counted so far; NAN where it cannot be read, and then nothing is forgotten. */
static double count_package(BrimHostEnergy *energy, int i)
{
    double now_uj = brim_proc_number_in(energy->packages[i].counter);
    double last_uj = energy->at_ns ? energy->packages[i].last_uj : 0;
    if (isnan(now_uj))
        return NAN;
    double used_uj = now_uj - last_uj;
    if (used_uj < 0) /* it began again */
        used_uj = energy->packages[i].range_uj - last_uj + now_uj;
    if (!(used_uj >= 0)) /* behind a range that is unknown or no range: as if it had stood at 0 */
        used_uj = now_uj;
    energy->packages[i].last_uj = now_uj;
    return energy->packages[i].counted_uj += used_uj;
}

void brim_host_energy_read(BrimHostEnergy *energy, int64_t now_ns)
{
    double sum_uj = energy->package_count ? 0 : NAN;
    for (int i = 0; i < energy->package_count; i++)
        sum_uj += count_package(energy, i);
    double joules = sum_uj * 1e-6, seconds = (double)(now_ns - energy->at_ns) * 1e-9;
    energy->watts = energy->at_ns && seconds > 0 ? (joules - energy->joules) / seconds : NAN;
    energy->joules = joules;
    energy->at_ns = now_ns;
}

void brim_host_energy_close(BrimHostEnergy *energy)
{
    for (int i = 0; i < energy->package_count; i++)
        brim_proc_close(&energy->packages[i].counter);
    energy->package_count = 0;
}
