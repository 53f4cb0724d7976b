/* Loaded with LD_PRELOAD: before main runs, installs a seccomp filter against executable memory.
 *
 * The dynamic loader has mapped the text of every library by the time constructors run, so from here on a process has
 * no need for mmap, mprotect or pkey_mprotect with PROT_EXEC. ORUS_SECCOMP chooses what such a call gets:
 *   kill    the process ends with SIGSYS: shows that it does not even try
 *   refuse  EPERM, as on a hardened system: shows that it copes
 * Anything else, or a kernel without seccomp, ends the process with status 99, so that a test cannot pass unfiltered.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* The protection is the third argument of all three calls. Its low half comes first on little-endian machines. */
static int install(unsigned verdict) {
  struct sock_filter filter[] = {
      LOAD(nr),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pkey_mprotect, 1, 0),
      ALLOW,
      LOAD(args[2]),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
      ALLOW,
      BPF_STMT(BPF_RET | BPF_K, verdict),
  };
  struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return -1;
  }
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

__attribute__((constructor)) static void refuse_executable_memory(void) {
  const char* mode = getenv("ORUS_SECCOMP");
  unsigned verdict;
  if (mode && strcmp(mode, "kill") == 0) {
    verdict = SECCOMP_RET_KILL_PROCESS;
  } else if (mode && strcmp(mode, "refuse") == 0) {
    verdict = SECCOMP_RET_ERRNO | EPERM;
  } else {
    _exit(99);
  }
  if (install(verdict) != 0) {
    _exit(99);
  }
}
