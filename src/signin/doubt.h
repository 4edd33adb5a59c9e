/* SPDX-License-Identifier: MIT
 *
 * Private to signin/: what happens after a backend has failed.
 */
#pragma once

#include "visit/visit.h"

/* Records that `backend` failed when asked about `whom` (0: nobody in particular). If the failures
 * reach the limit, a probe that names nobody decides whether the breaker opens; if the backend
 * cannot be probed, the breaker opens at once. */
void doubt_failure(struct service *service, struct files *files, struct service_backend *backend,
	uint64_t whom);

/* The id of the person a question is about (health.h): of `name`, or of the visit's browser if
 * `name` is NULL. 0 for "". */
uint64_t doubt_whom(const struct visit *visit, const char *name);
