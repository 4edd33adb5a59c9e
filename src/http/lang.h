/* SPDX-License-Identifier: MIT
 *
 * The visitor's language: FOLDER/CODE.json, a flat object of keys and sentences. A sentence is
 * plain text; {name} in it is replaced by a value of the page (http/page.h), and a
 * plural (http/plural.h) by its form for that value.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct lang;
struct langs;

/* Loads the languages `codes` (BCP 47: "en", "pt-BR"); the first is the fallback. Every language
 * must have all keys of the first. NULL with an error that names file and key. Free with
 * langs_free(). */
struct langs *langs_load(
	const char *folder, const char *const *codes, size_t count, struct error *error);
void langs_free(struct langs **langs);

/* Chooses by Accept-Language (RFC 9110 12.5.4, lookup of RFC 4647 3.4). Never NULL; a malformed
 * header selects the first language. */
const struct lang *langs_choose(const struct langs *langs, const char *accept_language);

/* The language of one range such as "de-CH", or of its longest part that has one (RFC 4647 3.4);
 * NULL: none. */
const struct lang *langs_look_up(const struct langs *langs, const char *range);

/* The length of a language range without its last subtag, and without a single letter before that
 * (RFC 4647 3.4, step 3). 0: nothing is left. */
size_t lang_shorten(const char *range, size_t length);

/* The languages in the order of the configuration; and one by its code, or NULL. */
size_t langs_count(const struct langs *langs);
const struct lang *langs_at(const struct langs *langs, size_t index);
const struct lang *langs_find(const struct langs *langs, const char *code);

/* The language's code, for <html lang>. */
const char *lang_code(const struct lang *lang);

/* Whether the language is written from right to left, as Arabic and Hebrew are. */
bool lang_is_right_to_left(const struct lang *lang);

/* The sentence under `key`, or NULL. */
const char *lang_text(const struct lang *lang, const char *key);

/* Checks that all languages have `key` and that every {name} in its sentences is among `names`
 * (ended by NULL). 0, or -1 with an error naming file and key. */
int langs_check(
	const struct langs *langs, const char *key, const char *const *names, struct error *error);

enum sentence_part { SENTENCE_END = 0, SENTENCE_TEXT, SENTENCE_VALUE, SENTENCE_PLURAL };

/* Reads the next part of a sentence and advances `*at`: SENTENCE_TEXT is a run of text,
 * SENTENCE_VALUE a name between braces, SENTENCE_PLURAL what plural_parse() reads there. Loaded
 * sentences are well formed; elsewhere an unclosed brace is text. */
enum sentence_part sentence_next(const char **at, const char **part_r, size_t *length_r);
