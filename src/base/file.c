/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include "base/clock.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_stamp file_stamp(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (struct file_stamp){0};
	return (struct file_stamp){
		.inode = st.st_ino,
		.size = st.st_size,
		.modified_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
		.changed_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec,
	};
}

bool file_stamp_equal(struct file_stamp a, struct file_stamp b)
{
	return a.inode == b.inode && a.size == b.size && a.modified_ns == b.modified_ns &&
	       a.changed_ns == b.changed_ns;
}

static int folder_of(const char *path, char folder[PATH_MAX], struct error *error)
{
	if (snprintf(folder, PATH_MAX, "%s", path) >= PATH_MAX - 8)
		return error_set(error, "%.64s...: the path is too long", path);
	const char *parent = dirname(folder); /* may point into folder or at a constant */

	memmove(folder, parent, strlen(parent) + 1);
	return 0;
}

static int check_secrecy(
	const char *path, const struct stat *st, enum file_secrecy secrecy, struct error *error)
{
	mode_t refused = secrecy == FILE_SECRET ? 0077 : 0037;

	if (!S_ISREG(st->st_mode))
		return error_set(error, "%s: is not a regular file", path);
	if (secrecy == FILE_PUBLIC)
		return 0;
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(error,
			"%s: belongs to user id %u and is read by user id %u; chown it to %u", path,
			(unsigned)st->st_uid, (unsigned)geteuid(), (unsigned)geteuid());
	if (st->st_mode & refused)
		return error_set(error, "%s: mode %04o gives others access; chmod %s it", path,
			(unsigned)(st->st_mode & 07777), secrecy == FILE_SECRET ? "0400" : "0640");
	return 0;
}

static int read_all(int fd, const char *path, struct buffer *contents, struct error *error)
{
	char chunk[4096];
	ssize_t got;
	int rc = 0;

	while ((got = read(fd, chunk, sizeof chunk)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			rc = error_set(error, "%s: cannot read: %s", path, strerror(errno));
			break;
		}
		buffer_append(contents, chunk, (size_t)got);
		if (contents->failed) {
			rc = error_set(
				error, "%s: is larger than %zu bytes", path, contents->maximum);
			break;
		}
	}
	explicit_bzero(chunk, sizeof chunk);
	return rc;
}

int file_read(
	const char *path, enum file_secrecy secrecy, struct buffer *contents, struct error *error)
{
	struct stat st;
	int rc = -1;
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (secrecy == FILE_PUBLIC ? 0 : O_NOFOLLOW);
	int fd = open(path, flags);

	if (fd < 0 && errno == EACCES)
		return error_set(error, "%s: cannot open: user id %u has no permission", path,
			(unsigned)geteuid());
	if (fd < 0)
		return error_set(error, "%s: cannot open: %s", path,
			errno == ELOOP ? "it is a symbolic link" : strerror(errno));
	if (fstat(fd, &st) != 0)
		error_set(error, "%s: cannot stat: %s", path, strerror(errno));
	else if (check_secrecy(path, &st, secrecy, error) == 0)
		rc = read_all(fd, path, contents, error);
	close(fd);
	return rc;
}

int file_read_text(
	const char *path, enum file_secrecy secrecy, struct buffer *text, struct error *error)
{
	if (file_read(path, secrecy, text, error) != 0)
		return -1;
	if (text->length > 0)
		text->length = text_strip(text->data, text->length);
	return 0;
}

enum { LOCK_PATIENCE_MS = 30000, LOCK_POLL_US = 10000 };

/* Refuses a lock file that somebody else could hold or have linked here. */
static int check_lock(int fd, const char *lock, struct error *error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return error_set(error, "%s: cannot stat: %s", lock, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return error_set(error, "%s: is not a regular file with one name; remove it", lock);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_set(
			error, "%s: belongs to user id %u; remove it", lock, (unsigned)st.st_uid);
	return 0;
}

/* Who waits for flock() itself cannot stop waiting without a signal. */
static int take_lock(int fd, const char *lock, int64_t patience_ms, struct error *error)
{
	const int64_t end_ms = clock_monotonic_ms() + patience_ms;

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(error, "%s: cannot lock: %s", lock, strerror(errno));
		if (clock_monotonic_ms() >= end_ms)
			return error_set(error,
				"%s: another program has held this lock for %d s; \"lslocks\" "
				"tells "
				"which: let it go on if it was stopped, or end it",
				lock, (int)(patience_ms / 1000));
		usleep(LOCK_POLL_US);
	}
	return 0;
}

int file_lock_for(const char *path, int64_t patience_ms, struct error *error)
{
	char lock[PATH_MAX];
	int fd;

	if (snprintf(lock, sizeof lock, "%s.lock", path) >= (int)sizeof lock)
		return error_set(error, "%.64s...: the path is too long", path);
	fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(error, "%s: cannot open: %s", lock, strerror(errno));
	if (check_lock(fd, lock, error) == 0 && take_lock(fd, lock, patience_ms, error) == 0)
		return fd;
	close(fd);
	return -1;
}

int file_lock(const char *path, struct error *error)
{
	return file_lock_for(path, LOCK_PATIENCE_MS, error);
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t done = write(fd, bytes, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		bytes += done;
		length -= (size_t)done;
	}
	return 0;
}

static int sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

int file_replace(
	const char *path, const void *contents, size_t length, mode_t mode, struct error *error)
{
	char temporary[PATH_MAX], folder[PATH_MAX];
	int fd, rc = -1;

	if (folder_of(path, folder, error) != 0)
		return -1;
	snprintf(temporary, sizeof temporary, "%s.tmp", path);
	unlink(temporary); /* left by a crash; nobody else writes it while we hold the lock */
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(error, "%s: cannot create: %s", temporary, strerror(errno));
	if (fchmod(fd, mode) == 0 && write_all(fd, contents, length) == 0 && fsync(fd) == 0 &&
		rename(temporary, path) == 0 && sync_folder(folder) == 0)
		rc = 0;
	else
		error_set(error, "%s: cannot write: %s", path, strerror(errno));
	close(fd);
	if (rc != 0)
		unlink(temporary);
	return rc;
}
