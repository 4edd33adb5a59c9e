/* SPDX-License-Identifier: MIT
 *
 * Keeps the service of a running process up to date: a look at its files every second, everything
 * anew when asked. Reading happens on a worker; what does not check leaves the old in place and
 * says so once.
 */
#pragma once

#include "service/service.h"

struct reload;

/* What follows from the settings outside of the service; called on the loop when a service was put
 * in its place. */
typedef void reload_applied(void *context, const struct settings *settings);

/* Takes over the use of *service; *current_r always points at the newest, for the caller to read on
 * the loop. */
struct reload *reload_new(uv_loop_t *loop, struct outbound *outbound, struct service *service,
	struct service **current_r, reload_applied *applied, void *context);

/* What a start of the service would fail for now, though this process serves on with what it has
 * loaded: the next sentence; `*at` is 0 before the first. NULL: there is no more (or no reload). */
const char *reload_fault(const struct reload *reload, size_t *at);

/* Reads the configuration and all it names again (SIGHUP). */
void reload_all(struct reload *reload);

/* Stops looking and drops the service; where a job is running, once it has ended: the loop must
 * turn until nothing is left. */
void reload_free(struct reload **reload);
