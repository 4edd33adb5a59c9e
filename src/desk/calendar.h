/* SPDX-License-Identifier: MIT
 *
 * Private to src/desk: a calendar file with one event (iCalendar, RFC 5545), which a host hands to
 * a guest.
 */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

/* The texts are UTF-8. Times are seconds since 1970. */
struct calendar_event {
	const char *uid; /* the same for the same event */
	const char *title;
	const char *link;
	int64_t made, begins, ends;
};

/* Appends the file. `text` may fail, as any buffer. The file has the link: wipe the buffer if it is
 * secret. */
void calendar_write(const struct calendar_event *event, struct buffer *text);
