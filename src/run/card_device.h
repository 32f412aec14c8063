/* A card of this machine as a device to plan for. */
#ifndef BRIM_RUN_CARD_DEVICE_H
#define BRIM_RUN_CARD_DEVICE_H

#include "plan/device.h"

/* Memory as the driver has it now, speed from the table of cards, or, for one that is not in it, from what the driver says of
 * its multiprocessors, clock and memory. ERROR_UNSUPPORTED where this build has no cards, or there is no such one. */
BrimStatus brim_card_device(BrimPlanDevice *device, int card);

#endif
