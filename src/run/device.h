/* The backend behind a --device. */
#ifndef BRIM_RUN_DEVICE_H
#define BRIM_RUN_DEVICE_H

#include "backend/backend.h"

/* NULL, "", "auto" and "cpu" are the CPU; "reference" is plain C, for tests. ERROR_UNSUPPORTED names what
 * there is. */
BrimStatus brim_device_choose(const char *device, const BrimBackendClass **backend);

#endif
