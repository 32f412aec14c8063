/* How element math is declared, so that the C compiler and nvcc both take it. */
#ifndef BRIM_ELEMENT_ELEMENT_H
#define BRIM_ELEMENT_ELEMENT_H

#ifdef __CUDACC__
#define BRIM_ELEMENT static inline __host__ __device__
#else
#define BRIM_ELEMENT static inline
#endif

#endif
