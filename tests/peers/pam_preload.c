/* SPDX-License-Identifier: MIT
 *
 * To be preloaded in tests: PAM reads its services from the folder TEST_PAM_D, and the file
 * TEST_SHADOW is seen by pam_unix and by unix_chkpwd, so that neither root nor the system's
 * accounts are needed. (libpam_wrapper does the first with RTLD_DEEPBIND, which AddressSanitizer
 * refuses; libnss_wrapper does not do the second.) unix_chkpwd, which pam_unix asks about every
 * shadowed account since Linux-PAM 1.7, has the set-group-ID bit, which keeps preloading out: a
 * copy without it, TEST_UNIX_CHKPWD, is run in its place.
 */
#include <dlfcn.h>
#include <errno.h>
#include <security/pam_appl.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int pam_start(const char *service, const char *user, const struct pam_conv *conversation,
	pam_handle_t **pam)
{
	return pam_start_confdir(service, user, conversation, getenv("TEST_PAM_D"), pam);
}

int getspnam_r(const char *name, struct spwd *entry, char *text, size_t size, struct spwd **found)
{
	FILE *file = fopen(getenv("TEST_SHADOW"), "r");

	*found = NULL;
	if (file == NULL)
		return ENOENT;
	while (fgetspent_r(file, entry, text, size, found) == 0 &&
		strcmp(entry->sp_namp, name) != 0)
		*found = NULL;
	fclose(file);
	return 0;
}

struct spwd *getspnam(const char *name)
{
	static struct spwd entry;
	static char text[1024];
	struct spwd *found;

	getspnam_r(name, &entry, text, sizeof text, &found);
	return found;
}

int execve(const char *path, char *const *arguments, char *const *environment)
{
	int (*real)(const char *, char *const *, char *const *) = dlsym(RTLD_NEXT, "execve");
	const char *name = strrchr(path, '/');

	/* pam_unix gives it an empty environment. */
	if (name != NULL && strcmp(name, "/unix_chkpwd") == 0)
		return real(getenv("TEST_UNIX_CHKPWD"), arguments, environ);
	return real(path, arguments, environment);
}
