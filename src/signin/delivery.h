/* SPDX-License-Identifier: MIT
 *
 * Sends what a backend delivers after its challenge (a code by mail). The visitor already has the
 * page and does not wait.
 */
#pragma once

#include "visit/visit.h"

/* Queues a challenge for the backend's workers. 0, or -1 if the queue is full or without memory. */
int delivery_send(struct visit *visit, struct service_backend *backend,
	const struct auth_challenge *challenge);
