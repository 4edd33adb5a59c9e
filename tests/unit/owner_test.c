/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/owner.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, STRANGER = 12345 };

struct fixture {
	char folder[64], middle[96], file[128], link[128];
};

static int up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	int fd;

	snprintf(fixture->folder, sizeof fixture->folder, "/tmp/owner_test.XXXXXX");
	if (mkdtemp(fixture->folder) == NULL)
		return -1;
	snprintf(fixture->middle, sizeof fixture->middle, "%s/middle", fixture->folder);
	snprintf(fixture->file, sizeof fixture->file, "%s/file", fixture->middle);
	snprintf(fixture->link, sizeof fixture->link, "%s/link", fixture->folder);
	if (mkdir(fixture->middle, 0700) != 0)
		return -1;
	fd = open(fixture->file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	*state = fixture;
	return fd < 0 ? -1 : 0;
}

static int down(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->file);
	unlink(fixture->link);
	rmdir(fixture->middle);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void taken(const char *path, uid_t owner)
{
	struct error error = {""};

	if (owner_check(path, owner, &error) != 0)
		fail_msg("%s: %s", path, error.text);
}

static void refused(const char *path, uid_t owner, const char *words)
{
	struct error error = {""};

	assert_int_equal(owner_check(path, owner, &error), -1);
	if (strstr(error.text, words) == NULL)
		fail_msg("\"%s\" expected: %s", words, error.text);
}

static void what_only_we_can_replace_is_taken(void **state)
{
	const struct fixture *fixture = *state;

	taken(fixture->file, geteuid());
	taken("/", geteuid());
}

static void what_is_not_there_is_named(void **state)
{
	const struct fixture *fixture = *state;
	char path[200];

	snprintf(path, sizeof path, "%s/none", fixture->middle);
	refused(path, geteuid(), "none: No such file");
}

static void ways_may_be_written_in_any_form(void **state)
{
	const struct fixture *fixture = *state;
	char path[300], before[PATH_MAX];

	snprintf(path, sizeof path, "//%s/.//../%s/middle/./file", fixture->folder,
		strrchr(fixture->folder, '/') + 1);
	taken(path, geteuid());
	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(fixture->folder), 0);
	taken("middle/file", geteuid());
	taken("./middle/../middle/file", geteuid());
	assert_int_equal(chdir(before), 0);
}

static void links_are_followed_and_looked_at(void **state)
{
	const struct fixture *fixture = *state;

	assert_int_equal(symlink("middle/file", fixture->link), 0);
	taken(fixture->link, geteuid());
	unlink(fixture->link);
	assert_int_equal(symlink(fixture->file, fixture->link), 0);
	taken(fixture->link, geteuid());
	if (geteuid() == 0) {
		assert_int_equal(lchown(fixture->link, STRANGER, STRANGER), 0);
		refused(fixture->link, 0, "link belongs to user id 12345");
	}
	unlink(fixture->link);
	assert_int_equal(symlink("link", fixture->link), 0);
	refused(fixture->link, geteuid(), "too many symbolic links");
}

/* A link into a folder of somebody else, out of which another link leads on. */
static void every_folder_of_a_chain_of_links_counts(void **state)
{
	const struct fixture *fixture = *state;
	char inner[200];

	if (geteuid() != 0)
		skip();
	snprintf(inner, sizeof inner, "%s/inner", fixture->middle);
	assert_int_equal(symlink("/etc/passwd", inner), 0);
	assert_int_equal(symlink(inner, fixture->link), 0);
	taken(fixture->link, 0);
	assert_int_equal(chown(fixture->middle, STRANGER, STRANGER), 0);
	refused(fixture->link, 0, "middle belongs to user id 12345");
	taken(fixture->link, STRANGER);
	unlink(inner);
}

static void modes_that_let_others_in_are_refused(void **state)
{
	const struct fixture *fixture = *state;

	assert_int_equal(chmod(fixture->file, 0646), 0);
	refused(fixture->file, geteuid(), "everybody may write to");
	assert_int_equal(chmod(fixture->file, 0600), 0);
	assert_int_equal(chmod(fixture->middle, 0707), 0);
	refused(fixture->file, geteuid(), "middle; chmod o-w");
	assert_int_equal(chmod(fixture->middle, 01777), 0); /* as /tmp */
	taken(fixture->file, geteuid());
	assert_int_equal(chmod(fixture->middle, 0770), 0);
	if (geteuid() == 0)
		refused(fixture->file, 0, "middle; chmod g-w");
	else
		taken(fixture->file, geteuid());
}

static void owners_decide(void **state)
{
	const struct fixture *fixture = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(fixture->file, STRANGER, STRANGER), 0);
	refused(fixture->file, 0, "file belongs to user id 12345; chown it to root");
	refused(fixture->file, NOBODY, "file belongs to user id 12345");
	taken(fixture->file, STRANGER);
	assert_int_equal(chown(fixture->middle, NOBODY, NOBODY), 0);
	refused(fixture->file, STRANGER, "middle belongs to user id 65534");
}

/* ---- to stop being root ---- */

static bool has_capabilities(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long set;
	unsigned empty = 0;
	char line[256];

	while (status != NULL && fgets(line, sizeof line, status) != NULL)
		if (sscanf(line, "CapPrm: %llx", &set) == 1 ||
			sscanf(line, "CapEff: %llx", &set) == 1)
			empty += set == 0;
	if (status != NULL)
		fclose(status);
	return empty != 2;
}

/* In a process of its own: 0, or the number of the thing that is wrong. */
static int stops_being_root(uid_t owner, gid_t group, gid_t group_then)
{
	gid_t few[2] = {0, 4}, groups[64];
	struct error error = {""};
	int count;

	prctl(PR_SET_KEEPCAPS, 1);
	if (setgroups(2, few) != 0 || owner_become(owner, group, &error) != 0)
		return 1;
	if (getuid() != owner || geteuid() != owner || getgid() != group_then)
		return 2;
	count = getgroups(64, groups);
	for (int i = 0; i < count; i++)
		if (groups[i] == 0 || groups[i] == 4)
			return 3;
	if (setuid(0) == 0 || seteuid(0) == 0 || setresuid(0, 0, 0) == 0 || setgid(0) == 0)
		return 4;
	return has_capabilities() ? 5 : 0;
}

static void no_way_leads_back(void **state)
{
	static const struct {
		uid_t owner;
		gid_t group, group_then;
	} users[] = {{NOBODY, 4, 65534}, {STRANGER, 54321, 54321}};

	(void)state;
	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			_exit(stops_being_root(
				users[i].owner, users[i].group, users[i].group_then));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

static void who_is_not_root_becomes_nobody_else(void **state)
{
	struct error error = {""};
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		if (geteuid() == 0 && setuid(STRANGER) != 0)
			_exit(1);
		_exit(owner_become(NOBODY, NOBODY, &error) == -1 &&
					strstr(error.text, "cannot become user id 65534") != NULL
				? 0
				: 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(owner_become(0, 0, &error), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_only_we_can_replace_is_taken),
		TEST(what_is_not_there_is_named),
		TEST(ways_may_be_written_in_any_form),
		TEST(links_are_followed_and_looked_at),
		TEST(every_folder_of_a_chain_of_links_counts),
		TEST(modes_that_let_others_in_are_refused),
		TEST(owners_decide),
		cmocka_unit_test(no_way_leads_back),
		cmocka_unit_test(who_is_not_root_becomes_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
