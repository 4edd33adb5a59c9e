/* SPDX-License-Identifier: MIT
 *
 * Private to signin/: what follows when a backend fails.
 */
#ifndef SIGNIN_DOUBT_H
#define SIGNIN_DOUBT_H

#include "visit/visit.h"

/* A backend failed when it was asked about somebody (0: nobody in particular). Where that is one
 * failure too many, it is asked about nobody, on its queue; where it cannot be asked that way, it
 * is left alone at once. */
void doubt_failure(struct service *service, struct files *files, struct service_backend *backend,
	uint64_t whom);

/* Whom a question to a backend is about (health.h): somebody of that name, or, where it is NULL,
 * whoever has this browser. 0 for "". */
uint64_t doubt_whom(const struct visit *visit, const char *name);

#endif
