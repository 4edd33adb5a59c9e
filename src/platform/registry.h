/* SPDX-License-Identifier: MIT
 *
 * Platforms as the rest of the program sees them: which there are, and what all of them answer, be
 * it the driver or the usual behaviour.
 */
#pragma once

#include "platform/platform.h"
#include "platform/redirect.h"

/* The driver of a type; NULL where the type is unknown, or not in this build. */
const struct platform_driver *platform_find(const char *type);

/* All that are built in, in the order of platforms.def; NULL past the end. */
const struct platform_driver *platform_at(size_t index);

/* The types that are known but not built in; NULL past the end. */
const char *platform_missing_at(size_t index);

/* For config_load(); ended by a NULL type. */
const struct section_type *platform_section_types(void);

/* Makes an instance of the section. 0 and *instance_r, which the caller closes; or -1 with
 * section_error(). */
int platform_open(const struct platform_driver *driver, const struct section *section,
	void **instance_r, struct error *error);

/* Frees the instance and sets it to NULL; nothing happens where it is NULL. */
void platform_close(const struct platform_driver *driver, void **instance);

/* The peer of an instance; lives as long. */
const struct platform_peer *platform_peer(const void *instance);

/* The name of the driver's entry; NULL: it has none. */
const char *platform_entry(const struct platform_driver *driver);

/* Whether browsers can be sent to meetings of the platform. */
bool platform_takes_browsers(
	const struct platform_driver *driver, const struct platform_peer *peer);

/* Appends the address that the browser is sent to. */
void platform_redirect_url(const struct platform_driver *driver, const void *instance,
	const struct join *join, const char *token, const struct identity *who, struct buffer *url);

/* Writes what a script gets; the driver has a `script` table. */
void platform_write_token(const struct platform_driver *driver, const void *instance,
	const struct join *join, const char *token, struct platform_token_response *response);

/* The id of a meeting that somebody has written down: as an id, perhaps in another form (capitals
 * where ids have small letters), or as an address that visits bring. Rules, invitations and keys go
 * by the id. 0 and *id_r, which the caller frees; or -1 with *id_r NULL and why the text names no
 * meeting. Asks no host. */
int platform_meeting_id(const struct platform_driver *driver, const void *instance,
	const char *text, char **id_r, struct error *error);
