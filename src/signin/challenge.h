/* SPDX-License-Identifier: MIT
 *
 * The second question: a backend's own, or the code of a second factor. What the visitor has proved
 * so far travels sealed in the form.
 */
#ifndef SIGNIN_CHALLENGE_H
#define SIGNIN_CHALLENGE_H

#include "visit/visit.h"

/* Asks a backend's second question. STEP_DONE. */
enum step challenge_ask(struct visit *visit, struct service_backend *backend,
	const struct auth_challenge *challenge);

/* Somebody (taken over) passed the first question: asks for the code of their second factor, where
 * they have one, refuses them where they must and have none, or lets them pass. */
enum step challenge_second_factor(
	struct visit *visit, struct service_backend *backend, struct identity *who);

/* Takes the code of the second factor of whom the visit's pending sign-in names. */
enum step challenge_check_code(struct visit *visit, const char *code);

#endif
