/* SPDX-License-Identifier: MIT */
#include "auth/helper.h"

#include "base/clock.h"
#include "base/confine.h"
#include "base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	GRACE_MS = 1000, /* for a program to exit after its answer */
	DEATH_MS = 1000, /* for a killed program; it takes longer only if the kernel blocks it */
	LEFT_MAX = 64,	 /* limit of such programs, which are reaped later */
};

/* ---- checking the program ---- */

static int check_file(const char *path, const struct stat *file, struct error *error)
{
	if (!S_ISREG(file->st_mode))
		return error_set(error, "%s is not a regular file", path);
	if (file->st_mode & 0022)
		return error_set(error, "%s: mode %04o allows others to change it; run chmod go-w",
			path, (unsigned)(file->st_mode & 07777));
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
		return error_set(error, "%s cannot be executed: %s", path, strerror(errno));
	return 0;
}

int helper_check(const char *program, struct error *error)
{
	struct stat file;

	if (program[0] != '/')
		return error_set(error, "must be an absolute path");
	if (stat(program, &file) != 0)
		return error_set(error, "%s: %s", program, strerror(errno));
	if (check_file(program, &file, error) != 0 || owner_check(program, geteuid(), error) != 0)
		return -1;
	if (confine_note_program(program, &file, error) == 0)
		return 0;
	error_prefix(error, "%s ", program);
	return -1;
}

/* ---- starting ---- */

/* `in` is less than `out`, since it was opened first, so no step overwrites a descriptor that a
 * later one needs. */
static int describe_files(posix_spawn_file_actions_t *files, int in, int out)
{
	int rc = posix_spawn_file_actions_adddup2(files, in, STDIN_FILENO);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(files, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(
			files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_addchdir_np(files, "/");
	return rc;
}

/* Resets signals: our threads block them, and children inherit ignored signals. A session of its
 * own detaches the program from the terminal, which may be root's when meetauthctl runs. */
static int describe_process(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_setsigmask(attributes, &none);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attributes, &all);
	if (rc == 0)
		rc = posix_spawnattr_setflags(attributes,
			POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return rc;
}

static int start(const struct helper *helper, int in, int out, pid_t *pid_r, struct error *error)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C.UTF-8";
	static char *const environment[] = {path, locale, NULL};
	char *arguments[HELPER_ARGUMENTS_MAX + 2] = {(char *)helper->program};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int rc;

	for (size_t i = 0; i < helper->arguments.count; i++)
		arguments[i + 1] = (char *)helper->arguments.items[i];
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	rc = describe_files(&files, in, out);
	if (rc == 0)
		rc = describe_process(&attributes);
	if (rc == 0)
		rc = posix_spawn(
			pid_r, helper->program, &files, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	if (rc != 0)
		return error_set(error, "%s does not start: %s", helper->program, strerror(rc));
	return 0;
}

/* Returns the read end of a pipe that contains the whole question, and whose write end is closed:
 * so we never block on a program that does not read, and get no SIGPIPE. */
static int fill_pipe(const struct buffer *question)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	if (question->failed || question->length > HELPER_QUESTION_MAX ||
		write(ends[1], question->data, question->length) != (ssize_t)question->length) {
		close(ends[0]);
		ends[0] = -1;
	}
	close(ends[1]);
	return ends[0];
}

/* Starts the program. Returns the descriptor to read its answer from, or -1. */
static int launch(const struct helper *helper, const struct buffer *question, pid_t *pid_r,
	struct error *error)
{
	int in = fill_pipe(question), ends[2], rc;

	if (in < 0 || pipe2(ends, O_CLOEXEC) != 0) {
		error_set(
			error, "%s does not start: no pipe: %s", helper->program, strerror(errno));
		if (in >= 0)
			close(in);
		return -1;
	}
	rc = start(helper, in, ends[1], pid_r, error);
	close(in);
	close(ends[1]);
	if (rc == 0)
		return ends[0];
	close(ends[0]);
	return -1;
}

/* ---- reading the answer ---- */

enum outcome { BROKEN = 0, SILENT, TOO_LATE, TOO_MUCH, ANSWERED };

static bool has_end(const struct buffer *answer, size_t from)
{
	static const char end[] = "\nend\n";
	size_t before = sizeof end - 2;

	from = from > before ? from - before : 0;
	return memmem(answer->data + from, answer->length - from, end, sizeof end - 1) != NULL;
}

/* Waits for input. Returns 1, 0 at the deadline, or -1. */
static int wait_for(int fd, int64_t deadline)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left = deadline - clock_monotonic_ms();
		int ready = 0;

		if (left > 0)
			ready = poll(&readable, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (ready >= 0 || errno != EINTR)
			return ready;
	}
}

static enum outcome collect(int fd, int64_t deadline, struct buffer *answer)
{
	for (;;) {
		int ready = wait_for(fd, deadline);
		size_t before = answer->length;
		char chunk[4096];
		ssize_t got;

		if (ready == 0)
			return TOO_LATE;
		got = ready < 0 ? -1 : read(fd, chunk, sizeof chunk);
		if (got <= 0)
			return got == 0 ? SILENT : BROKEN;
		buffer_append(answer, chunk, (size_t)got);
		if (answer->failed)
			return TOO_MUCH;
		if (has_end(answer, before))
			return ANSWERED;
	}
}

/* ---- ending ---- */

/* Children that were still running DEATH_MS after they were killed. */
static struct {
	pthread_mutex_t lock;
	pid_t pids[LEFT_MAX];
	size_t count;
} left = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Remembers a killed child that the kernel still blocks, since no thread may wait that long. If the
 * list is full, the child remains a zombie. */
static void leave_for_later(pid_t pid)
{
	pthread_mutex_lock(&left.lock);
	if (left.count < LEFT_MAX)
		left.pids[left.count++] = pid;
	pthread_mutex_unlock(&left.lock);
}

/* Reaps those that have ended since. */
static void collect_left(void)
{
	size_t kept = 0;

	pthread_mutex_lock(&left.lock);
	for (size_t i = 0; i < left.count; i++)
		if (waitpid(left.pids[i], NULL, WNOHANG) == 0)
			left.pids[kept++] = left.pids[i];
	left.count = kept;
	pthread_mutex_unlock(&left.lock);
}

/* Kills the group before waiting for its leader, since until then the process id cannot be reused.
 * Returns the status of waitpid(), or -1 if the leader has not ended. */
static int end_group(pid_t pid, int grace_ms)
{
	int fd = pidfd_open(pid, 0), status = -1;
	struct pollfd ended = {.fd = fd, .events = POLLIN};

	if (fd >= 0 && grace_ms > 0)
		poll(&ended, 1, grace_ms);
	kill(-pid, SIGKILL);
	if (fd >= 0)
		poll(&ended, 1, DEATH_MS);
	if (waitpid(pid, &status, fd >= 0 ? WNOHANG : 0) != pid) {
		leave_for_later(pid);
		status = -1;
	}
	if (fd >= 0)
		close(fd);
	return status;
}

static int tell(const struct helper *helper, enum outcome outcome, int status, struct error *error)
{
	const char *program = helper->program;

	switch (outcome) {
	case ANSWERED:
		return 0;
	case TOO_LATE:
		return error_set(error, "%s did not answer within %lld ms and was killed", program,
			(long long)helper->timeout_ms);
	case TOO_MUCH:
		return error_set(error, "%s answered more than %d bytes and was killed", program,
			HELPER_ANSWER_MAX);
	case SILENT:
		if (status != -1 && WIFEXITED(status))
			return error_set(error,
				"%s exited with status %d without a complete answer", program,
				WEXITSTATUS(status));
		if (status != -1 && WIFSIGNALED(status))
			return error_set(error,
				"%s was terminated by signal %d without a complete answer", program,
				WTERMSIG(status));
		break;
	case BROKEN:
		break;
	}
	return error_set(error, "%s exited without a complete answer", program);
}

int helper_run(const struct helper *helper, const struct buffer *question, struct buffer *answer,
	struct error *error)
{
	int64_t deadline = clock_monotonic_ms() + helper->timeout_ms;
	enum outcome outcome;
	int fd, status;
	pid_t pid;

	collect_left();
	fd = launch(helper, question, &pid, error);
	if (fd < 0)
		return -1;
	outcome = collect(fd, deadline, answer);
	status = end_group(pid, outcome == ANSWERED || outcome == SILENT ? GRACE_MS : 0);
	close(fd);
	return tell(helper, outcome, status, error);
}
