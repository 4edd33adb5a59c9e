/* SPDX-License-Identifier: MIT
 *
 * What a backend delivers after its challenge (a code by mail): the visitor, who has the page
 * already, does not wait for it.
 */
#ifndef SIGNIN_DELIVERY_H
#define SIGNIN_DELIVERY_H

#include "visit/visit.h"

/* Hands a challenge to the backend's workers. 0, or -1 when too much waits. */
int delivery_send(struct visit *visit, struct service_backend *backend,
	const struct auth_challenge *challenge);

#endif
