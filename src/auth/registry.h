/* SPDX-License-Identifier: MIT
 *
 * Which backends there are (backends.def), and their instances.
 */
#pragma once

#include "auth/auth.h"

/* How people meet a backend. */
enum auth_kind { AUTH_PASSWORD = 0, AUTH_FORM, AUTH_REDIRECT, AUTH_AMBIENT, AUTH_LINK };
enum auth_kind auth_kind(const struct auth_backend *backend);

/* The driver of a type; NULL where the type is unknown, or not in this build. */
const struct auth_backend *auth_find(const char *type);

/* All that are built in, in the order of backends.def; NULL past the end. */
const struct auth_backend *auth_at(size_t index);

/* Those known but not built in, for -V; NULL past the end. */
const char *auth_missing_at(size_t index);

/* For config_load(); ended by a NULL type. */
const struct section_type *auth_section_types(void);

/* The instance of a section, filled by its options; NULL with section_error(). auth_close() frees
 * it and takes NULL. */
void *auth_open(
	const struct auth_backend *backend, const struct section *section, struct error *error);
/* Whether it can do nothing without a secret in the store. */
bool auth_needs_secret(const struct auth_backend *backend, void *instance);
void auth_close(const struct auth_backend *backend, void *instance);
