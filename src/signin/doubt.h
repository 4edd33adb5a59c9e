/* SPDX-License-Identifier: MIT
 *
 * Private to signin/: what follows when a backend fails.
 */
#ifndef SIGNIN_DOUBT_H
#define SIGNIN_DOUBT_H

#include "service/service.h"

/* A backend failed when it was asked about somebody (0: nobody in particular). Where that is one
 * failure too many, it is asked about nobody, on its lane; where it cannot be asked that way, it is
 * left alone at once. */
void doubt_failure(struct service *service, struct files *files, struct service_backend *backend,
	uint64_t whom);

#endif
