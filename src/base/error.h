/* SPDX-License-Identifier: MIT
 *
 * The one shape of an error: a function that can fail returns 0 or -1 (or NULL) and fills the
 * caller's struct error with a sentence for the operator. It names the thing, the place
 * (file:line for configuration) and what to do; never a secret. Only main() and meetauthctl
 * print it and exit.
 */
#pragma once

#include "base/banned.h"

struct error {
	char text[512];
};

/* Writes the sentence. Always returns -1, so that callers can `return error_set(error, ...)`.
 * `error` may be NULL for callers that do not care why. */
int error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef UNDER_ANALYSIS
/* An analyser sees one file at a time and does not know that error_set() returns -1. */
#define error_set(...) (error_set(__VA_ARGS__), -1)
#endif

/* Puts words in front of the sentence that is there ("users.passwd: " + text). Always -1. */
int error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
