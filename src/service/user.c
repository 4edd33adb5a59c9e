/* SPDX-License-Identifier: MIT */
#include "service/user.h"

#include "auth/registry.h"
#include "base/owner.h"
#include "config/config.h"
#include "platform/registry.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* The owner of the folder counts, not that of the store: in the folder, somebody could link a file
 * that belongs to another user. */
static int become_owner_of(const char *store, struct error *error)
{
	char copy[PATH_MAX];
	const char *folder;
	struct stat around, file;

	if (snprintf(copy, sizeof copy, "%s", store) >= (int)sizeof copy)
		return error_set(error, "store: %.64s...: the path is too long", store);
	folder = dirname(copy);
	if (stat(folder, &around) != 0)
		return error_set(error,
			"%s: %s; create it for the user of the service (install -d -o USER -g "
			"GROUP "
			"-m 0750 %s)",
			folder, strerror(errno), folder);
	if (owner_check(folder, around.st_uid, error) != 0)
		return error_prefix(
			error, "root does not open a store that other users can replace: ");
	if (around.st_uid != 0)
		return owner_become(around.st_uid, around.st_gid, error);
	if (lstat(store, &file) == 0 && file.st_uid != 0)
		return error_set(error,
			"%s belongs to user id %u, but its folder to root; make that user the "
			"owner of "
			"the folder as well (chown %u %s)",
			store, (unsigned)file.st_uid, (unsigned)file.st_uid, folder);
	return 0;
}

int service_become_user(const char *file, struct error *error)
{
	struct config_types types = {platform_section_types(), auth_section_types()};
	struct settings *settings;
	int rc;

	if (geteuid() != 0)
		return 0;
	if (access(file, F_OK) != 0 && errno == ENOENT)
		return error_set(error, "%s does not exist; \"meetauthctl setup\" writes it", file);
	if (owner_check(file, 0, error) != 0)
		return error_prefix(
			error, "root does not read a configuration that other users can replace: ");
	settings = config_load(file, types, error);
	if (settings == NULL)
		return -1;
	rc = become_owner_of(settings->store, error);
	config_free(&settings);
	return rc;
}
