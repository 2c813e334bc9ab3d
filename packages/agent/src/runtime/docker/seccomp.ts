/**
 * What a sandbox may ask of the kernel: the calls of its program, and what runc and Go's runtime need between
 * installing the filter and executing it (that set differs with runc's version, so it holds some to spare). Everything
 * else is refused with EPERM. It also starts sooner than the engine's default profile, which has hundreds of rules.
 */
const SANDBOX_CALLS = [
  // The program.
  'rt_sigaction rt_sigprocmask rt_sigtimedwait exit_group restart_syscall',
  // runc's last steps.
  'execve execveat capget capset prctl seccomp setuid setgid setgroups setresuid setresgid setsid umask chdir fchdir getcwd',
  'open openat openat2 read write close close_range fstat newfstatat statx fstatfs lseek fcntl readlinkat faccessat faccessat2',
  'getdents64 getuid geteuid getgid getegid getppid getpid gettid uname ioctl dup dup3 pipe2 keyctl setrlimit prlimit64',
  // Go's runtime.
  'mmap munmap mprotect madvise brk futex sched_yield sched_getaffinity nanosleep clock_gettime clock_nanosleep clone clone3',
  'exit rt_sigreturn sigaltstack tgkill tkill timer_create timer_settime timer_delete set_robust_list',
  'set_tid_address rseq getrandom epoll_create1 epoll_ctl epoll_pwait eventfd2 arch_prctl setitimer mincore',
]

export function sandboxSeccompProfile(): string {
  const names = SANDBOX_CALLS.flatMap((line) => line.split(' '))
  return JSON.stringify({
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: [] },
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: [] },
    ],
    syscalls: [{ names, action: 'SCMP_ACT_ALLOW' }],
  })
}
