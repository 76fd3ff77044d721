/*
 * The system call filter of apps. The list is short enough to be read; it is compiled into a
 * binary search over the call's number, because the system walks the filter once for each of its
 * hundreds of calls when it is installed, at every start of an app.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH_HERE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH_HERE AUDIT_ARCH_AARCH64
#else
#error "the hosted port runs on x86-64 and AArch64"
#endif

enum condition_kind {
    ALWAYS = 0,
    EQUAL,   /* the low 32 bits of the argument are `value` */
    NO_BITS, /* none of the bits `value` is set in its low half */
    NOT_ALL, /* not all of the bits `value` are set in its low half */
    ONE_OF,  /* bit (argument & 0x1f...) of `value` is set, the argument being below 32 */
    IS_NULL, /* all 64 bits are zero */
};

struct condition {
    uint8_t kind;
    uint8_t argument;
    uint32_t value;
    uint32_t mask; /* ONE_OF: applied to the argument first; 0: all bits */
};

/* `then` when all conditions hold, else `unless` (0: the filter's general refusal). */
struct rule {
    uint32_t nr;
    uint32_t then;
    uint32_t unless;
    struct condition when[3];
};

#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(e) (SECCOMP_RET_ERRNO | (e))

#define MAP_FLAGS_ALLOWED                                                                          \
    (MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE |         \
     MAP_STACK | MAP_FIXED_NOREPLACE)
#define FUTEX_OPS                                                                                  \
    (1u << FUTEX_WAIT | 1u << FUTEX_WAKE | 1u << FUTEX_WAIT_BITSET | 1u << FUTEX_WAKE_BITSET)
#define FUTEX_MASK (~(uint32_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME))

/* The one execution that every app needs, its own: see SANDBOX_IMAGE_FD. */
#define START_CONDITIONS                                                                           \
    {                                                                                              \
        {EQUAL, 0, SANDBOX_IMAGE_FD, 0},                                                           \
        {EQUAL, 4, AT_EMPTY_PATH, 0},                                                              \
    }

static const struct rule normal_rules[] = {
    {SYS_execveat, ALLOW, 0, START_CONDITIONS},
    /* The kernel's page, and messages to the log. */
    {SYS_futex, ALLOW, 0, {{ONE_OF, 1, FUTEX_OPS, FUTEX_MASK}}},
    {SYS_recvmsg, ALLOW, 0, {{EQUAL, 0, 3, 0}}},
    {SYS_write, ALLOW, REFUSE(EBADF), {{ONE_OF, 0, 1u << 1 | 1u << 2, 0}}},
    {SYS_writev, ALLOW, REFUSE(EBADF), {{ONE_OF, 0, 1u << 1 | 1u << 2, 0}}},
    {SYS_close, ALLOW, 0, {{0}}},
    {SYS_exit, ALLOW, 0, {{0}}},
    {SYS_exit_group, ALLOW, 0, {{0}}},
    /* Memory: nothing executable; nothing that RLIMIT_DATA does not count (shared anonymous
     * memory, stacks other than the first); mremap could enlarge the stack past its limit. */
    {SYS_mmap,
     ALLOW,
     0,
     {{NO_BITS, 2, ~(uint32_t)(PROT_READ | PROT_WRITE), 0},
      {NO_BITS, 3, ~(uint32_t)MAP_FLAGS_ALLOWED, 0},
      {NOT_ALL, 3, MAP_SHARED | MAP_ANONYMOUS, 0}}},
    {SYS_mprotect, ALLOW, 0, {{NO_BITS, 2, ~(uint32_t)(PROT_READ | PROT_WRITE), 0}}},
    {SYS_munmap, ALLOW, 0, {{0}}},
    {SYS_brk, ALLOW, 0, {{0}}},
    {SYS_madvise,
     ALLOW,
     REFUSE(EINVAL),
     {{ONE_OF, 2, 1u << MADV_DONTNEED | 1u << MADV_FREE | 1u << MADV_DONTDUMP, 0}}},
    {SYS_mremap, REFUSE(ENOMEM), 0, {{0}}},
    /* Signals to itself: handlers that report faults. abort() raises one by tgkill, which could
     * also hit other apps: its handler may report it, the call is never made. */
    {SYS_rt_sigaction, ALLOW, 0, {{0}}},
    {SYS_rt_sigprocmask, ALLOW, 0, {{0}}},
    {SYS_rt_sigreturn, ALLOW, 0, {{0}}},
    {SYS_sigaltstack, ALLOW, 0, {{0}}},
    {SYS_tgkill, SECCOMP_RET_TRAP, 0, {{0}}},
    /* What the C library's start-up does. */
    {SYS_set_tid_address, ALLOW, 0, {{0}}},
    {SYS_set_robust_list, ALLOW, 0, {{0}}},
#ifdef SYS_rseq
    {SYS_rseq, ALLOW, 0, {{0}}},
#endif
    {SYS_prlimit64, ALLOW, REFUSE(EPERM), {{EQUAL, 0, 0, 0}, {IS_NULL, 2, 0, 0}}},
#if defined(__x86_64__)
    {SYS_arch_prctl, ALLOW, REFUSE(EINVAL), {{EQUAL, 0, 0x1002, 0}}}, /* ARCH_SET_FS */
    {SYS_open, REFUSE(EACCES), 0, {{0}}},
    {SYS_stat, REFUSE(EACCES), 0, {{0}}},
    {SYS_access, REFUSE(EACCES), 0, {{0}}},
    {SYS_readlink, REFUSE(EACCES), 0, {{0}}},
    {SYS_getrlimit, ALLOW, 0, {{0}}},
    {SYS_time, ALLOW, 0, {{0}}},
#endif
    {SYS_getrandom, ALLOW, 0, {{0}}},
    {SYS_getpid, ALLOW, 0, {{0}}},
    {SYS_gettid, ALLOW, 0, {{0}}},
    {SYS_getuid, ALLOW, 0, {{0}}},
    {SYS_geteuid, ALLOW, 0, {{0}}},
    {SYS_getgid, ALLOW, 0, {{0}}},
    {SYS_getegid, ALLOW, 0, {{0}}},
    {SYS_sched_yield, ALLOW, 0, {{0}}},
    {SYS_sched_getaffinity, ALLOW, 0, {{EQUAL, 0, 0, 0}}},
    {SYS_clock_gettime, ALLOW, 0, {{0}}},
    {SYS_clock_getres, ALLOW, 0, {{0}}},
    {SYS_gettimeofday, ALLOW, 0, {{0}}},
    /* Refused, but not deadly: libraries ask, and live with a no. */
    {SYS_openat, REFUSE(EACCES), 0, {{0}}},
    {SYS_newfstatat, REFUSE(EACCES), 0, {{0}}},
    {SYS_fstat, REFUSE(EACCES), 0, {{0}}},
    {SYS_readlinkat, REFUSE(EACCES), 0, {{0}}},
    {SYS_faccessat, REFUSE(EACCES), 0, {{0}}},
    {SYS_read, REFUSE(EBADF), 0, {{0}}},
    {SYS_lseek, REFUSE(ESPIPE), 0, {{0}}},
    {SYS_ioctl, REFUSE(ENOTTY), 0, {{0}}},
    {SYS_fcntl, REFUSE(EPERM), 0, {{0}}},
    {SYS_uname, REFUSE(EPERM), 0, {{0}}},
    {SYS_sysinfo, REFUSE(EPERM), 0, {{0}}},
};

#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
#define NAMESPACES                                                                                 \
    (CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |     \
     CLONE_NEWCGROUP)
#define NO(name)                                                                                   \
    {                                                                                              \
        SYS_##name, REFUSE(EPERM), 0,                                                              \
        {                                                                                          \
            {                                                                                      \
                0                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

static const struct rule development_rules[] = {
    {SYS_execveat, ALLOW, REFUSE(EPERM), START_CONDITIONS},
    {SYS_openat, ALLOW, REFUSE(EACCES), {{NO_BITS, 2, WRITING, 0}}},
    {SYS_openat2, REFUSE(ENOSYS), 0, {{0}}},
    {SYS_clone, ALLOW, REFUSE(EPERM), {{NO_BITS, 0, NAMESPACES, 0}}},
    {SYS_clone3, REFUSE(ENOSYS), 0, {{0}}},
#if defined(__x86_64__)
    {SYS_open, ALLOW, REFUSE(EACCES), {{NO_BITS, 1, WRITING, 0}}},
    NO(creat),
    NO(unlink),
    NO(rmdir),
    NO(mkdir),
    NO(rename),
    NO(link),
    NO(symlink),
    NO(mknod),
    NO(chmod),
    NO(chown),
    NO(lchown),
    NO(utime),
    NO(utimes),
    NO(futimesat),
#endif
    NO(execve),
    NO(socket),
    NO(socketpair),
    NO(connect),
    NO(bind),
    NO(listen),
    NO(accept),
    NO(accept4),
    NO(sendto),
    NO(sendmsg),
    NO(sendmmsg),
    NO(ptrace),
    NO(process_vm_readv),
    NO(process_vm_writev),
    NO(kill),
    NO(rt_sigqueueinfo),
    NO(pidfd_open),
    NO(pidfd_getfd),
    NO(pidfd_send_signal),
    NO(unlinkat),
    NO(mkdirat),
    NO(renameat2),
    NO(renameat),
    NO(linkat),
    NO(symlinkat),
    NO(mknodat),
    NO(fchmodat),
    NO(fchmod),
    NO(fchownat),
    NO(fchown),
    NO(utimensat),
    NO(truncate),
    NO(setxattr),
    NO(lsetxattr),
    NO(fsetxattr),
    NO(mount),
    NO(umount2),
    NO(pivot_root),
    NO(chroot),
    NO(unshare),
    NO(setns),
    NO(fsopen),
    NO(fsmount),
    NO(open_tree),
    NO(move_mount),
    NO(keyctl),
    NO(add_key),
    NO(request_key),
    NO(bpf),
    NO(perf_event_open),
    NO(io_uring_setup),
    NO(io_uring_enter),
    NO(io_uring_register),
    NO(userfaultfd),
    NO(open_by_handle_at),
    NO(name_to_handle_at),
    NO(mq_open),
    NO(msgget),
    NO(semget),
    NO(shmget),
    NO(setpriority),
    NO(sched_setscheduler),
    NO(sched_setattr),
    NO(personality),
};

struct builder {
    struct sandbox_filter *filter;
    uint32_t otherwise;
    int failed;
};

static void emit(struct builder *builder, uint16_t code, uint8_t yes, uint8_t no, uint32_t k)
{
    if (builder->filter->length == SANDBOX_FILTER_MAX) {
        builder->failed = 1;
        return;
    }
    builder->filter->code[builder->filter->length++] =
        (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void emit_load_argument(struct builder *builder, unsigned int argument, unsigned int half)
{
    emit(builder, BPF_LD | BPF_W | BPF_ABS, 0, 0,
         (uint32_t)(offsetof(struct seccomp_data, args) + 8 * argument + 4 * half));
}

/* Leaves for `unless`, one instruction behind each jump, or falls through when it holds. */
static void emit_condition(struct builder *builder, const struct condition *when, uint32_t unless)
{
    emit_load_argument(builder, when->argument, 0);
    switch (when->kind) {
    case EQUAL:
        emit(builder, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, when->value);
        break;
    case NO_BITS:
        emit(builder, BPF_JMP | BPF_JSET | BPF_K, 0, 1, when->value);
        break;
    case NOT_ALL:
        emit(builder, BPF_ALU | BPF_AND | BPF_K, 0, 0, when->value);
        emit(builder, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, when->value);
        break;
    case ONE_OF:
        if (when->mask != 0) {
            emit(builder, BPF_ALU | BPF_AND | BPF_K, 0, 0, when->mask);
        }
        emit(builder, BPF_JMP | BPF_JGT | BPF_K, 4, 0, 31);
        emit(builder, BPF_MISC | BPF_TAX, 0, 0, 0);
        emit(builder, BPF_LD | BPF_IMM, 0, 0, 1);
        emit(builder, BPF_ALU | BPF_LSH | BPF_X, 0, 0, 0);
        emit(builder, BPF_JMP | BPF_JSET | BPF_K, 1, 0, when->value);
        break;
    case IS_NULL:
        emit(builder, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0);
        emit_load_argument(builder, when->argument, 1);
        emit(builder, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0);
        break;
    default:
        builder->failed = 1;
    }
    emit(builder, BPF_RET | BPF_K, 0, 0, unless);
}

static void emit_rule(struct builder *builder, const struct rule *rule)
{
    uint32_t unless = rule->unless != 0 ? rule->unless : builder->otherwise;

    for (size_t i = 0; i < sizeof(rule->when) / sizeof(rule->when[0]); i++) {
        if (rule->when[i].kind != ALWAYS) {
            emit_condition(builder, &rule->when[i], unless);
        }
    }
    emit(builder, BPF_RET | BPF_K, 0, 0, rule->then);
}

/* Conditional jumps reach 255 instructions: a subtree may be no longer, which emit checks for the
 * whole. The call's number is in the accumulator all the way down. */
static void emit_tree(struct builder *builder, const struct rule *rules, size_t count,
                      uint32_t fallback)
{
    if (count == 1) {
        int simple = rules->when[0].kind == ALWAYS;

        emit(builder, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, rules->nr);
        emit(builder, BPF_RET | BPF_K, 0, 0, fallback);
        if (simple) {
            emit(builder, BPF_RET | BPF_K, 0, 0, rules->then);
        } else {
            emit_rule(builder, rules);
        }
        return;
    }
    unsigned short at = builder->filter->length;

    emit(builder, BPF_JMP | BPF_JGE | BPF_K, 0, 0, rules[count / 2].nr);
    emit_tree(builder, rules, count / 2, fallback);
    if (!builder->failed) {
        unsigned int distance = builder->filter->length - at - 1u;

        builder->failed = distance > 255;
        builder->filter->code[at].jt = (uint8_t)distance;
    }
    emit_tree(builder, rules + count / 2, count - count / 2, fallback);
}

static int by_number(const void *a, const void *b)
{
    const struct rule *first = a;
    const struct rule *second = b;

    return first->nr < second->nr ? -1 : first->nr > second->nr;
}

/* Calls that a wrapper may make, other than the development form itself. */
static const uint32_t wrapper_calls[] = {
    SYS_openat, SYS_execve, SYS_execveat, SYS_unlinkat, SYS_fchmod, SYS_kill, SYS_personality,
#if defined(__x86_64__)
    SYS_open,   SYS_unlink,
#endif
};

static bool for_wrapper(uint32_t nr)
{
    for (size_t i = 0; i < sizeof(wrapper_calls) / sizeof(wrapper_calls[0]); i++) {
        if (wrapper_calls[i] == nr) {
            return true;
        }
    }
    return false;
}

int sandbox_filter_build(struct sandbox_filter *filter, enum sandbox_form form, uint32_t otherwise)
{
    static struct rule sorted[sizeof(development_rules) / sizeof(development_rules[0]) +
                              sizeof(normal_rules) / sizeof(normal_rules[0])];
    const struct rule *rules = form == SANDBOX_NORMAL ? normal_rules : development_rules;
    size_t available = form == SANDBOX_NORMAL
                           ? sizeof(normal_rules) / sizeof(normal_rules[0])
                           : sizeof(development_rules) / sizeof(development_rules[0]);
    struct builder builder = {.filter = filter, .otherwise = otherwise};
    size_t count = 0;

    for (size_t i = 0; i < available; i++) {
        if (form != SANDBOX_WRAPPED || !for_wrapper(rules[i].nr)) {
            sorted[count++] = rules[i];
        }
    }
    qsort(sorted, count, sizeof(sorted[0]), by_number);
    filter->length = 0;
    /* Calls in another instruction set's numbering never get further. */
    emit(&builder, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
    emit(&builder, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH_HERE);
    emit(&builder, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
    emit(&builder, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    /* The x32 numbering. (A refusal for -1, too.) */
    emit(&builder, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000);
    emit(&builder, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
    emit_tree(&builder, sorted, count, form == SANDBOX_NORMAL ? otherwise : ALLOW);
    return builder.failed ? -1 : 0;
}

int sandbox_filter_apply(const struct sandbox_filter *filter, bool notify)
{
    struct sock_fprog program = {
        .len = filter->length,
        .filter = (struct sock_filter *)(uintptr_t)filter->code,
    };

    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, &program);
}
