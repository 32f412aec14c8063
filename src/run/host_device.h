/* This machine's CPU as a device to plan for. */
#ifndef BRIM_RUN_HOST_DEVICE_H
#define BRIM_RUN_HOST_DEVICE_H

#include "backend/backend.h"
#include "plan/device.h"

/* The sizes are those of the backend, which the caller closes. What the process takes beside the arena
 * follows from the model and the size of the pictures. threads 0: as many as there are cores. */
BrimStatus brim_host_device(BrimPlanDevice *device, BrimBackend **backend, int threads,
                            const BrimModel *model, int imgsz_px);

#endif
