/*
 * What the Trusty library does without the kernel, and when it asks: a scripted kernel counts the
 * calls and looks at what was posted.
 */
#include <sdk/rt/runtime.h>
#include <sdk/rt/syscall.h>
#include <sdk/trusty/trusty_memory.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <trusty_ipc.h>
#include <uapi/err.h>

#include <cmocka.h>

static struct sys_page page;
static uint64_t last_nr;
static uint64_t last_arg[6];
static unsigned calls;
static int64_t answer;
int64_t (*rt_wait)(uint32_t handle, uint64_t timeout_ns);

/* Addresses below this may not be touched. */
#define BAD ((void *)0x1000)

bool rt_probe(const void *address, size_t size, bool write)
{
    (void)write;
    return size == 0 || (uintptr_t)address > 0x100000;
}

struct sys_page *sys_page(void)
{
    return &page;
}

/* Carries out what was posted, as the kernel does, but only by counting. */
int64_t sys_call(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                 uint64_t a5)
{
    const uint64_t arg[6] = {a0, a1, a2, a3, a4, a5};
    memcpy(last_arg, arg, sizeof(arg));
    last_nr = nr;
    calls++;
    page.post_tail = page.post_head;
    return answer;
}

static int fresh(void **state)
{
    uevent_t event;
    (void)state;
    page.peek.handle = SYS_NO_HANDLE;
    answer = 0;
    wait(1000, &event, 0); /* forgets */
    close(1005);           /* and what was taken */
    calls = 0;
    page.post_head = page.post_tail = 0;
    return 0;
}

/* A wait that shows one message of `length` bytes, all `fill`. */
static void see(uint32_t handle, uint32_t id, size_t length, uint8_t fill, uint32_t credit)
{
    uevent_t event;
    page.event = (struct sys_event){.handle = handle, .event = SYS_EVENT_MSG};
    page.peek = (struct sys_peek){.handle = handle,
                                  .id = id,
                                  .length = (uint32_t)length,
                                  .waiting = 1,
                                  .credit = credit,
                                  .buffer_size = 64};
    memset(page.in, fill, length);
    answer = 0;
    assert_int_equal(wait(handle, &event, INFINITE_TIME), NO_ERROR);
    assert_int_equal(last_nr, SYS_WAIT);
    assert_int_equal(last_arg[1], SYS_TIMEOUT_INFINITE);
    assert_int_equal(event.event, IPC_HANDLE_POLL_MSG);
    memset(page.in, 0xee, sizeof(page.in)); /* any later call may */
    calls = 0;
}

static long send_bytes(uint32_t handle, void *bytes, size_t length)
{
    iovec_t iov = {.base = bytes, .len = length};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    return send_msg(handle, &message);
}

static const struct sys_post *post(uint32_t n)
{
    return &page.post[n % SYS_POSTS];
}

static void a_turn_without_calls(void **state)
{
    uint8_t buffer[64];
    iovec_t iov = {.base = buffer, .len = sizeof(buffer)};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    (void)state;
    see(1005, 77, 10, 'a', 3);
    assert_int_equal(get_msg(1005, &info), NO_ERROR);
    assert_int_equal(info.id, 77);
    assert_int_equal(info.len, 10);
    assert_int_equal(read_msg(1005, 77, 0, &message), 10);
    assert_int_equal(buffer[9], 'a');
    assert_int_equal(read_msg(1005, 77, 9, &message), 1);
    assert_int_equal(read_msg(1005, 77, 10, &message), 0);
    assert_int_equal(read_msg(1005, 77, 11, &message), ERR_INVALID_ARGS);
    assert_int_equal(send_bytes(1005, buffer, 10), 10);
    assert_int_equal(put_msg(1005, 77), NO_ERROR);
    assert_int_equal(calls, 0);
    assert_int_equal(page.post_head, 3);
    assert_int_equal(post(0)->kind, SYS_POST_TAKE);
    assert_int_equal(post(0)->handle, 1005);
    assert_int_equal(post(0)->value, 77);
    assert_int_equal(post(1)->kind, SYS_POST_SEND);
    assert_int_equal(post(1)->value, 10);
    assert_in_range(post(1)->offset, SYS_POST_OFFSET, SYS_BUFFER_SIZE - 10);
    assert_memory_equal(page.out + post(1)->offset, "aaaaaaaaaa", 10);
    assert_int_equal(post(2)->kind, SYS_POST_PUT);
    assert_int_equal(post(2)->value, 77);
    /* Known once, then asked. */
    assert_int_equal(get_msg(1005, &info), ERR_NO_MSG);
    assert_int_equal(calls, 0);
    answer = ERR_NO_MSG;
    assert_int_equal(get_msg(1005, &info), ERR_NO_MSG);
    assert_int_equal(last_nr, SYS_GET);
    /* Put twice is the kernel's to refuse. */
    answer = ERR_INVALID_ARGS;
    assert_int_equal(put_msg(1005, 77), ERR_INVALID_ARGS);
    assert_int_equal(read_msg(1005, 77, 0, &message), ERR_INVALID_ARGS);
    assert_int_equal(calls, 3);
}

static void credit_ends(void **state)
{
    char text[] = "text";
    (void)state;
    see(1005, 1, 1, 'x', 2);
    assert_int_equal(send_bytes(1005, text, 4), 4);
    assert_int_equal(send_bytes(1005, text, 0), 0);
    assert_int_equal(calls, 0);
    answer = ERR_NOT_ENOUGH_BUFFER;
    assert_int_equal(send_bytes(1005, text, 4), ERR_NOT_ENOUGH_BUFFER);
    assert_int_equal(last_nr, SYS_SEND);
    assert_int_equal(calls, 1);
    /* Cut as the port cuts. */
    uint8_t big[100] = {0};
    see(1005, 1, 1, 'x', 2);
    assert_int_equal(send_bytes(1005, big, sizeof(big)), 64);
    assert_int_equal(calls, 0);
    /* Another channel is not known. */
    answer = 4;
    assert_int_equal(send_bytes(1006, text, 4), 4);
    assert_int_equal(calls, 1);
}

static void knowledge_ends_with_a_call(void **state)
{
    char text[] = "text";
    ipc_msg_info_t info;
    uint8_t buffer[4];
    iovec_t iov = {.base = buffer, .len = sizeof(buffer)};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    (void)state;
    see(1005, 5, 2, 'x', 9);
    close(1010);
    answer = ERR_CHANNEL_CLOSED;
    assert_int_equal(send_bytes(1005, text, 4), ERR_CHANNEL_CLOSED);
    assert_int_equal(get_msg(1005, &info), ERR_CHANNEL_CLOSED);
    assert_int_equal(page.post_head, 0);
    /* What was taken stays readable, until it is put or the channel closed. */
    see(1005, 6, 2, 'y', 9);
    assert_int_equal(get_msg(1005, &info), NO_ERROR);
    answer = 0;
    close(1010);
    calls = 0;
    assert_int_equal(read_msg(1005, 6, 0, &message), 2);
    assert_int_equal(calls, 0);
    close(1005);
    answer = ERR_NOT_FOUND;
    assert_int_equal(read_msg(1005, 6, 0, &message), ERR_NOT_FOUND);
    assert_int_equal(put_msg(1005, 6), ERR_NOT_FOUND);
}

static void nothing_is_half_posted(void **state)
{
    char text[] = "text";
    iovec_t iov[2] = {{.base = text, .len = 4}, {.base = BAD, .len = 4}};
    ipc_msg_t message = {.num_iov = 2, .iov = iov};
    (void)state;
    see(1005, 5, 2, 'x', 9);
    answer = ERR_TOO_BIG; /* the call that hears what else is wrong: nothing */
    assert_int_equal(send_msg(1005, &message), ERR_FAULT);
    assert_int_equal(page.post_head, 0);
    assert_int_equal(last_nr, SYS_SEND);
    assert_true(last_arg[2] > SYS_MSG_OBJECTS_MAX);
    assert_int_equal(send_msg(1005, NULL), ERR_FAULT);
    assert_int_equal(get_msg(1005, BAD), ERR_FAULT);
    assert_int_equal(read_msg(1005, 5, 0, NULL), ERR_FAULT);
}

static void no_place_left(void **state)
{
    uint8_t big[64];
    (void)state;
    memset(big, 'b', sizeof(big));
    see(1005, 5, 2, 'x', 1000);
    for (unsigned i = 0; i < SYS_POSTS; i++)
        assert_int_equal(send_bytes(1005, big, sizeof(big)), 64);
    assert_int_equal(calls, 0);
    assert_int_equal(page.post_head, SYS_POSTS);
    for (unsigned i = 1; i < SYS_POSTS; i++)
        assert_true(post(i)->offset >= post(i - 1)->offset + 64);
    answer = 64;
    assert_int_equal(send_bytes(1005, big, sizeof(big)), 64); /* the kernel does them all first */
    assert_int_equal(last_nr, SYS_SEND);
    assert_int_equal(calls, 1);
    see(1005, 6, 2, 'x', 1);
    assert_int_equal(send_bytes(1005, big, sizeof(big)), 64);
    assert_int_equal(calls, 0);
    assert_int_equal(post(SYS_POSTS)->offset, SYS_POST_OFFSET); /* from the beginning again */
}

static void timeouts(void **state)
{
    uevent_t event;
    (void)state;
    answer = ERR_TIMED_OUT;
    assert_int_equal(wait(1000, &event, 0), ERR_TIMED_OUT);
    assert_int_equal(last_arg[1], 0);
    wait(1000, &event, 7);
    assert_int_equal(last_arg[1], 7000000);
    wait(1000, &event, (unsigned long)-1);
    assert_true(last_arg[1] == SYS_TIMEOUT_INFINITE);
    wait_any(&event, UINT32_MAX);
    assert_true(last_arg[0] == SYS_TIMEOUT_INFINITE);
    wait_any(&event, (unsigned long)-2);
    assert_true(last_arg[0] == SYS_TIMEOUT_INFINITE);
    wait_any(&event, UINT32_MAX - 1);
    assert_int_equal(last_arg[0], (uint64_t)(UINT32_MAX - 1) * 1000000);
    calls = 0;
    assert_int_equal(wait(1000, NULL, 0), ERR_FAULT);
    assert_int_equal(wait_any(BAD, 0), ERR_FAULT);
    assert_int_equal(calls, 0);
}

static void pieces(void **state)
{
    uint8_t to[16];
    size_t length = 99;
    char head[] = "abc";
    char tail[] = "defg";
    iovec_t iov[3] = {{.base = head, .len = 3}, {.base = NULL, .len = 0}, {.base = tail, .len = 4}};
    (void)state;
    assert_true(trusty_memory_gather(iov, 3, to, 16, &length));
    assert_int_equal(length, 7);
    assert_memory_equal(to, "abcdefg", 7);
    assert_true(trusty_memory_gather(iov, 3, to, 5, &length));
    assert_int_equal(length, 5);
    assert_true(trusty_memory_gather(NULL, 0, to, 5, &length));
    assert_int_equal(length, 0);
    assert_false(trusty_memory_gather(BAD, 1, to, 5, &length));
    assert_false(trusty_memory_gather(iov, SIZE_MAX / 4, to, 5, &length));
    iov[1] = (iovec_t){.base = BAD, .len = 1};
    assert_false(trusty_memory_gather(iov, 3, to, 16, &length));
    assert_true(trusty_memory_gather(iov, 3, to, 3, &length)); /* not reached */
    assert_true(trusty_memory_room(iov, 3, 100, &length));
    assert_int_equal(length, 8);
    iov[0].len = SIZE_MAX;
    assert_true(trusty_memory_room(iov, 3, 100, &length));
    assert_int_equal(length, 100);
    assert_true(trusty_memory_copy_string("name", (char *)to, 16, &length));
    assert_int_equal(length, 4);
    assert_true(trusty_memory_copy_string("name", (char *)to, 4, &length));
    assert_int_equal(length, 4);
    assert_false(trusty_memory_copy_string(BAD, (char *)to, 4, &length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_turn_without_calls, fresh),
        cmocka_unit_test_setup(credit_ends, fresh),
        cmocka_unit_test_setup(knowledge_ends_with_a_call, fresh),
        cmocka_unit_test_setup(nothing_is_half_posted, fresh),
        cmocka_unit_test_setup(no_place_left, fresh),
        cmocka_unit_test_setup(timeouts, fresh),
        cmocka_unit_test_setup(pieces, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
