/* The cards that the kernel's graphics drivers show below /sys/class/drm: who they are and whether they may
 * be read. Knows no figures. */
#ifndef BRIM_MONITOR_DRM_H
#define BRIM_MONITOR_DRM_H

#include "base/memory.h"
#include "monitor/sysfs.h"

typedef enum BrimDrmPresence {
    BRIM_DRM_AWAKE,
    BRIM_DRM_ASLEEP, /* runtime power management has it switched off; reading most files would wake it */
    BRIM_DRM_GONE    /* it was there when the cards were looked for */
} BrimDrmPresence;

typedef struct BrimDrmCard {
    int number; /* of cardN */
    char driver[16];
    char address[32];                  /* on the bus, "0000:0b:00.0"; else "card0" */
    char render[32];                   /* the other node of it, "renderD128"; "" where it has none */
    char name[96];                     /* as people know it */
    unsigned vendor, device, revision; /* of PCI; 0 where unknown */
    BrimDrmPresence presence;
    /* Folders, -1 where absent: cardN, the device on the bus, its sensors, and the device whose link ends in
     * the slot: of many cards the first is a switch of their own, behind which the link is always the same.
     */
    int card, bus, hwmon, link;
} BrimDrmCard;

typedef struct BrimDrmCards {
    int classes; /* /sys/class/drm, -1 where there is none */
    BrimDrmCard *list;
    int count;
} BrimDrmCards;

/* The cards of those drivers (a list that ends with NULL), by number. An error is memory alone. */
BrimStatus brim_drm_find(BrimDrmCards *cards, const char *root, const char *const *drivers);
void brim_drm_close(BrimDrmCards *cards);

/* Looks again whether the card is there; its folders are closed when it went, and opened when the same card
 * is back. True when they were opened anew, so that what was read through them has to be opened again too. */
bool brim_drm_look(const BrimDrmCards *cards, BrimDrmCard *card);

/* The card that has the node of /dev/dri; -1: none of these. */
int brim_drm_of_node(const BrimDrmCards *cards, const char *node);

#endif
