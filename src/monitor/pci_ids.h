/* What people call a card: from the driver, or from the lists of names that distributions carry. */
#ifndef BRIM_MONITOR_PCI_IDS_H
#define BRIM_MONITOR_PCI_IDS_H

#include "monitor/drm.h"

/* "AMD Radeon RX 6800/6800 XT / 6900 XT"; "AMD GPU [1002:73bf]" where no list has it. An error is memory
 * alone. */
BrimStatus brim_pci_ids_name(char name[96], const char *root, const BrimDrmCard *card);

/* A device's line of a text in the format of pci.ids ("Navi 21 [Radeon RX 6800]"), and of one in that of
 * libdrm's amdgpu.ids ("AMD Radeon RX 6800"), which tells revisions apart. False where it has none, or one
 * without room. */
bool brim_pci_ids_find(const char *text, unsigned vendor, unsigned device, char *name, size_t room);
bool brim_pci_ids_find_amd(const char *text, unsigned device, unsigned revision, char *name, size_t room);

#endif
