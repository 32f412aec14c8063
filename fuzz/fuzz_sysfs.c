/* Small texts of /sys, and the lists of names: one input is read as each of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/pci_ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), name[32];
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    double now = brim_sysfs_level_hertz(text), most = brim_sysfs_highest_hertz(text);
    double generation = brim_sysfs_generation(text);
    if (isinf(brim_sysfs_number(text)) || now < 0 || most < 0 || now > most || (isnan(most) && !isnan(now)) ||
        generation < 1 || generation > 6)
        abort();
    bool found = brim_sysfs_value(text, "PCI_SLOT_NAME", name, sizeof name);
    found |= brim_pci_ids_find(text, 0x1002, 0x73bf, name, sizeof name);
    found |= brim_pci_ids_find_amd(text, 0x73bf, 0xc3, name, sizeof name);
    if (found && (strlen(name) >= sizeof name || strchr(name, '\n')))
        abort();
    free(text);
    return 0;
}
