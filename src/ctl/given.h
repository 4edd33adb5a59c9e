/* SPDX-License-Identifier: MIT
 *
 * What the calls that keep a backend's file have in common: which section is meant, times,
 * meetings, and secrets that are typed or made.
 */
#ifndef CTL_GIVEN_H
#define CTL_GIVEN_H

#include "ctl/ctl.h"
#include "secret/secret.h"

/* The backend of this type called `title`, or for NULL the only one of the type. NULL after saying
 * why, with the exit status. */
const struct section *given_backend(struct ctl *ctl, const struct ctl_command *command,
	const char *type, const char *title, int *status_r);

/* The same, and its option `file`, which must be an absolute path. */
const char *given_path(struct ctl *ctl, const struct ctl_command *command, const char *type,
	const char *file, const char *title, int *status_r);

/* "2026-12-31", "2026-12-31T18:00Z" or a duration from now; NULL: stays as it is. 0, or -1 also
 * for what does not lie ahead. */
int given_expiry(const char *text, int64_t *expires_r);
extern const char given_expiry_form[]; /* what to tell who gave another */

/* The platform of that title, whatever the case it was typed in; NULL: there is none. */
const struct section *given_platform(const struct settings *settings, const char *title);

/* The id that the driver of the platform has for what was typed (platform_meeting_id()), which is
 * the caller's to free. 0, or -1. */
int given_meeting_id(
	const struct section *platform, const char *text, char **id_r, struct error *error);

/* Both, of options that are needed, for a file: the title of the platform (the settings') and the
 * id. NULL after saying why, with the exit status. */
const char *given_meeting(struct ctl *ctl, const struct ctl_command *command, const char *platform,
	const char *meeting, char **id_r, int *status_r);

/* From standard input, or from a terminal twice. NULL with an error. */
struct secret *given_secret(const char *prompt, struct error *error);

/* 256 random bits as base64url. NULL without memory. */
struct secret *given_random(void);

#endif
