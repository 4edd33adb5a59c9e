/* SPDX-License-Identifier: MIT
 *
 * What is in a cookie or a ticket before it is sealed: numbers, big endian, and byte strings with
 * their length in front. Private to this room. Both sides are marked as failed by what does not fit
 * and do nothing from then on: put or get freely, ask once.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes into memory of the caller. */
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

/* `size` bytes of the number, 1 to 8. */
void wire_put_number(struct wire_out *out, uint64_t number, size_t size);
void wire_put_bytes(struct wire_out *out, const void *bytes, size_t length);

/* Length in 2 bytes, then the text; NULL is as "". */
void wire_put_text(struct wire_out *out, const char *text);

/* 0 when failed. */
uint64_t wire_get_number(struct wire_in *in, size_t size);
void wire_get_bytes(struct wire_in *in, void *bytes, size_t length);

/* A copy that the caller owns; NULL for "", and when failed. */
char *wire_get_text(struct wire_in *in);

/* Everything was there and nothing is left. */
bool wire_is_done(const struct wire_in *in);
