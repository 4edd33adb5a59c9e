/* SPDX-License-Identifier: MIT
 *
 * The platform types of this build, and calls that apply the default behaviour where a driver
 * leaves a member NULL.
 */
#pragma once

#include "platform/platform.h"
#include "platform/redirect.h"

/* Returns the driver of a type, or NULL if the type is unknown or not in this build. */
const struct platform_driver *platform_find(const char *type);

/* Iterates over the drivers of this build, in the order of platforms.def. Returns NULL past the
 * end. */
const struct platform_driver *platform_at(size_t index);

/* Iterates over the types that exist but are not in this build. Returns NULL past the end. */
const char *platform_missing_at(size_t index);

/* Returns the table for config_load(), which ends with a NULL type. */
const struct section_type *platform_section_types(void);

/* Makes an instance from a section. Returns 0 with *instance_r, which the caller passes to
 * platform_close(), or -1 with section_error(). */
int platform_open(const struct platform_driver *driver, const struct section *section,
	void **instance_r, struct error *error);

/* Frees the instance and sets it to NULL. NULL is fine. */
void platform_close(const struct platform_driver *driver, void **instance);

/* Returns the peer of an instance, valid as long as the instance. */
const struct platform_peer *platform_peer(const void *instance);

/* Returns the name of the driver's entry, or NULL if it has none. */
const char *platform_entry(const struct platform_driver *driver);

/* Whether browsers can be redirected to meetings of the platform. */
bool platform_takes_browsers(
	const struct platform_driver *driver, const struct platform_peer *peer);

/* Appends the URL that the browser is redirected to. */
void platform_redirect_url(const struct platform_driver *driver, const void *instance,
	const struct join *join, const char *token, const struct identity *who, struct buffer *url);

/* Writes the response to a script. The driver must have a `script` table. */
void platform_write_token(const struct platform_driver *driver, const void *instance,
	const struct join *join, const char *token, struct platform_token_response *response);

/* Finds the id of a meeting, which rules, invitations and keys use, from what a person typed: the
 * id, the id in another spelling (upper case), or a URL that visits bring. Does not use the
 * network. Returns 0 with *id_r, which the caller frees, or -1 with *id_r NULL and the reason. */
int platform_meeting_id(const struct platform_driver *driver, const void *instance,
	const char *text, char **id_r, struct error *error);

/* Finds the meeting that a link to the platform's own page names, as people paste it. Returns 0
 * with *id_r and *token_r, which the caller frees; *id_r is NULL if the link has only the token.
 * Returns -1, with both NULL, for other links and without memory. */
int platform_meeting_link(const struct platform_driver *driver, const void *instance,
	const char *link, char **id_r, char **token_r);
