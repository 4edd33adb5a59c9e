/* SPDX-License-Identifier: MIT
 *
 * The values of a page's template, and rendering it as the response.
 */
#pragma once

#include "visit/visit.h"
#include "service/files.h"

enum { VALUES_MAX = 96 };

/* Values for a template; zero at first. The caller owns the texts, which must live until
 * values_answer() returns. */
struct values {
	struct page_value list[VALUES_MAX + 1]; /* the last one stays empty */
	size_t count;
};

void values_put(struct values *values, const char *name, const char *text);

/* Adds a list of rows, ended by NULL; nothing if it is empty. */
void values_put_rows(struct values *values, const char *name, const struct page_value *const *rows);

/* Adds the values that every page needs. */
void values_put_common(struct values *values, const struct visit *visit, const struct lang *lang);

/* The name under which the session's person knows their account: the name that they sign in with;
 * or their own name if a provider or this program made up the subject, which is shown nowhere. NULL
 * without a session. */
const char *values_account(const struct visit *visit);

/* The language that the visitor chose on a page, else that of the platform's parameter "culture",
 * if it is forwarded, else the best one by Accept-Language. */
const struct lang *values_language(const struct visit *visit);

/* Renders the page as the response, with `policy` as its Content-Security-Policy. */
void values_answer(struct visit *visit, enum page_id id, int status, const char *policy,
	const struct lang *lang, const struct values *values);
