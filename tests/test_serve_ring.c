/* What is kept of recent samples, and who is cut off for being slow. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/support.h"
#include "watch/serve_ring.h"
#include "watch/serve_slow.h"

/* A text of so many bytes that begins with a number. */
static void push(BrimServeRing *ring, int64_t time_ns, size_t bytes)
{
    char *text = brim_mem_take(BRIM_MEM_REPORT, bytes + 32, 1);
    assert_non_null(text);
    memset(text, '.', bytes);
    snprintf(text, 32, "%lld", (long long)time_ns);
    text[strlen(text)] = '.';
    text[bytes] = '\0';
    assert_ok(brim_serve_ring_push(ring, time_ns, text));
}

/* The numbers of the texts picked, "3 4 5". */
static const char *picked(BrimServeRing *ring, int64_t since_ns, int64_t most)
{
    static char numbers[256];
    BrimServePick pick;
    size_t bytes;
    assert_ok(brim_serve_ring_pick(ring, since_ns, most, &pick));
    numbers[0] = '\0';
    for (int i = 0; i < pick.count; i++) {
        const char *text = brim_serve_ring_text(pick.texts[i], &bytes);
        assert_int_equal(bytes, strlen(text));
        size_t used = strlen(numbers);
        snprintf(numbers + used, sizeof numbers - used, "%s%.*s", i ? " " : "", (int)strcspn(text, "."),
                 text);
    }
    brim_serve_ring_drop(&pick);
    return numbers;
}

static void test_since_and_count(void **state)
{
    (void)state;
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimServeRing *ring;
    assert_ok(brim_serve_ring_open(&ring, 5, 1000));
    assert_string_equal(picked(ring, INT64_MIN, 10), "");
    for (int i = 1; i <= 7; i++)
        push(ring, i, 10);
    assert_string_equal(picked(ring, INT64_MIN, 10), "3 4 5 6 7");
    assert_string_equal(picked(ring, 5, 10), "6 7");
    assert_string_equal(picked(ring, 3, 2), "6 7");
    assert_string_equal(picked(ring, 7, 2), "");
    assert_string_equal(picked(ring, 0, 0), "");
    brim_serve_ring_close(&ring);
    assert_null(ring);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
}

static void test_bytes_are_bounded(void **state)
{
    (void)state;
    BrimServeRing *ring;
    assert_ok(brim_serve_ring_open(&ring, 100, 100));
    for (int i = 1; i <= 9; i++)
        push(ring, i, 30);
    assert_string_equal(picked(ring, 0, 100), "7 8 9");
    push(ring, 10, 50);
    assert_string_equal(picked(ring, 0, 100), "9 10");
    push(ring, 11, 500); /* too large, and yet the latest */
    assert_string_equal(picked(ring, 0, 100), "11");
    push(ring, 12, 30);
    assert_string_equal(picked(ring, 0, 100), "12");
    brim_serve_ring_close(&ring);
}

/* A clock set back does not hide what comes after. */
static void test_a_clock_set_back(void **state)
{
    (void)state;
    BrimServeRing *ring;
    BrimServePick pick;
    assert_ok(brim_serve_ring_open(&ring, 10, 1000));
    push(ring, 1000, 10);
    push(ring, 400, 10);
    push(ring, 500, 10);
    assert_string_equal(picked(ring, 1000, 10), "400 500");
    assert_ok(brim_serve_ring_pick(ring, 1001, 10, &pick));
    assert_int_equal(pick.count, 1);
    assert_int_equal(pick.newest_ns, 1002);
    brim_serve_ring_drop(&pick);
    push(ring, 2000, 10);
    assert_string_equal(picked(ring, 1002, 10), "2000");
    brim_serve_ring_close(&ring);
}

/* An answer that is still being sent outlives the ring. */
static void test_who_holds_keeps(void **state)
{
    (void)state;
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), bytes;
    BrimServeRing *ring;
    BrimServePick pick;
    assert_ok(brim_serve_ring_open(&ring, 2, 1000));
    push(ring, 1, 20);
    assert_ok(brim_serve_ring_pick(ring, 0, 10, &pick));
    push(ring, 2, 20);
    push(ring, 3, 20);
    brim_serve_ring_close(&ring);
    assert_string_equal(brim_serve_ring_text(pick.texts[0], &bytes), "1...................");
    brim_serve_ring_drop(&pick);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
}

static void test_memory_that_runs_out(void **state)
{
    (void)state;
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimServeRing *ring;
    BrimServePick pick;
    for (uint64_t nth = 1; nth <= 2; nth++) {
        brim_mem_fail_at(nth);
        assert_int_equal(brim_serve_ring_open(&ring, 2, 1000), BRIM_ERROR_MEMORY);
        assert_null(ring);
    }
    assert_ok(brim_serve_ring_open(&ring, 2, 1000));
    char *text = brim_mem_text(BRIM_MEM_REPORT, "x");
    brim_mem_fail_at(1);
    assert_int_equal(brim_serve_ring_push(ring, 1, text), BRIM_ERROR_MEMORY);
    brim_mem_fail_at(1);
    assert_int_equal(brim_serve_ring_pick(ring, 1, 1, &pick), BRIM_ERROR_MEMORY);
    brim_mem_fail_at(0);
    brim_serve_ring_close(&ring);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
}

/* The other end of a socket that was shut reads an end. */
static bool ended(int socket)
{
    char byte;
    return recv(socket, &byte, 1, MSG_DONTWAIT) == 0;
}

static void test_the_slow_are_cut(void **state)
{
    (void)state;
    BrimServeSlow slow;
    int pairs[3][2];
    brim_serve_slow_open(&slow);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
        brim_serve_slow_enter(&slow, pairs[i][0], 100 + i);
    }
    brim_serve_slow_answered(&slow, pairs[0][0], 500);
    brim_serve_slow_leave(&slow, pairs[2][0]);
    assert_int_equal(brim_serve_slow_cut(&slow, 101), 0);
    assert_int_equal(brim_serve_slow_cut(&slow, 102), 1);
    assert_false(ended(pairs[0][1]));
    assert_true(ended(pairs[1][1]));
    assert_false(ended(pairs[2][1]));
    assert_int_equal(brim_serve_slow_cut(&slow, 501), 2); /* the second until its owner closes it */
    for (int i = 0; i < 3; i++) {
        close(pairs[i][0]);
        close(pairs[i][1]);
    }
    for (int i = 0; i < 2 * BRIM_SERVE_MOST_CONNECTIONS; i++) /* more than there are places */
        brim_serve_slow_enter(&slow, 100000 + i, 1000);
    brim_serve_slow_close(&slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_since_and_count),      cmocka_unit_test(test_bytes_are_bounded),
        cmocka_unit_test(test_a_clock_set_back),     cmocka_unit_test(test_who_holds_keeps),
        cmocka_unit_test(test_memory_that_runs_out), cmocka_unit_test(test_the_slow_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
