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

const struct rt_window rt_window = {.base = SYS_WINDOW_BASE, .size = SYS_WINDOW_SIZE};

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

/* The page as after a wait that tells of `count` messages of `length` bytes, all of the byte `fill`
 * and those after it, with the numbers `id` and those after it. */
static void show(uint32_t handle, uint32_t id, uint32_t count, uint32_t length, uint8_t fill)
{
    uint32_t offset = 0;
    page.event = (struct sys_event){.handle = handle, .event = SYS_EVENT_MSG, .cookie = 0xc00c1e};
    page.peek = (struct sys_peek){.handle = handle,
                                  .waiting = count,
                                  .credit = 9,
                                  .buffer_size = 64,
                                  .alone = 1,
                                  .count = count};
    for (uint32_t i = 0; i < count; i++) {
        page.peek.shown[i] = (struct sys_shown){.id = id + i, .length = length};
        memset(page.in + offset, fill + (int)i, length);
        offset += SYS_SHOWN_STRIDE(length);
    }
    answer = 0;
}

/* A wait that the kernel answers so. */
static void see_shown(uint32_t handle)
{
    uevent_t event;
    assert_int_equal(wait(handle, &event, INFINITE_TIME), NO_ERROR);
    assert_int_equal(last_nr, SYS_WAIT);
    assert_int_equal(last_arg[1], SYS_TIMEOUT_INFINITE);
    assert_int_equal(last_arg[2], SYS_WAIT_PEEK);
    assert_int_equal(event.event, page.event.event);
    memset(page.in, 0xee, sizeof(page.in)); /* any later call may */
    memset(&page.event, 0xee, sizeof(page.event));
    calls = 0;
}

/* A wait that shows one message. */
static void see(uint32_t handle, uint32_t id, size_t length, uint8_t fill, uint32_t credit)
{
    show(handle, id, 1, (uint32_t)length, fill);
    page.peek.credit = credit;
    see_shown(handle);
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

/* Takes the next message, looks at it, answers with it and ends it. */
static void serve_one(uint32_t handle, uint32_t id, uint8_t fill)
{
    uint8_t buffer[64] = {0};
    iovec_t iov = {.base = buffer, .len = sizeof(buffer)};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info = {0};
    assert_int_equal(get_msg(handle, &info), NO_ERROR);
    assert_int_equal(info.id, id);
    assert_int_equal(read_msg(handle, id, 0, &message), info.len);
    assert_int_equal(buffer[0], fill);
    assert_int_equal(buffer[info.len - 1], fill);
    assert_int_equal(send_bytes(handle, buffer, info.len), info.len);
    assert_int_equal(put_msg(handle, id), NO_ERROR);
}

static void wait_known(uint32_t handle, uint32_t events)
{
    uevent_t event = {0};
    assert_int_equal(wait(handle, &event, INFINITE_TIME), NO_ERROR);
    assert_int_equal(calls, 0);
    assert_int_equal(event.handle, 1005);
    assert_int_equal(event.event, events);
    assert_ptr_equal(event.cookie, (void *)0xc00c1e);
}

static void wait_asked(uint32_t handle)
{
    uevent_t event;
    const unsigned before = calls;
    answer = ERR_TIMED_OUT;
    assert_int_equal(wait(handle, &event, 5), ERR_TIMED_OUT);
    assert_int_equal(calls, before + 1);
}

static void many_turns_without_calls(void **state)
{
    uevent_t event;
    ipc_msg_info_t info;
    (void)state;
    /* Waiting on a set, or anything else: what counts is that it is the same wait. */
    show(1005, 20, SYS_SHOWN_MAX, 13, 'a');
    see_shown(1001);
    for (uint32_t i = 0; i < SYS_SHOWN_MAX; i++) {
        if (i > 0)
            wait_known(1001, SYS_EVENT_MSG);
        serve_one(1005, 20 + i, (uint8_t)('a' + i));
    }
    assert_int_equal(calls, 0);
    assert_int_equal(page.post_head, 3 * SYS_SHOWN_MAX);
    wait_asked(1001);
    /* wait_any is another wait. */
    show(1005, 20, 2, 13, 'a');
    assert_int_equal(wait_any(&event, INFINITE_TIME), NO_ERROR);
    assert_int_equal(last_nr, SYS_WAIT_ANY);
    calls = 0;
    assert_int_equal(get_msg(1005, &info), NO_ERROR);
    assert_int_equal(wait_any(&event, INFINITE_TIME), NO_ERROR);
    assert_int_equal(calls, 0);
    assert_int_equal(put_msg(1005, 20), NO_ERROR);
    wait_asked(SYS_NO_HANDLE); /* which is no handle to wait on */
    assert_int_equal(last_nr, SYS_WAIT);
    assert_int_equal(get_msg(1005, &info), ERR_TIMED_OUT);
}

/* A wait is answered here once for each message, and only if the kernel would tell the same. */
static void waits_that_ask(void **state)
{
    ipc_msg_info_t info;
    (void)state;
    show(1005, 1, 3, 5, 'a');
    see_shown(1005);
    wait_asked(1005); /* the first was not taken: what has changed? */
    show(1005, 1, 3, 5, 'a');
    see_shown(1005);
    serve_one(1005, 1, 'a');
    wait_asked(1006); /* another wait */
    show(1005, 1, 3, 5, 'a');
    see_shown(1005);
    serve_one(1005, 1, 'a');
    set_cookie(1005, NULL); /* the event would be another one */
    wait_asked(1005);
    show(1005, 1, 3, 5, 'a');
    page.peek.alone = 0; /* it would be somebody else's turn */
    see_shown(1005);
    serve_one(1005, 1, 'a');
    wait_asked(1005);
    /* Several taken after one event: no more events than messages. */
    show(1005, 1, 3, 5, 'a');
    see_shown(1005);
    serve_one(1005, 1, 'a');
    serve_one(1005, 2, 'b');
    wait_known(1005, SYS_EVENT_MSG);
    serve_one(1005, 3, 'c');
    assert_int_equal(get_msg(1005, &info), ERR_NO_MSG);
    assert_int_equal(calls, 0);
    wait_asked(1005);
    /* More waits than are shown: whether there is a message is the kernel's to say. */
    show(1005, 1, 2, 5, 'a');
    page.peek.waiting = 3;
    see_shown(1005);
    serve_one(1005, 1, 'a');
    serve_one(1005, 2, 'b');
    answer = ERR_BAD_STATE;
    assert_int_equal(get_msg(1005, &info), ERR_BAD_STATE);
}

static void events_that_come_once(void **state)
{
    ipc_msg_info_t info;
    (void)state;
    show(1005, 1, 3, 5, 'a');
    page.event.event = SYS_EVENT_READY | SYS_EVENT_SEND_UNBLOCKED | SYS_EVENT_MSG | SYS_EVENT_HUP;
    see_shown(1005);
    serve_one(1005, 1, 'a');
    wait_known(1005, SYS_EVENT_MSG | SYS_EVENT_HUP);
    serve_one(1005, 2, 'b');
    wait_known(1005, SYS_EVENT_MSG | SYS_EVENT_HUP);
    serve_one(1005, 3, 'c');
    answer = ERR_CHANNEL_CLOSED; /* and not "no message" */
    assert_int_equal(get_msg(1005, &info), ERR_CHANNEL_CLOSED);
}

/* Messages may be open together; as long as one is, nothing new is kept. */
static void open_together(void **state)
{
    uint8_t byte = 0;
    iovec_t iov = {.base = &byte, .len = 1};
    ipc_msg_t message = {.num_iov = 1, .iov = &iov};
    ipc_msg_info_t info;
    (void)state;
    show(1005, 1, 3, 5, 'a');
    see_shown(1005);
    for (uint32_t id = 1; id <= 3; id++)
        assert_int_equal(get_msg(1005, &info), NO_ERROR);
    for (uint32_t id = 3; id >= 1; id--) {
        assert_int_equal(read_msg(1005, id, 4, &message), 1);
        assert_int_equal(byte, 'a' + id - 1);
    }
    assert_int_equal(put_msg(1005, 2), NO_ERROR);
    show(1006, 8, 2, 5, 'x');
    see_shown(1006);
    assert_int_equal(get_msg(1006, &info), 0);
    assert_int_equal(calls, 1); /* asked */
    calls = 0;
    assert_int_equal(read_msg(1005, 3, 0, &message), 1);
    assert_int_equal(byte, 'c');
    assert_int_equal(put_msg(1005, 3), NO_ERROR);
    assert_int_equal(calls, 0);
    answer = ERR_INVALID_ARGS;
    assert_int_equal(read_msg(1006, 1, 0, &message), ERR_INVALID_ARGS);
    assert_int_equal(put_msg(1005, 2), ERR_INVALID_ARGS);
    assert_int_equal(calls, 2);
    assert_int_equal(put_msg(1005, 1), NO_ERROR);
    show(1006, 8, 2, 5, 'x');
    see_shown(1006);
    serve_one(1006, 8, 'x');
    assert_int_equal(calls, 0);
}

/* The page says what cannot be: nothing outside the own memory is touched. */
static void nonsense_shown(void **state)
{
    ipc_msg_info_t info;
    (void)state;
    show(1005, 1, SYS_SHOWN_MAX, 5, 'a');
    page.peek.count = UINT32_MAX;
    see_shown(1005);
    for (uint32_t i = 0; i < SYS_SHOWN_MAX; i++)
        serve_one(1005, 1 + i, (uint8_t)('a' + i));
    show(1005, 1, 3, 5, 'a');
    page.peek.shown[1].length = SYS_BUFFER_SIZE;
    see_shown(1005);
    serve_one(1005, 1, 'a');
    answer = ERR_NO_MSG;
    assert_int_equal(get_msg(1005, &info), ERR_NO_MSG);
    assert_int_equal(calls, 1);
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

/* Whatever keeps an app from being started, connect() has a number of Trusty's for it. */
static void connecting_to_an_app_that_does_not_start(void **state)
{
    static const struct {
        int64_t kernel;
        long trusty;
    } answers[] = {
        {SYS_ERR_SECURITY, ERR_NOT_FOUND},
        {SYS_ERR_BAD_FORMAT, ERR_NOT_FOUND},
        {SYS_ERR_COMMUNICATION, ERR_NOT_FOUND},
        {SYS_ERR_SESSION_MAXIMUM, ERR_NO_RESOURCES},
        {SYS_ERR_TARGET_DEAD, ERR_CHANNEL_CLOSED},
        {SYS_ERR_NOT_FOUND, ERR_NOT_FOUND},
        {SYS_ERR_ACCESS_DENIED, ERR_ACCESS_DENIED},
        {SYS_ERR_NO_MEMORY, ERR_NO_MEMORY},
        {1005, 1005},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        answer = answers[i].kernel;
        assert_int_equal(connect("com.example.service", 0), answers[i].trusty);
        assert_int_equal(last_nr, SYS_CONNECT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_turn_without_calls, fresh),
        cmocka_unit_test_setup(many_turns_without_calls, fresh),
        cmocka_unit_test_setup(waits_that_ask, fresh),
        cmocka_unit_test_setup(events_that_come_once, fresh),
        cmocka_unit_test_setup(open_together, fresh),
        cmocka_unit_test_setup(nonsense_shown, fresh),
        cmocka_unit_test_setup(credit_ends, fresh),
        cmocka_unit_test_setup(knowledge_ends_with_a_call, fresh),
        cmocka_unit_test_setup(nothing_is_half_posted, fresh),
        cmocka_unit_test_setup(no_place_left, fresh),
        cmocka_unit_test_setup(timeouts, fresh),
        cmocka_unit_test_setup(pieces, fresh),
        cmocka_unit_test_setup(connecting_to_an_app_that_does_not_start, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
