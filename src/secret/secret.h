/* SPDX-License-Identifier: MIT
 *
 * The one type for secret bytes that live longer than a function: in locked, guarded memory
 * (sodium_malloc()), wiped when freed, never printed. Made at load time only, never for a request.
 */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { SECRET_MAX = 4096 }; /* bytes */

struct secret;
struct secret_block;

/* Called once, before anything else in src/secret and before any thread starts. Turns off core
 * files and tracing, starts libsodium, and removes SSLKEYLOGFILE from the environment, where
 * libcurl would write the keys of its connections. 0, or -1 with an error; libsodium aborts if the
 * system has no source of randomness. */
int secret_init(struct error *error);

/* Copies `length` bytes and adds a NUL, which is not counted. NULL if memory ran out. The caller
 * wipes its own copy. */
struct secret *secret_new(const void *bytes, size_t length);

const char *secret_text(const struct secret *secret);
size_t secret_length(const struct secret *secret);

/* Wipes, unlocks, frees, sets to NULL. */
void secret_free(struct secret **secret);

/* Many secrets in one protected block, because each block takes four of the 65,530 mappings that a
 * process may have. `size` is the number of bytes of all `count` secrets together, without NULs.
 * NULL if memory ran out. */
struct secret_block *secret_block_new(size_t count, size_t size);

/* Adds a copy, which lives as long as the block; NULL if `count` or `size` is used up. */
const struct secret *secret_block_add(struct secret_block *block, const void *bytes, size_t length);

/* Makes the block read-only, after the last secret was added. */
void secret_block_close(struct secret_block *block);

/* Wipes, unlocks, frees, sets to NULL. */
void secret_block_free(struct secret_block **block);

/* Reads a secret of 1 to SECRET_MAX bytes, which the caller frees. From a terminal: shows `prompt`
 * and reads a line without echo. Otherwise: reads to the end and removes a byte order mark, CRs
 * before newlines (text_strip()) and one trailing newline. NULL with an error. */
struct secret *secret_read(int fd, const char *prompt, struct error *error);
