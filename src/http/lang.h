/* SPDX-License-Identifier: MIT
 *
 * The visitor's language: FOLDER/lang/CODE.json, one flat object of key → sentence each.
 */
#ifndef HTTP_LANG_H
#define HTTP_LANG_H

#include "base/error.h"

#include <stddef.h>

struct lang;
struct langs;

/* Loads the languages `codes` (BCP 47: "en", "pt-BR"), the first being the fallback. Every language must have
 * the keys of the first. NULL with an error naming file and key. */
struct langs *langs_load(const char *folder, const char *const *codes, size_t count, struct error *error);
void langs_free(struct langs **langs);

/* Chooses by Accept-Language (RFC 9110 12.5.4, lookup of RFC 4647 3.4); never NULL. A malformed header chooses the first. */
const struct lang *langs_choose(const struct langs *langs, const char *accept_language);

/* The language's code, for <html lang>. */
const char *lang_code(const struct lang *lang);

/* The sentence under `key`, or NULL. */
const char *lang_text(const struct lang *lang, const char *key);

/* Checks that all languages have `key`. 0 or -1. */
int langs_have(const struct langs *langs, const char *key);

#endif
