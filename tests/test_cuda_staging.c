/* The two pinned buffers: what was put into them arrives, however late the card reads it, and no more is
 * waited for than must be. On a card that is none and does its work when it is waited for (tests/fake_cuda,
 * the word `lazy`). */
#include "support/card_counts.h"
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#include "backend/cuda/staging.h"

enum { BUFFER_BYTES = 256, PIECE_BYTES = 100, PIECES = 11 };

static BrimCudaDevice device;
static BrimCudaStaging staging;
static CUdeviceptr there;

static int open_all(void **state)
{
    (void)state;
    setenv("BRIM_FAKE_CARD", "lazy,strict", 1);
    assert_ok(brim_cuda_device_open(&device, 0));
    assert_ok(brim_cuda_staging_open(&staging, &device));
    assert_ok(brim_cuda_staging_grow(&staging, BUFFER_BYTES));
    return device.driver->cuMemAlloc_(&there, PIECES * PIECE_BYTES) != CUDA_SUCCESS;
}

static int close_all(void **state)
{
    (void)state;
    device.driver->cuMemFree_(there);
    brim_cuda_staging_close(&staging);
    brim_cuda_device_close(&device);
    return 0;
}

static void send(int piece)
{
    char *room;
    assert_ok(brim_cuda_staging_take(&staging, PIECE_BYTES, &room));
    assert_non_null(room);
    assert_int_equal((uintptr_t)room % 64, 0);
    memset(room, 'a' + piece, PIECE_BYTES);
    CUresult result = device.driver->cuMemcpyHtoDAsync_(there + (CUdeviceptr)(piece * PIECE_BYTES), room,
                                                        PIECE_BYTES, device.stream);
    assert_int_equal(result, CUDA_SUCCESS);
}

static void check_arrived(int count)
{
    char got[PIECES * PIECE_BYTES];
    assert_int_equal(
        device.driver->cuMemcpyDtoHAsync_(got, there, (size_t)count * PIECE_BYTES, device.stream),
        CUDA_SUCCESS);
    assert_ok(brim_cuda_device_wait(&device));
    for (int i = 0; i < count * PIECE_BYTES; i++)
        assert_int_equal(got[i], 'a' + i / PIECE_BYTES);
    brim_cuda_staging_empty(&staging);
}

/* Two pieces fit into a buffer. */
static void what_is_put_in_arrives(void **state)
{
    (void)state;
    for (int piece = 0; piece < PIECES; piece++)
        send(piece);
    check_arrived(PIECES);
}

static void nothing_is_waited_for_where_there_is_room(void **state)
{
    (void)state;
    unsigned long waits = card_calls("cuStreamSynchronize") + card_calls("cuEventSynchronize");
    send(0);
    send(1);
    assert_int_equal(card_calls("cuStreamSynchronize") + card_calls("cuEventSynchronize"), waits);
    check_arrived(2);
    waits = card_calls("cuEventSynchronize");
    send(0);
    send(1);
    assert_int_equal(card_calls("cuEventSynchronize"), waits);
    check_arrived(2);
}

static void too_much_has_no_room(void **state)
{
    (void)state;
    char *room;
    assert_ok(brim_cuda_staging_take(&staging, BUFFER_BYTES + 1, &room));
    assert_null(room);
    assert_ok(brim_cuda_staging_grow(&staging, 2 * BUFFER_BYTES));
    assert_ok(brim_cuda_staging_take(&staging, BUFFER_BYTES + 1, &room));
    assert_non_null(room);
    brim_cuda_staging_empty(&staging);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_in_arrives),
        cmocka_unit_test(nothing_is_waited_for_where_there_is_room),
        cmocka_unit_test(too_much_has_no_room),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
