/* SPDX-License-Identifier: MIT
 *
 * What the thread of names.c asks c-ares, and what it reads from the answers. Private to names.c;
 * only the thread uses it.
 */
#pragma once

#include "outbound/names.h"

#include <ares.h>

/* `wake`: an eventfd that ends channel_wait(). */
void channel_begin(int wake);
void channel_end(void);

/* Looks up the addresses of a host, at the servers that resolv.conf names now. -1 without memory;
 * then `answered` is not called. */
int channel_ask(const char *host, ares_addrinfo_callback answered, void *context);

/* Waits for an answer, a timeout of c-ares, `longest` ms (-1: for ever), or `wake`. */
void channel_wait(int longest);

/* How long an answer that has addresses counts, and these addresses. */
int64_t channel_ttl_ms(const struct ares_addrinfo *found);
void channel_addresses(const struct ares_addrinfo *found, struct addresses *addresses);
