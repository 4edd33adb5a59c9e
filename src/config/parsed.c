/* SPDX-License-Identifier: MIT
 *
 * What libconfuse has parsed.
 */
#include "config/schema.h"

#include "base/banned.h"
#include "config/source.h"

#include <stdlib.h>

static int to_line(const char *text)
{
	return text == NULL ? 0 : (int)strtol(text, NULL, 10);
}

cfg_opt_t *schema_option(cfg_t *parsed, const char *name)
{
	for (cfg_opt_t *opt = parsed->opts; opt->name != NULL; opt++)
		if (strcmp(opt->name, name) == 0)
			return opt;
	return NULL;
}

int schema_line(cfg_t *parsed)
{
	const cfg_opt_t *opened = schema_option(parsed, SOURCE_OPENED);

	return opened == NULL ? 1 : to_line(opened->comment);
}

int schema_option_line(const cfg_opt_t *option)
{
	return option == NULL ? 0 : to_line(option->comment);
}
