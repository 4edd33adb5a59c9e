/* SPDX-License-Identifier: MIT
 *
 * The flags of the file:
 *
 * MDB_NOSYNC: the folder is in /run. What a process wrote is in the page cache and survives the
 * process. A crash of the machine loses the state, which state_born() tells.
 *
 * No MDB_WRITEMAP: it would save five system calls a claim (4 us), but if /run is full a store to
 * the map raises SIGBUS instead of returning ENOSPC, and a stray pointer could corrupt the shared
 * file. Without it pages are never changed in place, and one pwrite() writes the meta page last: a
 * process may be killed at any point.
 *
 * No MDB_NOMEMINIT: it would write whatever malloc() returns to the file, old secrets included.
 *
 * MDB_NOTLS: the one read transaction is kept and renewed, and not bound to a thread.
 */
#include "state/lmdb_env.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FORMAT = 2,	   /* of the entries; files of other formats are refused */
	READERS_MAX = 512, /* one a process, 64 bytes each */
	LOCKS_SIZE = 4096 + 64 * READERS_MAX, /* of the file beside, with its head */
	BOOT_SIZE = 40,			      /* of a UUID */
};

/* The entry "clock". If the folder survives a reboot, the state's clock starts again. */
struct start {
	int64_t wall_ms, boot_ms;
	char boot[BOOT_SIZE];
};

/* The entry "b". */
struct birth {
	int64_t format;
	int64_t born; /* seconds */
};

/* The environments of this process: LMDB must not open a file twice in a process, because closing
 * one drops the locks of both. */
static struct lmdb_env *opened;

static int fail(const struct lmdb_env *env, int rc, struct error *error)
{
	if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_CORRUPTED ||
		rc == MDB_PAGE_NOTFOUND)
		return error_set(error,
			"%s: %s; stop every meetauth process, remove %s and %s-lock, start again",
			env->file, mdb_strerror(rc), env->file, env->file);
	return error_set(error, "%s: cannot open the state: %s", env->file, mdb_strerror(rc));
}

static int check_folder(const char *folder, struct error *error)
{
	struct stat st;

	if (stat(folder, &st) != 0 && errno == ENOENT)
		return error_set(error,
			"state %s: no such folder; make it for the user that meetauthd runs as "
			"(systemd-tmpfiles --create /etc/tmpfiles.d/meetauth.conf, or install -d "
			"-m 0750 -o USER -g GROUP %s, where GROUP is the web server's if its "
			"socket is to lie there; with systemd: RuntimeDirectory=)",
			folder, folder);
	if (stat(folder, &st) != 0)
		return error_set(error, "state %s: %s", folder, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return error_set(
			error, "state %s: is not a folder; name a folder for \"lmdb:\"", folder);
	if (st.st_mode & S_IWOTH)
		return error_set(error,
			"state %s: everybody may write to it (mode %04o); chmod 0750 %s", folder,
			(unsigned)(st.st_mode & 07777), folder);
	/* LMDB does not check what it reads */
	if (geteuid() == 0 && (st.st_uid != 0 || (st.st_mode & S_IWGRP)))
		return error_set(error,
			"state %s: users other than root may write to it, so root does not open "
			"it; "
			"give the store's folder to user id %u, too",
			folder, (unsigned)st.st_uid);
	if (faccessat(AT_FDCWD, folder, R_OK | W_OK | X_OK, AT_EACCESS) != 0)
		return error_set(error,
			"state %s: user id %u may not write to it (%s); it belongs to user id %u",
			folder, (unsigned)geteuid(), strerror(errno), (unsigned)st.st_uid);
	return 0;
}

static int check_not_opened(const struct lmdb_env *env, struct error *error)
{
	struct stat st;

	if (stat(env->file, &st) != 0)
		return 0;
	for (const struct lmdb_env *other = opened; other != NULL; other = other->next)
		if (other != env && other->pid == getpid() && other->env != NULL &&
			other->device == st.st_dev && other->inode == st.st_ino)
			return error_set(error, "%s: is already open in this process", env->file);
	return 0;
}

/* Any constant order will do. This comparison takes a third of the instructions of LMDB's own and
 * is most of the cost of a search. The kind is compared last, so that all kinds are mixed and each
 * finds room where any has expired. Part of FORMAT. */
static int compare_names(const MDB_val *a, const MDB_val *b)
{
	const uint8_t *x = a->mv_data, *y = b->mv_data;
	uint64_t p[2], q[2];

	if (a->mv_size != b->mv_size || a->mv_size != 1 + sizeof p)
		return a->mv_size < b->mv_size ? -1 : a->mv_size > b->mv_size;
	memcpy(p, x + 1, sizeof p);
	memcpy(q, y + 1, sizeof q);
	if (p[0] != q[0])
		return p[0] < q[0] ? -1 : 1;
	if (p[1] != q[1])
		return p[1] < q[1] ? -1 : 1;
	return x[0] < y[0] ? -1 : x[0] > y[0];
}

/* Stores when the state was made, or reads it. */
static int read_birth(struct lmdb_env *env, MDB_txn *txn)
{
	struct birth birth = {.format = FORMAT, .born = clock_wall()};
	char name[] = "b";
	MDB_val key = {sizeof name - 1, name}, data = {sizeof birth, &birth};
	int rc = mdb_dbi_open(txn, NULL, 0, &env->table);

	if (rc == 0)
		rc = mdb_set_compare(txn, env->table, compare_names);
	if (rc == 0)
		rc = mdb_put(txn, env->table, &key, &data, MDB_NOOVERWRITE);
	if (rc != 0 && rc != MDB_KEYEXIST)
		return rc;
	if (data.mv_size != sizeof birth)
		return MDB_VERSION_MISMATCH;
	memcpy(&birth, data.mv_data, sizeof birth);
	env->born = birth.born;
	return birth.format == FORMAT ? 0 : MDB_VERSION_MISMATCH;
}

int lmdb_env_set_born(struct lmdb_env *env, int64_t born)
{
	struct birth birth = {.format = FORMAT, .born = born};
	char name[] = "b";
	MDB_val key = {sizeof name - 1, name}, data = {sizeof birth, &birth};
	MDB_txn *txn = NULL;
	int rc = env->env != NULL ? mdb_txn_begin(env->env, NULL, 0, &txn) : -1;

	if (rc == 0)
		rc = mdb_put(txn, env->table, &key, &data, 0);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else if (txn != NULL)
		mdb_txn_abort(txn);
	if (rc == 0)
		env->born = born;
	return rc == 0 ? 0 : -1;
}

/* Reads the id of this boot; if there is none, keeps the file's. */
static void read_boot(char boot[BOOT_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(boot, 0, BOOT_SIZE);
	if (fd < 0)
		return;
	if (read(fd, boot, BOOT_SIZE - 1) < 0)
		boot[0] = '\0';
	close(fd);
}

/* Starts the state's clock or continues the one that another process started. */
static int read_clock(struct lmdb_env *env, MDB_txn *txn)
{
	struct start now = {.wall_ms = clock_wall_ms(), .boot_ms = clock_boot_ms()}, start;
	char name[] = "clock";
	MDB_val key = {sizeof name - 1, name}, data;
	int rc = mdb_get(txn, env->table, &key, &data);

	read_boot(now.boot);
	start = now;
	if (rc == 0 && data.mv_size == sizeof start)
		memcpy(&start, data.mv_data, sizeof start);
	if (rc == MDB_NOTFOUND || start.boot_ms > now.boot_ms ||
		memcmp(start.boot, now.boot, BOOT_SIZE) != 0) {
		start = now;
		data = (MDB_val){sizeof start, &start};
		rc = mdb_put(txn, env->table, &key, &data, 0);
	}
	env->clock = (struct state_clock){start.wall_ms, start.boot_ms, STATE_CLOCK_STEP_MS};
	return rc;
}

/* Sets the number of pages that the file may have. */
static int count_pages(struct lmdb_env *env)
{
	MDB_stat stat;
	int rc = mdb_env_stat(env->env, &stat);

	if (rc == 0)
		env->pages = env->size / stat.ms_psize;
	return rc;
}

static int prepare(struct lmdb_env *env)
{
	MDB_txn *txn = NULL;
	int dead, rc = mdb_reader_check(env->env, &dead);

	if (rc == 0)
		rc = mdb_txn_begin(env->env, NULL, 0, &txn);
	if (rc != 0)
		return rc;
	rc = read_birth(env, txn);
	if (rc == 0)
		rc = read_clock(env, txn);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	rc = mdb_txn_commit(txn);
	if (rc == 0)
		rc = mdb_txn_begin(env->env, NULL, MDB_RDONLY, &env->reader);
	if (rc == 0)
		mdb_txn_reset(env->reader);
	return rc;
}

static void close_file(struct lmdb_env *env)
{
	if (env->reader != NULL)
		mdb_txn_abort(env->reader);
	if (env->env != NULL)
		mdb_env_close(env->env);
	env->reader = NULL;
	env->env = NULL;
}

/* Gives the file of locks its blocks. LMDB makes a file without any and maps it: if /run is full,
 * the first store to it raises SIGBUS. Returns 0 or an errno. */
static int reserve_locks(const struct lmdb_env *env)
{
	char path[sizeof env->file + sizeof "-lock"];
	struct stat st;
	int fd, rc;

	snprintf(path, sizeof path, "%s-lock", env->file);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	rc = fstat(fd, &st) == 0 ? 0 : errno;
	if (rc == 0)
		rc = posix_fallocate(fd, 0, st.st_size > 0 ? st.st_size : LOCKS_SIZE);
	close(fd);
	return rc;
}

static int open_file(struct lmdb_env *env, struct error *error)
{
	struct stat st;
	int fd, rc = mdb_env_create(&env->env);

	if (rc == 0)
		rc = reserve_locks(env);
	if (rc == 0)
		rc = mdb_env_set_mapsize(env->env, env->size);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(env->env, READERS_MAX);
	if (rc == 0)
		rc = mdb_env_open(env->env, env->file, MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOTLS, 0600);
	if (rc == 0)
		rc = mdb_env_get_fd(env->env, &fd);
	if (rc == 0 && fstat(fd, &st) != 0)
		rc = errno;
	if (rc == 0)
		rc = count_pages(env);
	if (rc == 0)
		rc = prepare(env);
	if (rc != 0) {
		close_file(env);
		return fail(env, rc, error);
	}
	env->device = st.st_dev;
	env->inode = st.st_ino;
	env->opened++;
	return 0;
}

static int open_checked(struct lmdb_env *env, struct error *error)
{
	if (check_folder(env->folder, error) != 0 || check_not_opened(env, error) != 0)
		return -1;
	return open_file(env, error);
}

bool lmdb_env_is_current(const struct lmdb_env *env)
{
	struct stat st;

	return env->env != NULL && stat(env->file, &st) == 0 && st.st_dev == env->device &&
	       st.st_ino == env->inode;
}

int lmdb_env_tend(struct lmdb_env *env, int64_t now)
{
	bool minute = now / 60 != env->looked / 60;
	int dead;

	if (now == env->looked)
		return env->env != NULL ? 0 : -1;
	env->looked = now;
	if (!lmdb_env_is_current(env)) {
		close_file(env);
		return open_checked(env, NULL);
	}
	if (minute)
		mdb_reader_check(env->env, &dead);
	return 0;
}

int lmdb_env_open(struct lmdb_env *env, const char *folder, size_t size, struct error *error)
{
	int length = snprintf(env->file, sizeof env->file, "%s/state.mdb", folder);

	if (length >= (int)sizeof env->file - 8) /* LMDB appends "-lock" */
		return error_set(error, "state %s: path too long", folder);
	env->folder = strdup(folder);
	if (env->folder == NULL)
		return error_set(error, "state %s: out of memory", folder);
	env->pid = getpid();
	env->size = size;
	if (open_checked(env, error) != 0) {
		free(env->folder);
		return -1;
	}
	env->next = opened;
	opened = env;
	return 0;
}

void lmdb_env_close(struct lmdb_env *env)
{
	struct lmdb_env **at = &opened;

	if (env->pid != getpid())
		return;
	close_file(env);
	while (*at != NULL && *at != env)
		at = &(*at)->next;
	if (*at != NULL)
		*at = env->next;
	free(env->folder);
}
