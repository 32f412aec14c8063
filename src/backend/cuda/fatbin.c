/* The file that nvcc wrote, as it is. */
#include "backend/cuda/fatbin.h"

__asm__(".section .rodata\n"
        ".balign 64\n"
        ".globl brim_cuda_fatbin\n"
        ".hidden brim_cuda_fatbin\n"
        "brim_cuda_fatbin:\n"
        ".incbin \"" BRIM_FATBIN "\"\n"
        ".byte 0\n"
        ".previous\n");
