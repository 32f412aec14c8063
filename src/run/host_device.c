/* Memory and speed of this machine. */
#include "run/host_device.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/process.h"
#include "conf/count.h"
#include "conf/state.h"

/* What graphs, generated code, descriptors and thread stacks come to; a run measures them when it has loaded
 * its graphs (36 to 51 MiB for yolov5n to m). */
#define LIBRARY_BYTES ((size_t)48 << 20)

/* What oneDNN's convolutions reach of the FMA units over a whole step, and passes of the memory. */
#define FMA_SHARE    0.6
#define MEMORY_SHARE 0.8

/* The same of passes that convert what is kept in 16 bits: fewer bytes, but not faster ones. */
#define NARROW_MEMORY_SHARE 0.7

/* A core can read and write about so much a second, up to what the sockets of common machines give. */
#define CORE_BYTES_PER_S 10e9
#define MOST_BYTES_PER_S 100e9

/* The start and the end of a parallel region. */
#define LAUNCH_NS 5000.0

/* Where the kernel does not say. */
#define ASSUMED_HZ 2.5e9

/* Multiplications and additions of a cycle: two FMA units of 16, 8 or 4 floats. */
static double flops_per_cycle(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("avx512f") ? 64 : __builtin_cpu_supports("avx2") ? 32 : 16;
#else
    return 16;
#endif
}

static BrimRates host_rates(int threads, double bytes_share)
{
    double hz = brim_process_core_hz();
    double bytes = threads * CORE_BYTES_PER_S;
    return (BrimRates){.flops_per_s = threads * flops_per_cycle() * (hz > 0 ? hz : ASSUMED_HZ),
                       .flops_share = FMA_SHARE,
                       .bytes_per_s = bytes < MOST_BYTES_PER_S ? bytes : MOST_BYTES_PER_S,
                       .bytes_share = bytes_share,
                       .launch_ns = LAUNCH_NS};
}

static BrimStatus keep_largest(void *self, const BrimStateTensor *tensor)
{
    size_t bytes = sizeof(float), *largest = self;
    for (int i = 0; i < tensor->rank; i++)
        bytes *= (size_t)tensor->shape[i];
    *largest = bytes > *largest ? bytes : *largest;
    return BRIM_OK;
}

/* The process without arena and pictures: as it is now, the libraries, the largest parameter on its way to a
 * file, and at the end the best model's file with the tensors in it. */
static size_t process_bytes(const BrimModel *model, int imgsz_px)
{
    size_t largest = 0;
    BrimModelCount count = brim_model_count(model, imgsz_px, imgsz_px);
    brim_model_state(model, keep_largest, &largest);
    return (size_t)brim_process_resident_bytes() + LIBRARY_BYTES + largest +
           2 * sizeof(float) * (size_t)(count.parameters + count.buffer_elements);
}

BrimStatus brim_host_device(BrimPlanDevice *device, BrimBackend **backend, int threads,
                            const BrimModel *model, int imgsz_px)
{
    BrimDeviceInfo info;
    char core[96];
    BrimStatus status = brim_backend_cpu.open(backend, threads, 0);
    if (status == BRIM_OK)
        status = brim_backend_cpu.describe(*backend, &info);
    if (status != BRIM_OK)
        return status;
    *device = (BrimPlanDevice){.observed = true,
                               .capacity_bytes = brim_process_capacity_bytes(),
                               .free_bytes = brim_process_free_bytes() + brim_process_resident_bytes(),
                               .narrow = BRIM_PRECISION_BF16_KEPT,
                               .sizer = brim_backend_cpu.sizer(*backend)};
    device->context_bytes = process_bytes(model, imgsz_px);
    /* A batch to train with, and one to validate with, which is twice as large. */
    device->picture_bytes = 3 * 3 * (size_t)imgsz_px * (size_t)imgsz_px;
    device->rates[BRIM_PRECISION_FP32] = host_rates(info.threads, MEMORY_SHARE);
    device->rates[BRIM_PRECISION_BF16_KEPT] = host_rates(info.threads, NARROW_MEMORY_SHARE);
    snprintf(device->name, sizeof device->name, "cpu");
    brim_process_core_name(core, sizeof core);
    snprintf(device->identity, sizeof device->identity, "%s, %s, %d threads", info.name, core, info.threads);
    return BRIM_OK;
}
