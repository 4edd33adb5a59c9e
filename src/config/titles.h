/* SPDX-License-Identifier: MIT
 *
 * The titles of sections. libconfuse compares the title of each section with those of all sections
 * before it, which takes seconds for ten thousand. So a section is taken out of its option when it
 * ends, and put back when the text does; then titles are compared by sorting them. Of the options,
 * only those that the section sets are kept: libconfuse gives each section all options of all
 * types, which takes tens of kilobytes. Private to config/.
 */
#pragma once

#include "config/schema.h"
#include "config/source.h"

/* The callback that libconfuse calls at the end of a section (`validcb`). 0. */
int titles_take_out(cfg_t *parent, cfg_opt_t *option);

/* Puts back all that were taken out, also after an error. */
void titles_put_back(void);

/* Refuses two sections of one kind with the same title, at any depth; host names of platforms are
 * the same in any case. 0, or -1 with "FILE:LINE: …". */
int titles_refuse_same(cfg_t *parsed, const struct sources *sources, struct error *error);
