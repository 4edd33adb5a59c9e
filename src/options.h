/* SPDX-License-Identifier: MIT
 *
 * meetauthd's command line. Apart from main.c because getopt's struct option is not ours.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>

struct options {
	const char *config; /* the installed one by default */
	const char *listen; /* NULL: descriptor 0 */
	unsigned processes; /* 0: no pool, this process serves */
	bool test, version, help;
};

extern const char options_help[];

/* 0, or -1 after saying on standard error what is wrong. Strings point into argv. */
int options_parse(int argc, char **argv, struct options *options);
