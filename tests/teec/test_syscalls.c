/*
 * What a call costs in system calls: two, one write and one read, whatever its parameters; counted
 * by a tracing parent.
 */
#include "fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CALLS 10

/* Marks the beginning and the end of what is counted. */
static void mark(void)
{
    (void)syscall(SYS_getppid);
}

static void child_main(void)
{
    TEEC_SharedMemory a = {.size = 100, .flags = TEEC_MEM_INOUT};
    TEEC_Operation op = TEEC_OPERATION_INITIALIZER;
    uint8_t bytes[100];
    TEEC_SharedMemory r = {.buffer = bytes, .size = 100, .flags = TEEC_MEM_INPUT};

    if (TEEC_InitializeContext(peer->folder, &context) != TEEC_SUCCESS ||
        TEEC_OpenSession(&context, &session, &app, 0, NULL, NULL, NULL) != TEEC_SUCCESS ||
        TEEC_AllocateSharedMemory(&context, &a) != TEEC_SUCCESS ||
        TEEC_RegisterSharedMemory(&context, &r) != TEEC_SUCCESS)
        _exit(1);
    op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INOUT, TEEC_MEMREF_WHOLE, TEEC_MEMREF_WHOLE,
                                     TEEC_VALUE_INOUT);
    op.params[0].tmpref = (TEEC_TempMemoryReference){bytes, sizeof(bytes)};
    op.params[1].memref.parent = &a;
    op.params[2].memref.parent = &r;
    for (unsigned i = 0; i < CALLS; i++) { /* bounce memory is made */
        if (TEEC_InvokeCommand(&session, PEER_INVERT, &op, NULL) != TEEC_SUCCESS)
            _exit(1);
    }
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(77);
    raise(SIGSTOP);
    mark();
    for (unsigned i = 0; i < CALLS; i++) {
        if (TEEC_InvokeCommand(&session, PEER_INVERT, &op, NULL) != TEEC_SUCCESS)
            _exit(1);
    }
    mark();
    _exit(0);
}

static long system_call(pid_t child)
{
    struct __ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return -1;
    return (long)info.entry.nr;
}

static void test_count(void)
{
    unsigned reads = 0, writes = 0, others = 0, marks = 0;
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0)
        child_main();
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) {
        printf("ok %u - system calls of a call # SKIP this system does not let programs trace "
               "their children\n",
               ++tap_count);
        return;
    }
    ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD);
    while (ptrace(PTRACE_SYSCALL, child, NULL, NULL) == 0 && waitpid(child, &status, 0) == child &&
           WIFSTOPPED(status)) {
        long number = system_call(child);

        if (number == SYS_getppid)
            marks++;
        else if (marks == 1 && number == SYS_read)
            reads++;
        else if (marks == 1 && number == SYS_write)
            writes++;
        else if (marks == 1 && number >= 0)
            others++;
    }
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0 && marks == 2, "a traced client");
    check_is(writes, CALLS, "one write a call");
    check_is(reads, CALLS, "one read a call");
    check_is(others, 0, "and nothing else");
}

int main(void)
{
    fixture_begin();
    test_count();
    return fixture_end();
}
