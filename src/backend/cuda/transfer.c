/* Tensors between the card and plain host memory, turned around on the host in pinned buffers. */
#include <string.h>

#include <omp.h>

#include "backend/cuda/program.h"

/* One thread copies a validation's batch at 640 px, 31 MB, in 5 ms: a card may be as quick to compute it. */
enum { COPY_PIECE_BYTES = 1 << 20, COPY_PIECES_OF_ONE = 4, COPY_THREADS = 4 };

/* ---- what crosses ---- */

static bool is_written(const BrimGraph *graph, BrimTensorId id)
{
    for (BrimOpId op = 0; op < graph->op_count; op++)
        for (int i = 0; i < BRIM_OP_OUT; i++)
            if (graph->ops[op].out[i] == id)
                return true;
    return false;
}

/* A step's inputs and settings fill one buffer, so that those of the next step find the other. Parameters
 * cross one by one; what else is read goes to where it is wanted, and features cross in tests only. */
BrimStatus brim_cuda_staging_reserve(BrimBackend *backend, const BrimGraph *graph)
{
    size_t inputs = BRIM_PART_COUNT * brim_cuda_staging_room(sizeof(BrimKernelScalars)), parameter = 0;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        bool crosses = tensor->form == BRIM_FORM_FILTER || tensor->form == BRIM_FORM_VECTOR;
        if (crosses && tensor->bytes > parameter)
            parameter = tensor->bytes;
        if (tensor->purpose == BRIM_PURPOSE_STAGING && tensor->form == BRIM_FORM_RAW &&
            !is_written(graph, id))
            inputs += brim_cuda_staging_room(tensor->bytes);
    }
    parameter = brim_cuda_staging_room(parameter);
    return brim_cuda_staging_grow(&backend->staging, inputs > parameter ? inputs : parameter);
}

/* ---- layouts ---- */

/* One walk over a tensor in its plain order. */
typedef struct Walk {
    BrimForm form;
    int32_t dims[4];
    int32_t pitch; /* FEATURE, PLAIN: elements of a pixel; FILTER: of a tap */
    bool deep;     /* those lie in cells (depth.h) */
    size_t element_bytes;
} Walk;

static bool turned(BrimForm form)
{
    return form == BRIM_FORM_FEATURE || form == BRIM_FORM_PLAIN || form == BRIM_FORM_FILTER;
}

static Walk walk_of(const BrimGraph *graph, BrimTensorId id)
{
    const BrimTensor *tensor = &graph->tensors[id];
    Walk walk = {.form = tensor->form, .element_bytes = brim_dtype_bytes(tensor->dtype)};
    memcpy(walk.dims, tensor->dims, sizeof walk.dims);
    if (turned(tensor->form)) {
        walk.pitch = brim_cuda_pixel_elements(graph, id);
        walk.deep = brim_cuda_space_to_depth(graph, id);
    }
    return walk;
}

/* Copies element by element, to the card's order or from it, along n c h w, or out in kh kw: both have their
 * second axis innermost on the card. */
static inline __attribute__((always_inline)) void turn_elements(const Walk *walk, char *card, char *plain,
                                                                bool to_card, size_t bytes)
{
    int pixels = walk->dims[2] * walk->dims[3];
    size_t step = (size_t)walk->pitch * bytes;
    for (int a = 0; a < walk->dims[0]; a++, card += (size_t)pixels * step) {
        for (int b = 0; b < walk->dims[1]; b++) {
            for (int i = 0; i < pixels; i++, plain += bytes) {
                int at = walk->deep ? brim_cuda_depth_place(walk->dims[3], i) : i;
                char *there = card + (size_t)at * step + (size_t)b * bytes;
                memcpy(to_card ? there : plain, to_card ? plain : there, bytes);
            }
        }
    }
}

/* Parameters cross in fp32, and checkpoints wait for all of them: for a size that the compiler knows an
 * element is a move and no call. */
static void turn(const Walk *walk, char *card, char *plain, bool to_card)
{
    size_t bytes = walk->element_bytes;
    if (walk->dims[2] * walk->dims[3] == 1 && walk->pitch == walk->dims[1]) /* the orders are the same */
        memcpy(to_card ? card : plain, to_card ? plain : card,
               (size_t)walk->dims[0] * (size_t)walk->dims[1] * bytes);
    else if (bytes == sizeof(float) && to_card)
        turn_elements(walk, card, plain, true, sizeof(float));
    else if (bytes == sizeof(float))
        turn_elements(walk, card, plain, false, sizeof(float));
    else
        turn_elements(walk, card, plain, to_card, bytes);
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

/* Pinned where a buffer has room, else of its own: only tests copy features. */
static BrimStatus take_room(BrimBackend *backend, size_t bytes, char **room, char **own)
{
    *own = NULL;
    BrimStatus status = brim_cuda_staging_take(&backend->staging, bytes, room);
    if (status == BRIM_OK && !*room) {
        *room = *own = brim_mem_take(BRIM_MEM_BACKEND, bytes, 1);
        status = *own ? BRIM_OK : BRIM_ERROR_MEMORY;
    }
    return status;
}

static CUdeviceptr address(const BrimProgram *program, BrimTensorId id)
{
    return program->backend->arena + brim_cuda_offset(program->graph, program->placement, id);
}

static BrimStatus start_back(BrimBackend *backend, void *to, CUdeviceptr from, size_t bytes)
{
    BrimStatus status;
    BRIM_CUDA_TRY(backend->device.driver, cuMemcpyDtoHAsync, "copying from the card", to, from, bytes,
                  backend->device.stream);
fail:
    return status;
}

static BrimStatus copy_back(BrimBackend *backend, void *to, CUdeviceptr from, size_t bytes)
{
    BrimStatus status = start_back(backend, to, from, bytes);
    return status == BRIM_OK ? brim_cuda_device_wait(&backend->device) : status;
}

/* A large copy by some threads: one alone does not fill the memory's width. */
static void copy_pieces(char *to, const char *from, size_t bytes)
{
    int pieces = (int)((bytes + COPY_PIECE_BYTES - 1) / COPY_PIECE_BYTES), cores = omp_get_max_threads();
    int threads = pieces <= COPY_PIECES_OF_ONE ? 1 : cores < COPY_THREADS ? cores : COPY_THREADS;
#pragma omp parallel for num_threads(threads)
    for (int i = 0; i < pieces; i++) {
        size_t at = (size_t)i * COPY_PIECE_BYTES, left = bytes - at;
        memcpy(to + at, from + at, left < COPY_PIECE_BYTES ? left : COPY_PIECE_BYTES);
    }
}

/* A tensor as it lies on the card, pads and all; `room` holds that of a part, with its neighbours. */
static void arrange(const BrimTensor *tensor, const Walk *walk, char *room, size_t bytes, const void *plain)
{
    size_t plain_bytes = brim_tensor_elements(tensor) * walk->element_bytes;
    bool part = tensor->form == BRIM_FORM_FEATURE && tensor->bytes == 0;
    if (!turned(tensor->form)) {
        copy_pieces(room, plain, plain_bytes);
        memset(room + plain_bytes, 0, bytes - plain_bytes);
        return;
    }
    if (!part)
        memset(room, 0, bytes);
    turn(walk, room, (char *)(uintptr_t)plain, true);
}

/* Waits for nothing but a buffer that the card still reads, or for the copy where the room is not pinned. */
BrimStatus brim_cuda_write(BrimProgram *program, BrimTensorId id, const void *plain)
{
    BrimStatus status;
    BrimBackend *backend = program->backend;
    const BrimTensor *tensor = &program->graph->tensors[id];
    const Walk walk = walk_of(program->graph, id);
    size_t bytes = span_bytes(program->graph, id, &walk);
    char *room, *own = NULL;
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_TRY(take_room(backend, bytes, &room, &own));
    if (tensor->form == BRIM_FORM_FEATURE && tensor->bytes == 0)
        BRIM_TRY(copy_back(backend, room, address(program, id), bytes));
    arrange(tensor, &walk, room, bytes, plain);
    BRIM_CUDA_TRY(backend->device.driver, cuMemcpyHtoDAsync, "copying to the card", address(program, id),
                  room, bytes, backend->device.stream);
    if (own)
        BRIM_TRY(brim_cuda_device_wait(&backend->device));
fail:
    brim_mem_give(own);
    return status;
}

/* Waits for all that was started. */
BrimStatus brim_cuda_read(BrimProgram *program, BrimTensorId id, void *plain)
{
    BrimStatus status;
    BrimBackend *backend = program->backend;
    const BrimTensor *tensor = &program->graph->tensors[id];
    const Walk walk = walk_of(program->graph, id);
    size_t bytes = span_bytes(program->graph, id, &walk);
    char *room, *own = NULL;
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    if (turned(tensor->form)) {
        BRIM_TRY(take_room(backend, bytes, &room, &own));
        BRIM_TRY(copy_back(backend, room, address(program, id), bytes));
        turn(&walk, room, plain, false);
    } else {
        BRIM_TRY(copy_back(backend, plain, address(program, id),
                           brim_tensor_elements(tensor) * walk.element_bytes));
    }
    brim_cuda_staging_empty(&backend->staging);
fail:
    brim_mem_give(own);
    return status;
}

/* On any thread: of what the program holds, this knows the graph alone. */
void brim_cuda_read_member(const BrimProgram *program, BrimTensorId id, const void *block, void *plain)
{
    const BrimTensor *tensor = &program->graph->tensors[id];
    const Walk walk = walk_of(program->graph, id);
    char *card = (char *)(uintptr_t)block + tensor->offset_bytes;
    if (turned(tensor->form))
        turn(&walk, card, plain, false);
    else
        memcpy(plain, card, brim_tensor_elements(tensor) * walk.element_bytes);
}

BrimStatus brim_cuda_pin(BrimBackend *backend, size_t bytes, void **pinned)
{
    BrimStatus status;
    if (backend->pinned)
        return brim_fail(BRIM_ERROR_ARGUMENT, "there is pinned memory for results already");
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_TRY(brim_cuda_device_pin(&backend->device, bytes, "pinning host memory for results and checkpoints",
                                  &backend->pinned));
    BRIM_TRY(brim_cuda_aside_warm(backend, backend->pinned, bytes));
    *pinned = backend->pinned;
fail:
    return status;
}

/* RAW tensors lie in their plain form. */
BrimStatus brim_cuda_fetch(BrimProgram *program, BrimTensorId id, void *pinned)
{
    BrimStatus status;
    BrimBackend *backend = program->backend;
    const BrimTensor *tensor = &program->graph->tensors[id];
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_TRY(start_back(backend, pinned, address(program, id),
                        brim_tensor_elements(tensor) * brim_dtype_bytes(tensor->dtype)));
fail:
    return status;
}

/* A kernel writes what is kept straight to the host's memory. */
BrimStatus brim_cuda_sift(BrimProgram *program, BrimTensorId id, const BrimSift *sift)
{
    BrimStatus status;
    const BrimCudaDevice *device = &program->backend->device;
    const BrimSiftArgs args = {.predictions = (const float *)address(program, id),
                               .rows = sift->rows,
                               .columns = sift->columns,
                               .least = sift->least,
                               .kept = sift->kept,
                               .counts = sift->counts};
    BRIM_TRY(brim_cuda_device_enter(device));
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_sift, sift->n, BRIM_BLOCK_THREADS, &args));
fail:
    return status;
}
