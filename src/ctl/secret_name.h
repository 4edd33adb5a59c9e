/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: finds the section of the configuration that a secret belongs to.
 */
#pragma once

#include "auth/registry.h"
#include "ctl/ctl.h"
#include "platform/registry.h"
#include "secret/store.h"

/* A secret's name and its section, which belongs to the settings. */
struct secret_name {
	char stored[STORE_NAME_MAX + 1]; /* its name in the store */
	const struct section *section;
	/* One of the two; both NULL if the type is not in this build. */
	const struct platform_driver *platform;
	const struct auth_backend *backend;
};

/* Converts a host name to lower case, as in the store. */
void secret_name_fold(char *name);

/* Finds the section for `typed`, which it converts to lower case. Exits if nothing reads a secret
 * of that name, so that a typing error is noticed at once and not at the first join. */
struct secret_name secret_name_find(const struct ctl *ctl, char *typed);

/* Returns what the operator does with a generated key (platform.h, generated_hint), or NULL if such
 * a secret cannot be generated. */
const char *secret_name_generated(const struct secret_name *name);

/* Checks the format of a secret, without network. Returns 0 or -1. */
int secret_name_fits(const struct secret_name *name, const char *secret, struct error *error);
