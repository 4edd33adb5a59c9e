/* SPDX-License-Identifier: MIT
 *
 * The values that a page is made of, and the page as an answer.
 */
#ifndef VIEW_VALUES_H
#define VIEW_VALUES_H

#include "visit/visit.h"
#include "service/files.h"

enum { VALUES_MAX = 32 };

/* Values for a template, filled one by one; zero at first. Texts are the caller's. */
struct values {
	struct page_value list[VALUES_MAX + 1]; /* the last one stays empty: the end */
	size_t count;
};

void values_put(struct values *values, const char *name, const char *text);

/* A list; nothing where its first row is NULL. */
void values_put_rows(struct values *values, const char *name, const struct page_value *const *rows);

/* What every page says. */
void values_put_common(struct values *values, const struct visit *visit, const struct lang *lang);

/* How the person of the session knows their account: by the name that they sign in with or, where
 * that is one that a provider or this program made up, by their own. NULL without a session. */
const char *values_account(const struct visit *visit);

/* The visitor's language. */
const struct lang *values_language(const struct visit *visit);

/* Answers with the page, under a Content-Security-Policy. */
void values_answer(struct visit *visit, enum page_id id, int status, const char *policy,
	const struct lang *lang, const struct values *values);

#endif
