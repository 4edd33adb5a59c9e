/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: the findings of `meetauthctl check`, and the part of it that is about
 * secrets.
 */
#pragma once

#include "service/service.h"

#include <jansson.h>

/* Collects findings for --json, or prints each at once. */
struct findings {
	json_t *list; /* NULL: print each at once */
	bool failed;
};

/* Adds a finding; one that is not good makes the check fail. */
void finding_add(
	struct findings *findings, bool good, const char *what, const char *name, const char *text);

/* The same for the result of a call: the text is `good`, or the error's if `rc` is not 0. */
void finding_add_result(struct findings *findings, int rc, const char *what, const char *name,
	const char *good, const struct error *error);

/* Adds a warning, which does not make the check fail. `file` and `line`: what it is about, or NULL
 * and 0. */
void finding_warn_at(struct findings *findings, const char *what, const char *name,
	const char *file, int line, const char *text);
void finding_warn(struct findings *findings, const char *what, const char *name, const char *text);

/* Check, without the network, that the store has the secrets that platforms and backends need, in a
 * valid format, and warn of those that end soon. */
void check_platform_secrets(struct findings *findings, const struct service *service);
void check_backend_secrets(struct findings *findings, const struct service *service);
