/* SPDX-License-Identifier: MIT
 *
 * Errors. A function that can fail returns 0 or -1 (or NULL) and fills the caller's struct error
 * with a sentence for the operator. The sentence names the thing, the place (file:line for the
 * configuration) and what to do, never a secret. Only main() and meetauthctl print it and exit.
 */
#pragma once

#include "base/banned.h"

struct error {
	char text[512];
};

/* Sets the sentence. Always returns -1, for `return error_set(error, ...)`. `error` may be NULL.
 * Other hosts' words may be in it: what is not printable becomes '?', so that it can be printed to
 * a terminal. */
int error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef UNDER_ANALYSIS
/* Analysers see one file at a time and do not know that error_set() returns -1. */
#define error_set(...) (error_set(__VA_ARGS__), -1)
#endif

/* Prepends text to the sentence ("users.passwd: " + text). Always -1. */
int error_prefix(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
