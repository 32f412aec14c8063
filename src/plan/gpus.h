/* The graphics cards that brim knows without having them: facts for plans. Memory is what the driver reports,
 * which is less than what the box says. */
#ifndef BRIM_PLAN_GPUS_H
#define BRIM_PLAN_GPUS_H

#include "base/status.h"

/* On older cards brim does not run. Turing: kernels are compiled from there on (src/backend/cuda/CMakeLists.txt). */
enum { BRIM_GPU_OLDEST_CAPABILITY = 75 };

typedef struct BrimGpu {
    const char *name;   /* as the driver says it, without "NVIDIA" */
    int capability;     /* compute capability: 86 is 8.6 */
    int sm_count;       /* streaming multiprocessors */
    int memory_gb;      /* as it is sold */
    int linux_mib;      /* as Linux reports it */
    int windows_mib;    /* as Windows reports it; 0 for cards without a display */
    int bandwidth_gb_s; /* of its memory, 10^9 bytes */
    int boost_mhz;
    double tensor_tflops; /* dense fp16 with fp32 sums; 0 without tensor cores */
    int context_mib;      /* a bare CUDA context */
    bool observed;        /* the memory was read from a card's report; else worked out from similar ones */
} BrimGpu;

int brim_gpu_count(void);
const BrimGpu *brim_gpu_at(int index);

/* The card that the words mean: "RTX 3050 Laptop", "a100 80", "rtx3060ti". Case, spaces and hyphens do not
 * matter; each word must occur in the name or be the size of the memory, and "Ti", "SUPER" and "Laptop" must
 * be said; of several, the one with the fewest further words. ERROR_INPUT lists those that are meant where
 * the words fit several alike, or the nearest where they fit none. */
BrimStatus brim_gpu_find(const BrimGpu **gpu, const char *words);

/* Peak of the ordinary cores in fp32, flops per second. */
double brim_gpu_fp32_flops(const BrimGpu *gpu);

#endif
