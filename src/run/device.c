/* The backend behind a --device. */
#include "run/device.h"

#include <string.h>

BrimStatus brim_device_choose(const char *device, const BrimBackendClass **backend)
{
    bool cpu = !device || !device[0] || strcmp(device, "auto") == 0 || strcmp(device, "cpu") == 0;
    if (!cpu && strcmp(device, "reference") != 0)
        return brim_fail(BRIM_ERROR_UNSUPPORTED,
                         "device \"%s\": this build runs on the CPU only; use --device cpu", device);
    *backend = cpu ? &brim_backend_cpu : &brim_backend_reference;
    return BRIM_OK;
}
