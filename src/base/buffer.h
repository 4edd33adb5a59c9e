/* SPDX-License-Identifier: MIT
 *
 * A growing buffer with a maximum. Appending beyond it, or without memory, marks the buffer
 * `failed` and appends nothing from then on: append freely, check `failed` once.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *data; /* NUL-terminated; NULL until something is appended; owned */
	size_t length;
	size_t capacity;
	size_t maximum;
	bool failed;
};

#define BUFFER_INIT(max) ((struct buffer){.maximum = (max)})

void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends text percent-encoded for a path segment or query value: everything except the unreserved
 * characters of RFC 3986 section 2.3; a space is %20. */
void buffer_percent(struct buffer *buffer, const char *text);

/* Empties it and keeps the memory. */
void buffer_clear(struct buffer *buffer);

/* Frees the buffer; buffer_wipe() overwrites its whole capacity first. Both may be called twice. */
void buffer_release(struct buffer *buffer);
void buffer_wipe(struct buffer *buffer);
