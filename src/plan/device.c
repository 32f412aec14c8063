/* Cards of the table as devices to plan for. */
#include "plan/device.h"

#include <stdio.h>

/* Convolutions in NHWC compute their products in place and need little; more is never given to them. */
#define GPU_LIBRARY_BYTES ((size_t)64 << 20)

/* The part of the peak that YOLOv5's convolutions and passes are taken to reach: half of the tensor cores'
 * (they wait for operands), 0.6 of the ordinary cores', 0.8 of the memory's. */
#define TENSOR_SHARE 0.5
#define CORE_SHARE   0.6
#define MEMORY_SHARE 0.8

/* A kernel's launch and its tail. */
#define LAUNCH_NS 5000.0

/* Of 4095 MiB an RTX 3050 Laptop has 3314 free under Windows before anything runs. */
#define WINDOWS_FREE (3314.0 / 4095.0)

BrimPlanDevice brim_plan_device_of_gpu(const BrimGpu *gpu, bool windows, BrimPlanBackend backend)
{
    bool tensor_cores = gpu->tensor_tflops > 0;
    int reported_mib = windows && gpu->windows_mib ? gpu->windows_mib : gpu->linux_mib;
    double cores = brim_gpu_fp32_flops(gpu), bytes = gpu->bandwidth_gb_s * 1e9;
    BrimPlanDevice device = {.gpu = true,
                             .too_old = gpu->capability < BRIM_GPU_OLDEST_CAPABILITY,
                             .observed = gpu->observed,
                             .capacity_bytes = (uint64_t)reported_mib << 20,
                             .context_bytes = (size_t)gpu->context_mib << 20,
                             .library_bytes = GPU_LIBRARY_BYTES,
                             .narrow = BRIM_PRECISION_AMP,
                             .capability = gpu->capability,
                             .sizer = backend.sizer};
    device.free_bytes =
        windows ? (uint64_t)(WINDOWS_FREE * (double)device.capacity_bytes) : device.capacity_bytes;
    BrimRates *fp32 = &device.rates[BRIM_PRECISION_FP32], *amp = &device.rates[BRIM_PRECISION_AMP];
    *fp32 = *amp = (BrimRates){cores, CORE_SHARE, bytes, MEMORY_SHARE, LAUNCH_NS, backend.starts};
    if (tensor_cores) {
        amp->flops_per_s = gpu->tensor_tflops * 1e12;
        amp->flops_share = TENSOR_SHARE;
    }
    device.rates[BRIM_PRECISION_BF16] = *amp; /* tensor cores take both at one rate, and so do memories */
    snprintf(device.name, sizeof device.name, "%s", gpu->name);
    return device;
}
