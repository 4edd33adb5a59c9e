/* SPDX-License-Identifier: MIT
 *
 * The second question of a sign-in: a backend's challenge, or the code of a second factor. What the
 * visitor has proved so far travels in the form, in a sealed ticket.
 */
#pragma once

#include "visit/visit.h"

/* Shows a backend's challenge to the visitor. STEP_DONE. */
enum step challenge_ask(struct visit *visit, struct service_backend *backend,
	const struct auth_challenge *challenge);

/* `who` (taken over) has passed the first question. Asks for the code of their second factor if
 * they have one; without one, fails if the backend requires it and otherwise signs them in. */
enum step challenge_second_factor(
	struct visit *visit, struct service_backend *backend, struct identity *who);

/* Checks the code of the second factor of the person in the visit's pending sign-in. */
enum step challenge_check_code(struct visit *visit, const char *code);
