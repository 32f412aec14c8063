/* Tensors between the card and plain host memory, turned around on the host in a pinned buffer. */
#include <string.h>

#include "backend/cuda/program.h"

/* ---- the buffer ---- */

BrimStatus brim_cuda_staging_reserve(BrimBackend *backend, const BrimGraph *graph)
{
    BrimStatus status = BRIM_OK;
    const BrimCudaDriver *driver = backend->device.driver;
    size_t most = 0;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        /* Features come and go on the card; only tests look at them, and make room for them when they do. */
        bool crosses = tensor->form != BRIM_FORM_FEATURE && tensor->form != BRIM_FORM_BLOCK;
        if (crosses && tensor->bytes > most)
            most = tensor->bytes;
    }
    if (most <= backend->staging_bytes)
        return BRIM_OK;
    if (backend->staging)
        driver->cuMemFreeHost_(backend->staging);
    backend->staging = NULL;
    backend->staging_bytes = 0;
    BRIM_CUDA_TRY(driver, cuMemHostAlloc, "pinning host memory for copies", &backend->staging, most, 0);
    backend->staging_bytes = most;
fail:
    return status;
}

/* ---- layouts ---- */

/* One walk over a tensor in its plain order. */
typedef struct Walk {
    BrimForm form;
    int32_t dims[4];
    int32_t pitch; /* FEATURE, PLAIN: elements of a pixel; FILTER: of a tap */
    size_t element_bytes;
} Walk;

static Walk walk_of(const BrimGraph *graph, BrimTensorId id)
{
    const BrimTensor *tensor = &graph->tensors[id];
    Walk walk = {.form = tensor->form, .element_bytes = brim_dtype_bytes(tensor->dtype)};
    memcpy(walk.dims, tensor->dims, sizeof walk.dims);
    if (tensor->form == BRIM_FORM_FEATURE || tensor->form == BRIM_FORM_PLAIN)
        walk.pitch = brim_cuda_shape(graph, id).pitch;
    if (tensor->form == BRIM_FORM_FILTER)
        walk.pitch = brim_cuda_padded(tensor->dims[1]);
    return walk;
}

static bool turned(BrimForm form)
{
    return form == BRIM_FORM_FEATURE || form == BRIM_FORM_PLAIN || form == BRIM_FORM_FILTER;
}

/* Where element (a, b, y, x) of n c h w, or of out in kh kw, lies: both have their second axis innermost. */
static size_t place(const Walk *walk, int a, int b, int i)
{
    size_t pixels = (size_t)walk->dims[2] * (size_t)walk->dims[3];
    return ((size_t)a * pixels + (size_t)i) * (size_t)walk->pitch + (size_t)b;
}

/* Copies element by element, to the card's order or from it. */
static void turn(const Walk *walk, char *card, char *plain, bool to_card)
{
    size_t bytes = walk->element_bytes, at = 0;
    int pixels = walk->dims[2] * walk->dims[3];
    for (int a = 0; a < walk->dims[0]; a++) {
        for (int b = 0; b < walk->dims[1]; b++) {
            for (int i = 0; i < pixels; i++, at += bytes) {
                char *there = card + place(walk, a, b, i) * bytes;
                memcpy(to_card ? there : plain + at, to_card ? plain + at : there, bytes);
            }
        }
    }
}

/* ---- copies ---- */

/* From the tensor's first byte to its last: for a part, with what lies between its pixels. */
static size_t span_bytes(const BrimGraph *graph, BrimTensorId id, const Walk *walk)
{
    const BrimTensor *tensor = &graph->tensors[id];
    if (tensor->form == BRIM_FORM_FEATURE && tensor->bytes == 0) {
        size_t pixels = (size_t)walk->dims[0] * (size_t)walk->dims[2] * (size_t)walk->dims[3];
        return ((pixels - 1) * (size_t)walk->pitch + (size_t)walk->dims[1]) * walk->element_bytes;
    }
    return tensor->bytes;
}

/* Pinned where it has room, else of its own: only tests copy features. */
static char *take_room(BrimBackend *backend, size_t bytes)
{
    return bytes <= backend->staging_bytes ? backend->staging : brim_mem_take(BRIM_MEM_BACKEND, bytes, 1);
}

static void give_room(BrimBackend *backend, char *room)
{
    if (room != backend->staging)
        brim_mem_give(room);
}

static CUdeviceptr address(const BrimProgram *program, BrimTensorId id)
{
    return program->backend->arena + brim_cuda_offset(program->graph, program->placement, id);
}

static BrimStatus fetch(BrimBackend *backend, char *room, CUdeviceptr from, size_t bytes)
{
    BrimStatus status;
    BRIM_CUDA_TRY(backend->device.driver, cuMemcpyDtoHAsync, "copying from the card", room, from, bytes,
                  backend->device.stream);
    BRIM_TRY(brim_cuda_device_wait(&backend->device));
fail:
    return status;
}

BrimStatus brim_cuda_write(BrimProgram *program, BrimTensorId id, const void *plain)
{
    BrimStatus status = BRIM_OK;
    BrimBackend *backend = program->backend;
    const BrimTensor *tensor = &program->graph->tensors[id];
    const Walk walk = walk_of(program->graph, id);
    size_t plain_bytes = brim_tensor_elements(tensor) * walk.element_bytes;
    size_t bytes = span_bytes(program->graph, id, &walk);
    char *room = take_room(backend, bytes);
    if (!room)
        return BRIM_ERROR_MEMORY;
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_TRY(brim_cuda_device_wait(&backend->device)); /* the buffer may still be read from */
    if (tensor->form == BRIM_FORM_FEATURE && tensor->bytes == 0)
        BRIM_TRY(
            fetch(backend, room, address(program, id), bytes)); /* a part's neighbours stay as they are */
    else
        memset(room, 0, bytes);
    if (turned(tensor->form))
        turn(&walk, room, (char *)(uintptr_t)plain, true);
    else
        memcpy(room, plain, plain_bytes);
    BRIM_CUDA_TRY(backend->device.driver, cuMemcpyHtoDAsync, "copying to the card", address(program, id),
                  room, bytes, backend->device.stream);
    BRIM_TRY(brim_cuda_device_wait(&backend->device));
fail:
    give_room(backend, room);
    return status;
}

BrimStatus brim_cuda_read(BrimProgram *program, BrimTensorId id, void *plain)
{
    BrimStatus status;
    BrimBackend *backend = program->backend;
    const BrimTensor *tensor = &program->graph->tensors[id];
    const Walk walk = walk_of(program->graph, id);
    size_t bytes = span_bytes(program->graph, id, &walk);
    char *room = take_room(backend, bytes);
    if (!room)
        return BRIM_ERROR_MEMORY;
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_TRY(fetch(backend, room, address(program, id), bytes));
    if (turned(tensor->form))
        turn(&walk, room, plain, false);
    else
        memcpy(plain, room, brim_tensor_elements(tensor) * walk.element_bytes);
fail:
    give_room(backend, room);
    return status;
}
