/* SPDX-License-Identifier: MIT
 *
 * Keeps the service of a running process up to date: checks its files every second, and loads
 * everything again on request. Files are read on a worker. If something cannot be loaded, the old
 * one stays in use, and the failure is logged once.
 */
#pragma once

#include "service/service.h"

struct reload;

/* Applies settings outside of the service; called on the loop after a new service was put in place.
 */
typedef void reload_applied(void *context, const struct settings *settings);

/* Takes over the reference to `service`. *current_r always points at the newest service; read it on
 * the loop only. */
struct reload *reload_new(uv_loop_t *loop, struct outbound *outbound, struct service *service,
	struct service **current_r, reload_applied *applied, void *context);

/* The next reason why the service could not start now, although this process goes on with what it
 * has loaded. `*at` is 0 at first. NULL: no more reasons, or no reload. */
const char *reload_fault(const struct reload *reload, size_t *at);

/* Loads the configuration and everything that it names again (SIGHUP). */
void reload_all(struct reload *reload);

/* The number of loads that reload_all() requested and that are done, successful or not. */
unsigned reload_count(const struct reload *reload);

/* Stops checking and drops the service; if a job is running, after it has ended: the loop must run
 * until nothing is left. */
void reload_free(struct reload **reload);
