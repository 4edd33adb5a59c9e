/* SPDX-License-Identifier: MIT
 *
 * Encodes and decodes the payload of cookies and tickets: numbers in big endian, and byte strings
 * after their length. Private to session/. The first value that does not fit marks the reader or
 * writer as failed, and all later calls do nothing, so callers check `failed` once, at the end.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes into memory that the caller owns. */
struct wire_out {
	uint8_t *bytes;
	size_t length, capacity;
	bool failed;
};

struct wire_in {
	const uint8_t *at;
	size_t left;
	bool failed;
};

/* Writes a number in `size` bytes, 1 to 8. */
void wire_put_number(struct wire_out *out, uint64_t number, size_t size);
void wire_put_bytes(struct wire_out *out, const void *bytes, size_t length);

/* Writes a length in 2 bytes, then the text; NULL counts as "". */
void wire_put_text(struct wire_out *out, const char *text);

/* Returns 0 if `in` has failed. */
uint64_t wire_get_number(struct wire_in *in, size_t size);
void wire_get_bytes(struct wire_in *in, void *bytes, size_t length);

/* Returns a copy that the caller frees; NULL for "" and if `in` has failed. */
char *wire_get_text(struct wire_in *in);

/* True if everything was read and nothing is left. */
bool wire_is_done(const struct wire_in *in);
