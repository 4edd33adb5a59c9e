/* SPDX-License-Identifier: MIT
 *
 * Private to ctl: what the configuration has by the name of a secret.
 */
#pragma once

#include "auth/registry.h"
#include "ctl/ctl.h"
#include "platform/registry.h"
#include "secret/store.h"

/* What a secret is for. `section` is the settings'. */
struct secret_name {
	char stored[STORE_NAME_MAX + 1]; /* how it is called in the store */
	const struct section *section;
	/* Both NULL where the type is not in this build. */
	const struct platform_driver *platform;
	const struct auth_backend *backend;
};

/* Puts a host name into lower case, as the store has it. */
void secret_name_fold(char *name);

/* Finds what `typed` is for, which it folds. Refuses a name that nothing reads, so that a typing
 * error is found now and not by the first join. */
struct secret_name secret_name_find(const struct ctl *ctl, char *typed);

/* What to do with a random key by that name; NULL: it takes none. */
const char *secret_name_generated(const struct secret_name *name);

/* Whether a secret has the form that it needs, as far as can be told here. 0 or -1. */
int secret_name_fits(const struct secret_name *name, const char *secret, struct error *error);
