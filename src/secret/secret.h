/* SPDX-License-Identifier: MIT
 *
 * The one type for secret bytes that live longer than a function: in locked, guarded memory
 * (sodium_malloc), wiped by capacity, never printed by anything of ours. For what is load-time
 * only: a request must not make one.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { SECRET_MAX = 4096 }; /* bytes */

struct secret;
struct secret_block;

/* Once, before anything else of this room and before any thread. Turns core files and tracing off
 * for the process, starts libsodium, makes jansson wipe what it frees, and takes SSLKEYLOGFILE out
 * of the environment (libcurl would write the keys of its connections there). -1 when one of them
 * cannot be done; libsodium itself aborts when there is no source of randomness. */
int secret_init(struct error *error);

/* A copy of `length` bytes (NUL-terminated for convenience, the NUL not counted). NULL without
 * memory. The caller wipes its own copy. */
struct secret *secret_new(const void *bytes, size_t length);

const char *secret_text(const struct secret *secret);
size_t secret_length(const struct secret *secret);

/* Wipes, unlocks, frees, sets to NULL. */
void secret_free(struct secret **secret);

/* Many secrets in one protected block: a block of its own for each would take four mappings of the
 * 65,530 that a process may have. Room for `count` secrets of `size` bytes together, NULs not
 * counted; NULL without memory. */
struct secret_block *secret_block_new(size_t count, size_t size);

/* A copy that lives as long as the block; NULL where the room is used up. */
const struct secret *secret_block_add(struct secret_block *block, const void *bytes, size_t length);

/* After the last one: nobody writes there any more. */
void secret_block_close(struct secret_block *block);

/* Wipes, unlocks, frees, sets to NULL. */
void secret_block_free(struct secret_block **block);

/* Reads a secret from a terminal without echo (asking with `prompt` on it), or, where `fd` is none,
 * all of it less one trailing newline, a byte order mark in front and the CR of line ends of
 * Windows (text_strip()). 1 to SECRET_MAX bytes. NULL with an error. */
struct secret *secret_read(int fd, const char *prompt, struct error *error);
