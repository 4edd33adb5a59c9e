/* SPDX-License-Identifier: MIT
 *
 * Files that must never be half written, and files that must not be read when somebody else could
 * have written them.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

/* What tells a file apart from the one that was there before; equal stamps mean unchanged. */
struct file_stamp {
	uint64_t inode;
	int64_t size;
	int64_t modified_ns;
	int64_t changed_ns;
};

/* Stamp of the file at `path`, all zero where there is none. Follows symbolic links. */
struct file_stamp file_stamp(const char *path);
bool file_stamp_equal(struct file_stamp a, struct file_stamp b);

enum file_secrecy {
	FILE_PUBLIC = 0, /* anything readable */
	FILE_PRIVATE,	 /* a regular file, no symbolic link, owned by root or us, no bit for
			    others, none but read for the group */
	FILE_SECRET,	 /* as private, and no bit for the group either */
};

/* Reads the whole file, at most contents->maximum bytes, into an empty buffer. 0, or -1 with the
 * path, the reason and what to do in the error. */
int file_read(
	const char *path, enum file_secrecy secrecy, struct buffer *contents, struct error *error);

/* The same for a file that people or other programs write: without the byte order mark that some
 * editors put in front, and with the line ends of Windows as ours. */
int file_read_text(
	const char *path, enum file_secrecy secrecy, struct buffer *text, struct error *error);

/* Takes an exclusive lock for changing `path`: flock on "PATH.lock", made where missing and never
 * removed, a regular file of ours or root's with one name. Returns a descriptor to close (which
 * unlocks), or -1. Waits for the other holder. */
int file_lock(const char *path, struct error *error);

/* Replaces (or creates) `path` so that a reader, and a crash at any point, sees the old or the new
 * contents whole: temporary file in the same folder, fsync, rename, fsync of the folder (a
 * temporary file a crash left behind is overwritten by the next call). The caller holds
 * file_lock(). It belongs to the caller. 0 or -1. */
int file_replace(
	const char *path, const void *contents, size_t length, mode_t mode, struct error *error);
