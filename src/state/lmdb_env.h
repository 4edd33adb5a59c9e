/* SPDX-License-Identifier: MIT
 *
 * Private to the LMDB driver: FOLDER/state.mdb as this process has it open.
 */
#pragma once

#include "base/error.h"
#include "state/driver.h"

#include <limits.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct lmdb_env {
	struct lmdb_env *next; /* list of those open in this process */
	pid_t pid;	       /* that opened it: LMDB does not survive a fork */
	char *folder;	       /* owned */
	char file[PATH_MAX];
	size_t size;  /* bytes the file may grow to */
	MDB_env *env; /* NULL: lost and not yet opened again */
	MDB_dbi table;
	MDB_txn *reader; /* reset between two reads */
	unsigned opened; /* how many times; each may be a new file */
	dev_t device;	 /* of the file */
	ino_t inode;
	int64_t born; /* seconds: when the file was made */
	struct state_clock clock;
	size_t pages;	/* that the file may have */
	int64_t looked; /* the second in which lmdb_env_tend() last looked */
};

/* Opens (or makes) the file. 0, or -1 and nothing to close. The env must stay where it is until
 * closed. */
int lmdb_env_open(struct lmdb_env *env, const char *folder, size_t size, struct error *error);

/* Closes it; does nothing in a forked child, where LMDB would free the parent's reader slot. */
void lmdb_env_close(struct lmdb_env *env);

/* True while the open file is the one that others would open. */
bool lmdb_env_is_current(const struct lmdb_env *env);

/* Changes when the state was made. Other processes learn of it when they open the file. 0 or -1. */
int lmdb_env_set_born(struct lmdb_env *env, int64_t born);

/* Checks once a second whether the other processes still use this file. If it was removed (a
 * RuntimeDirectory= of another unit), opens the new one, whose `born` is later, as after a reboot.
 * Once a minute, frees the reader slots of killed processes. 0, or -1 while there is no state. */
int lmdb_env_tend(struct lmdb_env *env, int64_t now);
