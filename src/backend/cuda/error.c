/* What the driver's errors mean to a user, and what to try. */
#include "backend/cuda/driver.h"

#include <stddef.h>

#define GO_ON "a training goes on from its last checkpoint with --resume"

static const char *const taken =
    "close what else uses the card (nvidia-smi lists it), or give a smaller batch or --memory";
static const char *const crashed = "a kernel failed and the card gave this process up; " GO_ON
                                   "; if it happens again, please report it with this sentence";
static const char *const broken =
    "a part of the card failed: dmesg says which (Xid), and if it comes again the card is broken; " GO_ON;
static const char *const gone =
    "the card fell off or its driver was restarted: nvidia-smi says whether it is back, else "
    "restart the machine; " GO_ON;
static const char *const held =
    "another process holds the card for itself, or it is being reset: nvidia-smi shows which";
static const char *const kept_out =
    "the system keeps this process from the card's devices (/dev/nvidia*): a container wants --gpus all, and "
    "to "
    "be started anew where it lost them; a service may be kept from them by its own settings";
static const char *const halted =
    "another error came first, and the card takes nothing more from this process; " GO_ON;

static const struct {
    CUresult result;
    const char *hint;
} hints[] = {
    {CUDA_ERROR_OUT_OF_MEMORY, taken},
    {CUDA_ERROR_LAUNCH_FAILED, crashed},
    {CUDA_ERROR_ILLEGAL_ADDRESS, crashed},
    {CUDA_ERROR_ILLEGAL_INSTRUCTION, crashed},
    {CUDA_ERROR_MISALIGNED_ADDRESS, crashed},
    {CUDA_ERROR_INVALID_ADDRESS_SPACE, crashed},
    {CUDA_ERROR_INVALID_PC, crashed},
    {CUDA_ERROR_LAUNCH_TIMEOUT,
     "a kernel ran longer than a card that also drives a screen is allowed; a smaller batch is "
     "shorter; " GO_ON},
    {CUDA_ERROR_ECC_UNCORRECTABLE, broken},
    {CUDA_ERROR_HARDWARE_STACK_ERROR, broken},
    {CUDA_ERROR_NVLINK_UNCORRECTABLE, broken},
    {CUDA_ERROR_NO_DEVICE, gone},
    {CUDA_ERROR_UNKNOWN, gone},
    {CUDA_ERROR_DEINITIALIZED, gone},
    {CUDA_ERROR_DEVICE_UNAVAILABLE, held},
    {CUDA_ERROR_OPERATING_SYSTEM, kept_out},
    {CUDA_ERROR_NOT_PERMITTED, kept_out},
    {CUDA_ERROR_CONTEXT_IS_DESTROYED, halted},
    {CUDA_ERROR_SYSTEM_DRIVER_MISMATCH,
     "libcuda.so.1 and the kernel's NVIDIA module are of different versions, as after an "
     "update of the driver: restart the machine"},
    {CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE,
     "the package cuda-compat is for data-centre cards only: take it out of "
     "LD_LIBRARY_PATH, and update the driver itself"},
    {CUDA_ERROR_SYSTEM_NOT_READY,
     "a service of NVIDIA's does not run yet, on NVSwitch machines the fabric manager: start "
     "it, and try again"},
    {CUDA_ERROR_STUB_LIBRARY, "the libcuda.so.1 that was found is the toolkit's stub: take its folder out of "
                              "LD_LIBRARY_PATH"},
    {CUDA_ERROR_NO_BINARY_FOR_GPU, "this brim has no code for that card: build it with a newer toolkit"},
    {CUDA_ERROR_UNSUPPORTED_PTX_VERSION,
     "the card is newer than this brim's code, which the driver is too old to compile: "
     "update the driver"},
    {CUDA_ERROR_NOT_FOUND, "library and kernels are of different builds of brim: build it anew"},
};

static const char *hint_for(CUresult result)
{
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].result == result)
            return hints[i].hint;
    return "please report it with this sentence";
}

BrimStatus brim_cuda_check(const BrimCudaDriver *driver, CUresult result, const char *what)
{
    if (result == CUDA_SUCCESS)
        return BRIM_OK;
    const char *name = NULL, *words = NULL;
    if (driver->cuGetErrorName_(result, &name) != CUDA_SUCCESS || !name)
        name = "an error without a name";
    if (driver->cuGetErrorString_(result, &words) != CUDA_SUCCESS || !words)
        words = "the driver has no words for it";
    return brim_fail(result == CUDA_ERROR_OUT_OF_MEMORY ? BRIM_ERROR_FIT : BRIM_ERROR_DEVICE,
                     "%s: %s (%d), %s; %s", what, name, (int)result, words, hint_for(result));
}
