/* SPDX-License-Identifier: MIT */
#include "base/confine.h"

#include "base/banned.h"
#include "base/wipe.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/xattr.h>

#ifdef HAVE_SECCOMP
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/socket.h>
#endif

static struct {
	pthread_mutex_t lock;
	char path[PATH_MAX];
} exempt = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool has_privileges(const char *path, const struct stat *file)
{
	return (file->st_mode & (S_ISUID | S_ISGID)) != 0 ||
	       getxattr(path, "security.capability", NULL, 0) > 0;
}

int confine_note_program(const char *path, const struct stat *file, struct error *error)
{
	if (!has_privileges(path, file))
		return 0;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return error_set(error,
			"has privileges of its own (set-user-id, set-group-id or capabilities), "
			"which "
			"this process has given up: restart it, or remove the privileges");
	pthread_mutex_lock(&exempt.lock);
	if (exempt.path[0] == '\0')
		snprintf(exempt.path, sizeof exempt.path, "%s", path);
	pthread_mutex_unlock(&exempt.lock);
	return 0;
}

const char *confine_exempts(void)
{
	return exempt.path;
}

#if defined HAVE_SECCOMP && !defined UNDER_SANITIZER
#define REFUSES_CALLS 1
#else
#define REFUSES_CALLS 0
#endif

bool confine_refuses_calls(void)
{
	return REFUSES_CALLS;
}

#if !defined HAVE_SECCOMP

static int refuse_calls(struct error *error)
{
	return error_set(error, "this build has no libseccomp: system calls are not restricted");
}

#elif defined UNDER_SANITIZER

static int refuse_calls(struct error *error)
{
	return error_set(
		error, "a build with sanitizers needs ptrace(): system calls are not restricted");
}

#else

static const char *const refused[] = {
	/* other processes */
	"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "perf_event_open",
	/* file systems */
	"mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
	"fsconfig", "fsmount", "fspick", "mount_setattr", "quotactl", "quotactl_fd", "swapon",
	"swapoff", "open_by_handle_at", "name_to_handle_at",
	/* namespaces; clone() is below */
	"unshare", "setns",
	/* the kernel and the machine */
	"bpf", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
	"reboot", "acct", "syslog", "iopl", "ioperm", "settimeofday", "clock_settime",
	"clock_adjtime", "sethostname", "setdomainname", "vhangup", "userfaultfd", "io_uring_setup",
	/* keys in the kernel */
	"add_key", "request_key", "keyctl"};

/* Families of sockets that are left: local, IPv4, IPv6 and netlink, by which libraries ask for the
 * machine's addresses. */
static int refuse_sockets(scmp_filter_ctx filter)
{
	const uint32_t no = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	int rc =
		seccomp_rule_add(filter, no, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK));

	for (int family = 0; family < AF_NETLINK && rc == 0; family++)
		if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
			rc = seccomp_rule_add(filter, no, SCMP_SYS(socket), 1,
				SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
	return rc;
}

/* A filter cannot look into the arguments of clone3(): without it, libraries call clone(). */
static int refuse_namespaces(scmp_filter_ctx filter)
{
	static const unsigned flags[] = {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
		CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP};
	int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	for (size_t i = 0; i < sizeof flags / sizeof *flags && rc == 0; i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
	return rc;
}

static int fill(scmp_filter_ctx filter)
{
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	for (size_t i = 0; i < sizeof refused / sizeof *refused && rc == 0; i++) {
		int number = seccomp_syscall_resolve_name(refused[i]);

		if (number >= 0) /* else this machine has none of that name */
			rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
	if (rc == 0)
		rc = refuse_sockets(filter);
	return rc == 0 ? refuse_namespaces(filter) : rc;
}

static int refuse_calls(struct error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc = filter != NULL ? fill(filter) : -ENOMEM;

	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc == 0)
		return 0;
	return error_set(error, "the kernel takes no filter of system calls: %s", strerror(-rc));
}

#endif

int confine_process(struct error *error)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_set(error, "cannot give up new privileges: %s", strerror(errno));
	return refuse_calls(error);
}
