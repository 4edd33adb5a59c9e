/* SPDX-License-Identifier: MIT
 *
 * Each test confines a process of its own, and asks there.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs it in a confined process; its result, which is 0 to 99. */
static int confined(int (*ask)(void))
{
	struct error error = {""};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int rc = confine_process(&error);

		if (confine_refuses_calls() && rc != 0) {
			fprintf(stderr, "%s\n", error.text);
			_exit(77); /* where the tests run, nobody may */
		}
		_exit(confine_refuses_calls() == (rc == 0) ? ask() : 99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	return WEXITSTATUS(status);
}

static int privileges(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static void new_privileges_are_given_up(void **state)
{
	(void)state;
	assert_int_equal(confined(privileges), 1);
}

/* How many of the calls are not refused. */
static int open_doors(void)
{
	const struct {
		const char *name;
		long rc;
		int expected;
	} rows[] = {
#define CALL(expected, ...)                                                                        \
	{#__VA_ARGS__, (errno = 0, syscall(__VA_ARGS__)) < 0 ? errno : 0, expected}
		CALL(EPERM, SYS_ptrace, PTRACE_TRACEME, 0, 0, 0),
		CALL(EPERM, SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0),
		CALL(EPERM, SYS_process_vm_writev, getppid(), NULL, 0, NULL, 0, 0),
		CALL(EPERM, SYS_perf_event_open, NULL, 0, 0, 0, 0),
		CALL(EPERM, SYS_mount, NULL, NULL, NULL, 0, NULL),
		CALL(EPERM, SYS_umount2, NULL, 0),
		CALL(EPERM, SYS_chroot, "/"),
		CALL(EPERM, SYS_unshare, 0),
		CALL(EPERM, SYS_setns, -1, 0),
		CALL(EPERM, SYS_bpf, 0, NULL, 0),
		CALL(EPERM, SYS_kexec_load, 0, 0, NULL, 0),
		CALL(EPERM, SYS_finit_module, -1, NULL, 0),
		CALL(EPERM, SYS_clock_settime, 0, NULL),
		CALL(EPERM, SYS_userfaultfd, 0),
		CALL(EPERM, SYS_io_uring_setup, 0, NULL),
		CALL(EPERM, SYS_add_key, NULL, NULL, NULL, 0, 0),
		CALL(EPERM, SYS_keyctl, 0, 0, 0, 0, 0),
		CALL(EPERM, SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
		CALL(EPERM, SYS_clone, CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0),
		CALL(EAFNOSUPPORT, SYS_socket, AF_PACKET, SOCK_RAW, 0),
		CALL(EAFNOSUPPORT, SYS_socket, AF_ALG, SOCK_SEQPACKET, 0),
		CALL(EAFNOSUPPORT, SYS_socket, AF_VSOCK, SOCK_STREAM, 0),
		CALL(EAFNOSUPPORT, SYS_socket, AF_AX25, SOCK_DGRAM, 0),
	};
	int open = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].rc != rows[i].expected) {
			fprintf(stderr, "%s: %s\n", rows[i].name, strerror((int)rows[i].rc));
			open++;
		}
	return open;
}

static void what_nothing_needs_is_refused(void **state)
{
	(void)state;
	if (!confine_refuses_calls())
		skip();
	assert_int_equal(confined(open_doors), 0);
}

static void *on_thread(void *unused)
{
	return unused;
}

static int run_true(void)
{
	char name[] = "true", *arguments[] = {name, NULL}, *environment[] = {NULL};
	int status;
	pid_t pid;

	return posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environment) == 0 &&
	       waitpid(pid, &status, 0) == pid && status == 0;
}

/* How many of the things that the program does fail. */
static int missing(void)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	int failed = 0, ends[2];
	pthread_t thread;

	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		int fd = socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);

		failed += fd < 0 && errno != EAFNOSUPPORT; /* a machine without IPv6 */
	}
	failed += socket(AF_UNIX, SOCK_STREAM, 0) < 0;
	failed += pthread_create(&thread, NULL, on_thread, NULL) != 0 ||
		  pthread_join(thread, NULL) != 0;
	failed += !run_true();
	failed += pipe2(ends, O_CLOEXEC) != 0;
	failed += open("/dev/null", O_RDWR) < 0;
	failed += mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
	return failed;
}

static void what_the_program_does_goes_on(void **state)
{
	(void)state;
	assert_int_equal(confined(missing), 0);
}

static void *refused_here(void *unused)
{
	errno = 0;
	return syscall(SYS_unshare, 0) < 0 && errno == EPERM ? unused : NULL;
}

static pthread_t earlier;
static int pipe_to_earlier[2];

static void *begun_before(void *unused)
{
	char byte;

	return read(pipe_to_earlier[0], &byte, 1) == 1 ? refused_here(unused) : NULL;
}

static void threads_that_ran_before_are_confined_too(void **state)
{
	struct error error = {""};
	int status;
	pid_t pid;

	(void)state;
	if (!confine_refuses_calls())
		skip();
	pid = fork();
	if (pid == 0) {
		void *result = NULL;

		if (pipe2(pipe_to_earlier, O_CLOEXEC) != 0 ||
			pthread_create(&earlier, NULL, begun_before, pipe_to_earlier) != 0)
			_exit(1);
		if (confine_process(&error) != 0)
			_exit(77);
		_exit(write(pipe_to_earlier[1], "x", 1) == 1 &&
					pthread_join(earlier, &result) == 0 && result != NULL
				? 0
				: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static int note(mode_t mode, struct error *error)
{
	char path[] = "/tmp/meetauth-confine-XXXXXX";
	int fd = mkstemp(path), rc;
	struct stat file;

	if (fd < 0 || fchmod(fd, mode) != 0 || fstat(fd, &file) != 0)
		return 50;
	rc = confine_note_program(path, &file, error);
	close(fd);
	unlink(path);
	return rc;
}

static int note_afterwards(void)
{
	struct error error = {""};

	if (note(0755, &error) != 0 || error.text[0] != '\0')
		return 1;
	if (note(02755, &error) != -1 || strstr(error.text, "restart it") == NULL)
		return 2;
	return confine_exempts()[0] == '\0' ? 0 : 3;
}

static void a_program_with_privileges_comes_too_late(void **state)
{
	(void)state;
	assert_int_equal(confined(note_afterwards), 0);
}

static void a_program_with_privileges_is_noted_before(void **state)
{
	struct error error = {""};

	(void)state;
	assert_int_equal(note(0755, &error), 0);
	assert_string_equal(confine_exempts(), "");
	assert_int_equal(note(02755, &error), 0);
	assert_non_null(strstr(confine_exempts(), "/tmp/meetauth-confine-"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_privileges_are_given_up),
		cmocka_unit_test(what_nothing_needs_is_refused),
		cmocka_unit_test(what_the_program_does_goes_on),
		cmocka_unit_test(threads_that_ran_before_are_confined_too),
		cmocka_unit_test(a_program_with_privileges_comes_too_late),
		cmocka_unit_test(a_program_with_privileges_is_noted_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
