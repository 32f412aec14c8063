/* Names of cards. */
#include "monitor/pci_ids.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { VENDOR_AMD = 0x1002, VENDOR_INTEL = 0x8086, LIST_MOST_BYTES = 16 << 20 };

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : NULL;
}

/* The text up to the line's end, without white space around it. */
static bool take_rest(const char *text, char *name, size_t room)
{
    text += strspn(text, " \t");
    size_t length = strcspn(text, "\r\n");
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    if (length == 0 || length >= room)
        return false;
    memcpy(name, text, length);
    name[length] = '\0';
    return true;
}

/* "1002  Advanced Micro Devices" and below it "<tab>73bf  Navi 21 [...]"; two tabs are cards built on that
 * chip. */
bool brim_pci_ids_find(const char *text, unsigned vendor, unsigned device, char *name, size_t room)
{
    char maker[8], chip[8];
    bool inside = false;
    snprintf(maker, sizeof maker, "%04x ", vendor & 0xffff);
    snprintf(chip, sizeof chip, "\t%04x ", device & 0xffff);
    for (const char *line = text; line; line = next_line(line)) {
        if (line[0] != '\t' && line[0] != '#' && line[0] != '\n')
            inside = strncmp(line, maker, 5) == 0;
        else if (inside && strncmp(line, chip, 6) == 0)
            return take_rest(line + 6, name, room);
    }
    return false;
}

/* "73BF,<tab>C3,<tab>AMD Radeon RX 6800" */
bool brim_pci_ids_find_amd(const char *text, unsigned device, unsigned revision, char *name, size_t room)
{
    for (const char *line = text; line; line = next_line(line)) {
        char *end;
        if (!isxdigit((unsigned char)line[0]) || strtoul(line, &end, 16) != device || *end != ',')
            continue;
        end += 1 + strspn(end + 1, " \t");
        if (isxdigit((unsigned char)*end) && strtoul(end, &end, 16) == revision && *end == ',')
            return take_rest(end + 1, name, room);
    }
    return false;
}

/* Asks the first of the lists that is there. */
static BrimStatus look_up(char *name, size_t room, const char *root, const BrimDrmCard *card, bool amd)
{
    static const char *const lists[2][2] = {{"/usr/share/hwdata/pci.ids", "/usr/share/misc/pci.ids"},
                                            {"/usr/share/libdrm/amdgpu.ids", NULL}};
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < 2 && lists[amd][i]; i++) {
        char path[4096], *text = NULL;
        size_t bytes;
        snprintf(path, sizeof path, "%s%s", root, lists[amd][i]);
        status = brim_file_read(path, LIST_MOST_BYTES, &text, &bytes);
        if (status == BRIM_ERROR_MEMORY)
            return status;
        bool found =
            status == BRIM_OK && (amd ? brim_pci_ids_find_amd(text, card->device, card->revision, name, room)
                                      : brim_pci_ids_find(text, card->vendor, card->device, name, room));
        brim_mem_give(text);
        if (found)
            break;
    }
    return BRIM_OK;
}

static void keep_printable(char *name)
{
    for (; *name; name++)
        if (iscntrl((unsigned char)*name))
            *name = '?';
}

BrimStatus brim_pci_ids_name(char name[96], const char *root, const BrimDrmCard *card)
{
    char found[80], text[BRIM_SYSFS_TEXT_BYTES];
    BrimStatus status = BRIM_OK;
    const char *maker = card->vendor == VENDOR_AMD ? "AMD" : card->vendor == VENDOR_INTEL ? "Intel" : "PCI";
    /* Cards for servers carry their name with them. */
    brim_sysfs_text(card->bus, "product_name", text, sizeof text);
    snprintf(name, 96, "%.90s", text);
    if (!name[0] && card->vendor == VENDOR_AMD)
        BRIM_TRY(look_up(name, 96, root, card, true));
    if (!name[0]) {
        found[0] = '\0';
        BRIM_TRY(look_up(found, sizeof found, root, card, false));
        /* In brackets stands what is printed on the box, before them what the chip was called. */
        char *box = strchr(found, '['), *end = box ? strchr(box, ']') : NULL;
        if (end)
            *end = '\0';
        if (found[0])
            snprintf(name, 96, "%s %s", maker, end ? box + 1 : found);
    }
    if (!name[0])
        snprintf(name, 96, "%s GPU [%04x:%04x]", maker, card->vendor & 0xffff, card->device & 0xffff);
    keep_printable(name);
fail:
    return status;
}
