/* SPDX-License-Identifier: MIT
 *
 * libcurl's multi handle driven by libuv: sockets and timer, nothing about requests. Private to
 * outbound/.
 */
#ifndef OUTBOUND_MULTI_H
#define OUTBOUND_MULTI_H

#include "base/error.h"

#include <curl/curl.h>
#include <uv.h>

struct multi;

/* Called on the loop for every transfer that ended; the easy handle is already out of the multi
 * handle. */
typedef void multi_done(CURL *easy, CURLcode result);

struct multi *multi_new(uv_loop_t *loop, multi_done *done, struct error *error);

/* No transfer may be under way. Kept connections are closed. Handles of the loop are closed in a
 * later turn. */
void multi_free(struct multi **multi);

/* Starts a transfer. 0 or -1. */
int multi_add(struct multi *multi, CURL *easy);

/* The loop it was made with. */
uv_loop_t *multi_loop(const struct multi *multi);

/* Options that make the sockets of an easy handle known to the multi handle's loop. */
void multi_prepare(struct multi *multi, CURL *easy);

#endif
