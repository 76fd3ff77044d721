/* How an app's process ended, in words that its author can act on. */
#include "launcher.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NAME(call) {SYS_##call, #call}

/* Calls that programs are likely to make and apps may not. Others are reported by number. */
static const struct {
    int number;
    const char *name;
} calls[] = {
    NAME(socket),
    NAME(connect),
    NAME(bind),
    NAME(sendto),
    NAME(sendmsg),
    NAME(socketpair),
    NAME(recvfrom),
    NAME(recvmsg),
    NAME(clone),
    NAME(clone3),
    NAME(execve),
    NAME(execveat),
    NAME(ptrace),
    NAME(kill),
    NAME(tkill),
    NAME(mmap),
    NAME(mprotect),
    NAME(nanosleep),
    NAME(clock_nanosleep),
    NAME(setitimer),
    NAME(timer_create),
    NAME(dup),
    NAME(dup3),
    NAME(pipe2),
    NAME(unlinkat),
    NAME(mkdirat),
    NAME(renameat),
    NAME(getdents64),
    NAME(getcwd),
    NAME(chdir),
    NAME(chroot),
    NAME(mount),
    NAME(umount2),
    NAME(unshare),
    NAME(setns),
    NAME(setuid),
    NAME(setgid),
    NAME(prctl),
    NAME(seccomp),
    NAME(bpf),
    NAME(perf_event_open),
    NAME(memfd_create),
    NAME(ftruncate),
    NAME(fallocate),
    NAME(shmget),
    NAME(mlock),
    NAME(futex),
    NAME(sched_setaffinity),
    NAME(process_vm_readv),
    NAME(process_vm_writev),
    NAME(pidfd_open),
    NAME(pidfd_getfd),
    NAME(io_uring_setup),
    NAME(userfaultfd),
    NAME(personality),
    NAME(wait4),
    NAME(waitid),
    NAME(pread64),
    NAME(pwrite64),
    NAME(ppoll),
    NAME(epoll_create1),
    NAME(eventfd2),
    NAME(signalfd4),
    NAME(inotify_init1),
    NAME(openat2),
    NAME(statx),
    NAME(keyctl),
    NAME(add_key),
    NAME(setrlimit),
    NAME(getppid),
    NAME(getpgid),
    NAME(setsid),
#if defined(__x86_64__)
    NAME(fork),
    NAME(vfork),
    NAME(pipe),
    NAME(dup2),
    NAME(poll),
    NAME(select),
    NAME(unlink),
    NAME(mkdir),
    NAME(rename),
    NAME(chmod),
    NAME(chown),
    NAME(creat),
    NAME(alarm),
    NAME(pause),
    NAME(iopl),
    NAME(ioperm),
#endif
};

static const char *call_name(int number)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (calls[i].number == number) {
            return calls[i].name;
        }
    }
    return NULL;
}

void launcher_describe_end(int code, int status, int call, char *out, size_t size)
{
    const char *name = sigabbrev_np(status);

    if (code == CLD_EXITED) {
        snprintf(out, size, "exited by itself with status %d", status);
    } else if (call >= 0) {
        name = call_name(call);
        snprintf(out, size, "killed by SIGSYS: system call %d%s%s%s", call, name ? " (" : "",
                 name ? name : "", name ? ")" : "");
    } else if (status == SIGSYS) {
        snprintf(out, size, "killed by SIGSYS: a system call that apps may not make");
    } else if (status == SIGKILL) {
        snprintf(out, size, "killed by SIGKILL");
    } else {
        snprintf(out, size, "killed by SIG%s", name ? name : "?");
    }
}
