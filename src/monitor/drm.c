/* Cards and their folders. */
#include "monitor/drm.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/pci_ids.h"

/* "0x73bf\n" as the files have it; 0 where there is none. */
static unsigned hexadecimal_in(int folder, const char *path)
{
    char text[BRIM_SYSFS_TEXT_BYTES];
    brim_sysfs_text(folder, path, text, sizeof text);
    return (unsigned)strtoul(text, NULL, 16);
}

/* N of a name that begins so and goes on with N alone; -1 for any other. */
static int number_behind(const char *name, const char *beginning)
{
    size_t length = strlen(beginning);
    if (strncmp(name, beginning, length) != 0)
        return -1;
    double number = brim_sysfs_number(name + length);
    return number >= 0 && number < 1e6 ? (int)number : -1;
}

/* The lowest entry of the folder whose name is the beginning and a number; false where there is none. */
static bool lowest_entry(int parent, const char *path, const char *beginning,
                         bool (*wanted)(int, const char *), char *name, size_t room)
{
    int lowest = -1, descriptor = brim_sysfs_folder(parent, path);
    DIR *folder = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        int number = number_behind(entry->d_name, beginning);
        if (number >= 0 && (lowest < 0 || number < lowest) && (!wanted || wanted(descriptor, entry->d_name)))
            lowest = number;
    }
    if (folder)
        closedir(folder);
    else
        brim_sysfs_folder_close(&descriptor);
    snprintf(name, room, "%s%d", beginning, lowest);
    return lowest >= 0;
}

/* i915 has a second kind of sensors, "i915_gt0", for a part of the device. */
static bool is_of_device(int folder, const char *hwmon)
{
    char path[64], text[BRIM_SYSFS_TEXT_BYTES];
    snprintf(path, sizeof path, "%.32s/name", hwmon);
    return brim_sysfs_text(folder, path, text, sizeof text) != 0 || !strstr(text, "_gt");
}

/* A bridge of the card's own maker above the card is part of the card, unless it is the machine's: that one
 * has no PCI device above it. */
static int folder_of_link(const BrimDrmCard *card)
{
    int link = brim_sysfs_folder(card->bus, ".");
    for (int steps = 0; card->vendor && link >= 0 && steps < 4; steps++) {
        int bridge = brim_sysfs_folder(link, "..");
        bool own = bridge >= 0 && hexadecimal_in(bridge, "vendor") == card->vendor &&
                   hexadecimal_in(bridge, "class") >> 8 == 0x0604 && hexadecimal_in(bridge, "../vendor");
        int *other = own ? &link : &bridge;
        brim_sysfs_folder_close(other);
        if (!own)
            break;
        link = bridge;
    }
    return link;
}

/* Who stands at cardN: the driver, the place on the bus, the ids. From one file that has them all, or, where
 * that one cannot be read, from links and files beside it. */
static void identify(BrimDrmCard *card, int classes)
{
    char path[48], text[BRIM_SYSFS_TEXT_BYTES], ids[16] = "";
    snprintf(path, sizeof path, "card%d/device", card->number);
    int bus = brim_sysfs_folder(classes, path);
    brim_sysfs_text(bus, "uevent", text, sizeof text);
    if (!brim_sysfs_value(text, "DRIVER", card->driver, sizeof card->driver))
        brim_sysfs_link(bus, "driver", card->driver, sizeof card->driver);
    if (!brim_sysfs_value(text, "PCI_SLOT_NAME", card->address, sizeof card->address))
        brim_sysfs_link(classes, path, card->address, sizeof card->address);
    if (!strchr(card->address, ':'))
        snprintf(card->address, sizeof card->address, "card%d", card->number);
    brim_sysfs_value(text, "PCI_ID", ids, sizeof ids);
    if (sscanf(ids, "%x:%x", &card->vendor, &card->device) != 2) {
        card->vendor = hexadecimal_in(bus, "vendor");
        card->device = hexadecimal_in(bus, "device");
    }
    card->revision = hexadecimal_in(bus, "revision");
    brim_sysfs_folder_close(&bus);
}

static void open_folders(BrimDrmCard *card, int classes)
{
    char name[64], path[80];
    snprintf(name, sizeof name, "card%d", card->number);
    card->card = brim_sysfs_folder(classes, name);
    card->bus = brim_sysfs_folder(card->card, "device");
    card->link = folder_of_link(card);
    card->hwmon = -1;
    if (lowest_entry(card->bus, "hwmon", "hwmon", is_of_device, name, sizeof name)) {
        snprintf(path, sizeof path, "hwmon/%s", name);
        card->hwmon = brim_sysfs_folder(card->bus, path);
    }
    card->render[0] = '\0';
    if (lowest_entry(card->bus, "drm", "renderD", NULL, name, sizeof name))
        snprintf(card->render, sizeof card->render, "%.31s", name);
}

static void close_folders(BrimDrmCard *card)
{
    brim_sysfs_folder_close(&card->card);
    brim_sysfs_folder_close(&card->bus);
    brim_sysfs_folder_close(&card->hwmon);
    brim_sysfs_folder_close(&card->link);
}

static bool is_one_of(const char *driver, const char *const *drivers)
{
    while (*drivers && strcmp(*drivers, driver) != 0)
        drivers++;
    return *drivers;
}

static int by_number(const void *left, const void *right)
{
    const BrimDrmCard *a = left, *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

/* The cards, as yet without folders. */
static BrimStatus list_cards(BrimDrmCards *cards, DIR *folder, const char *const *drivers)
{
    for (struct dirent *entry; (entry = readdir(folder));) {
        BrimDrmCard card = {.number = number_behind(entry->d_name, "card"), .card = -1, .bus = -1};
        card.hwmon = card.link = -1;
        if (card.number < 0)
            continue;
        identify(&card, cards->classes);
        if (!is_one_of(card.driver, drivers))
            continue;
        BrimDrmCard *list =
            brim_mem_grow(BRIM_MEM_OTHER, cards->list, (size_t)cards->count + 1, sizeof *cards->list);
        if (!list)
            return BRIM_ERROR_MEMORY;
        cards->list = list;
        list[cards->count++] = card;
    }
    if (cards->count)
        qsort(cards->list, (size_t)cards->count, sizeof *cards->list, by_number);
    return BRIM_OK;
}

BrimStatus brim_drm_find(BrimDrmCards *cards, const char *root, const char *const *drivers)
{
    BrimStatus status = BRIM_OK;
    *cards = (BrimDrmCards){.classes = brim_sysfs_folder_at_root(root, "/sys/class/drm")};
    int again = cards->classes < 0 ? -1 : brim_sysfs_folder(cards->classes, ".");
    DIR *folder = again >= 0 ? fdopendir(again) : NULL;
    if (!folder) {
        brim_sysfs_folder_close(&again);
        return BRIM_OK;
    }
    status = list_cards(cards, folder, drivers);
    closedir(folder);
    for (int i = 0; status == BRIM_OK && i < cards->count; i++) {
        open_folders(&cards->list[i], cards->classes);
        status = brim_pci_ids_name(cards->list[i].name, root, &cards->list[i]);
    }
    if (status != BRIM_OK)
        brim_drm_close(cards);
    return status;
}

void brim_drm_close(BrimDrmCards *cards)
{
    for (int i = 0; i < cards->count; i++)
        close_folders(&cards->list[i]);
    brim_mem_give(cards->list);
    brim_sysfs_folder_close(&cards->classes);
    *cards = (BrimDrmCards){.classes = -1};
}

/* Whether cardN is there, and still the same card. */
static bool is_there(const BrimDrmCards *cards, const BrimDrmCard *card)
{
    char name[32];
    struct stat info;
    snprintf(name, sizeof name, "card%d", card->number);
    if (fstatat(cards->classes, name, &info, 0) != 0)
        return false;
    if (card->presence != BRIM_DRM_GONE)
        return true;
    BrimDrmCard now = {.number = card->number};
    identify(&now, cards->classes);
    return strcmp(now.driver, card->driver) == 0 && strcmp(now.address, card->address) == 0 &&
           now.vendor == card->vendor && now.device == card->device;
}

bool brim_drm_look(const BrimDrmCards *cards, BrimDrmCard *card)
{
    char power[64];
    bool was_gone = card->presence == BRIM_DRM_GONE, there = is_there(cards, card);
    if (there && was_gone)
        open_folders(card, cards->classes);
    else if (!there)
        close_folders(card);
    brim_sysfs_text(card->bus, "power/runtime_status", power, sizeof power);
    card->presence = !there                              ? BRIM_DRM_GONE
                     : strncmp(power, "suspend", 7) == 0 ? BRIM_DRM_ASLEEP /* suspended, suspending */
                                                         : BRIM_DRM_AWAKE;
    return there && was_gone;
}

int brim_drm_of_node(const BrimDrmCards *cards, const char *node)
{
    int number = number_behind(node, "card");
    for (int i = 0; i < cards->count; i++)
        if (number == cards->list[i].number || strcmp(node, cards->list[i].render) == 0)
            return i;
    return -1;
}
