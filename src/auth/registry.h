/* SPDX-License-Identifier: MIT
 *
 * The backend types of this build (backends.def), and their instances.
 */
#pragma once

#include "auth/auth.h"

/* How visitors authenticate with a backend. */
enum auth_kind { AUTH_PASSWORD = 0, AUTH_FORM, AUTH_REDIRECT, AUTH_AMBIENT, AUTH_LINK };
enum auth_kind auth_kind(const struct auth_backend *backend);

/* Returns the driver of a type, or NULL if the type is unknown or not in this build. */
const struct auth_backend *auth_find(const char *type);

/* Iterates over the drivers of this build, in the order of backends.def. Returns NULL past the end.
 */
const struct auth_backend *auth_at(size_t index);

/* Iterates over the types that exist but are not in this build. Returns NULL past the end. */
const char *auth_missing_at(size_t index);

/* Returns the table for config_load(), which ends with a NULL type. */
const struct section_type *auth_section_types(void);

/* Makes an instance from a section. The caller frees it with auth_close(), which accepts NULL.
 * Returns NULL with section_error() on failure. */
void *auth_open(
	const struct auth_backend *backend, const struct section *section, struct error *error);
/* Whether the backend needs a secret in the store. */
bool auth_needs_secret(const struct auth_backend *backend, void *instance);
void auth_close(const struct auth_backend *backend, void *instance);
