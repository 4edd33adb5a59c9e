/* SPDX-License-Identifier: MIT
 *
 * Files that must never be half written, and files that must not be trusted if somebody else could
 * have written them.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

/* Identifies a version of a file; equal stamps mean unchanged. */
struct file_stamp {
	uint64_t inode;
	int64_t size;
	int64_t modified_ns;
	int64_t changed_ns;
};

/* The stamp of the file at `path`; all zero without a file. Follows symbolic links. */
struct file_stamp file_stamp(const char *path);
bool file_stamp_equal(struct file_stamp a, struct file_stamp b);

enum file_secrecy {
	FILE_PUBLIC = 0, /* anything readable */
	FILE_PRIVATE,	 /* a regular file, not a symbolic link, owned by root or us; no access for
			    others, at most read for the group */
	FILE_SECRET,	 /* as private, without access for the group */
};

/* Reads the whole file, at most contents->maximum bytes, into an empty buffer. 0, or -1 with path,
 * reason and remedy in the error. */
int file_read(
	const char *path, enum file_secrecy secrecy, struct buffer *contents, struct error *error);

/* The same for a text file of people or other programs: drops a byte order mark, and converts the
 * line ends of Windows. */
int file_read_text(
	const char *path, enum file_secrecy secrecy, struct buffer *text, struct error *error);

/* Locks `path` exclusively for a change: flock() on "PATH.lock", which is created if missing and
 * never removed, and must be a regular file of ours or root's with one name. Waits half a minute
 * for another holder, which may be a program that somebody has stopped. Returns a descriptor
 * (closing it unlocks), or -1. */
int file_lock(const char *path, struct error *error);

/* The same, waiting for `patience_ms`. */
int file_lock_for(const char *path, int64_t patience_ms, struct error *error);

/* Replaces or creates `path` atomically: a reader sees the old or the new contents, also after a
 * crash. Writes a temporary file in the same folder, fsync, rename, fsync of the folder; a later
 * call overwrites a temporary file left by a crash. The caller holds file_lock(). The file belongs
 * to the calling user. 0 or -1. */
int file_replace(
	const char *path, const void *contents, size_t length, mode_t mode, struct error *error);
