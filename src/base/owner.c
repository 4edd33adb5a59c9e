/* SPDX-License-Identifier: MIT */
#include "base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as in the kernel */

/* ---- what root may trust ---- */

struct walk {
	uid_t owner;
	char done[PATH_MAX]; /* resolved so far; "" is "/" */
	char rest[PATH_MAX]; /* still to resolve */
	unsigned links;
	struct error *error;
};

static const char *name_of(const struct walk *walk)
{
	return walk->done[0] != '\0' ? walk->done : "/";
}

static int check_owner(const struct walk *walk, const struct stat *st)
{
	const char *name = name_of(walk);
	bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0;

	if (st->st_uid != 0 && st->st_uid != walk->owner)
		return error_set(walk->error, "%s belongs to user id %u; chown it to root", name,
			(unsigned)st->st_uid);
	if (S_ISLNK(st->st_mode) || sticky)
		return 0;
	if (st->st_mode & S_IWOTH)
		return error_set(walk->error, "everybody may write to %s; chmod o-w it", name);
	if (geteuid() == 0 && st->st_uid == 0 && (st->st_mode & S_IWGRP))
		return error_set(walk->error, "group id %u may write to %s; chmod g-w it",
			(unsigned)st->st_gid, name);
	return 0;
}

static int too_long(const struct walk *walk)
{
	return error_set(walk->error, "%.64s...: the path is too long", name_of(walk));
}

/* Prepends the link's target to the rest of the path. */
static int follow(struct walk *walk)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t length = readlink(walk->done, target, sizeof target - 1);

	if (length <= 0 || ++walk->links > LINKS_MAX)
		return error_set(walk->error, "%s: %s", walk->done,
			length <= 0 ? strerror(errno) : "too many symbolic links");
	target[length] = '\0';
	if (snprintf(rest, sizeof rest, "%s/%s", target, walk->rest) >= (int)sizeof rest)
		return too_long(walk);
	memcpy(walk->rest, rest, sizeof rest);
	if (target[0] == '/')
		walk->done[0] = '\0';
	else
		*strrchr(walk->done, '/') = '\0';
	return 0;
}

/* Removes the next name from the rest; "" at the end. */
static void take_name(struct walk *walk, char name[PATH_MAX])
{
	size_t slashes = strspn(walk->rest, "/");
	size_t length = strcspn(walk->rest + slashes, "/");

	memcpy(name, walk->rest + slashes, length);
	name[length] = '\0';
	memmove(walk->rest, walk->rest + slashes + length,
		strlen(walk->rest + slashes + length) + 1);
}

static int step(struct walk *walk, const char *name)
{
	size_t length = strlen(walk->done);
	struct stat st;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		if (length > 0)
			*strrchr(walk->done, '/') = '\0';
		return 0;
	}
	if (length + 1 + strlen(name) >= sizeof walk->done)
		return too_long(walk);
	snprintf(walk->done + length, sizeof walk->done - length, "/%s", name);
	if (lstat(walk->done, &st) != 0)
		return error_set(walk->error, "%s: %s", walk->done, strerror(errno));
	if (check_owner(walk, &st) != 0)
		return -1;
	return S_ISLNK(st.st_mode) ? follow(walk) : 0;
}

int owner_check(const char *path, uid_t owner, struct error *error)
{
	struct walk walk = {.owner = owner, .error = error};
	char folder[PATH_MAX] = "", name[PATH_MAX];
	struct stat st;

	if (path[0] != '/' && getcwd(folder, sizeof folder) == NULL)
		return error_set(error, "%s: %s", path, strerror(errno));
	if (snprintf(walk.rest, sizeof walk.rest, "%s/%s", folder, path) >= (int)sizeof walk.rest)
		return error_set(error, "%.64s...: the path is too long", path);
	if (stat("/", &st) != 0 || check_owner(&walk, &st) != 0)
		return -1;
	for (take_name(&walk, name); name[0] != '\0'; take_name(&walk, name))
		if (step(&walk, name) != 0)
			return -1;
	return 0;
}

/* ---- giving up root ---- */

/* A program of the other user with our terminal could type commands into root's shell (TIOCSTI). A
 * session leader has no shell there. */
static void leave_terminal(void)
{
	int fd = getsid(0) == getpid() ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return;
	ioctl(fd, TIOCNOTTY);
	close(fd);
}

static int set_groups(const struct passwd *user, gid_t group)
{
	if (user != NULL ? initgroups(user->pw_name, group) != 0 : setgroups(1, &group) != 0)
		return -1;
	return setresgid(group, group, group);
}

/* The kernel drops them unless the parent made the process keep them. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return (int)syscall(SYS_capset, &header, none);
}

static bool is_user(uid_t owner, gid_t group)
{
	uid_t user[3];
	gid_t groups[3];

	return getresuid(&user[0], &user[1], &user[2]) == 0 && user[0] == owner &&
	       user[1] == owner && user[2] == owner &&
	       getresgid(&groups[0], &groups[1], &groups[2]) == 0 && groups[0] == group &&
	       groups[1] == group && groups[2] == group && seteuid(0) != 0 && setuid(0) != 0;
}

int owner_become(uid_t owner, gid_t group, struct error *error)
{
	const struct passwd *user = getpwuid(owner);

	if (owner == 0)
		return error_set(
			error, "cannot change from root to another user: the user id is 0");
	if (user != NULL)
		group = user->pw_gid;
	leave_terminal();
	if (set_groups(user, group) != 0 || setresuid(owner, owner, owner) != 0 ||
		drop_capabilities() != 0)
		return error_set(
			error, "cannot become user id %u: %s", (unsigned)owner, strerror(errno));
	if (!is_user(owner, group))
		return error_set(error, "cannot become user id %u for good", (unsigned)owner);
	return 0;
}
