/* Space to depth: how the network's picture lies, and the filters over it.
 *
 * YOLOv5's first convolution has 3 channels to read, a kernel of 6, stride 2 and padding 2. In pixels of 8
 * channels the picture is the largest tensor of a step, and most of it zeros. Here a pixel has 4, and pixels
 * come in cells of 2 x 2. A cell is a pixel of 16 channels then, and the convolution one of kernel 3, stride
 * 1, padding 1: with a = 2 p + q, q of 0 and 1,
 *
 *     y(i) = sum of w(a) x(2 i + a - 2) over a = sum of w(2 p + q) x(2 (i + p - 1) + q) over p, q
 *
 * down and across alike. As x is read at cell i + p - 1, place q of it, so is w at cell p, place q: a
 * filter's taps lie as a picture's pixels do. All states of a filter lie so from the first byte; who takes
 * them element by element, as the optimizer does, need not know. */
#include "backend/cuda/depth.h"

void brim_cuda_depth_shape(BrimKernelFeature *feature)
{
    feature->h /= BRIM_CUDA_CELL_PX;
    feature->w /= BRIM_CUDA_CELL_PX;
    feature->c = feature->pitch = feature->padded =
        BRIM_CUDA_CELL_PX * BRIM_CUDA_CELL_PX * BRIM_CUDA_DEPTH_ELEMENTS;
}

void brim_cuda_depth_task(BrimCudaConvTask *task)
{
    task->kernel = BRIM_CUDA_DEPTH_KERNEL / BRIM_CUDA_CELL_PX;
    task->stride = BRIM_CUDA_DEPTH_STRIDE / BRIM_CUDA_CELL_PX;
    task->padding = BRIM_CUDA_DEPTH_PADDING / BRIM_CUDA_CELL_PX;
}
