/* SPDX-License-Identifier: MIT
 *
 * meetauthctl init and store: the sealed store as a whole.
 */
#include "ctl/ctl.h"

#include "secret/store.h"

enum { INIT, REKEY };

static int run_init(struct ctl *ctl, int argc, char **argv)
{
	const struct settings *settings;
	struct error error;

	if (ctl_operands(&ctl_store_commands[INIT], argc, argv, 0) != 0)
		return EX_USAGE;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	if (store_init(settings->store, settings->store_key, &error) != 0)
		return ctl_fail(1, &error);
	printf("made %s and its key %s; keep a copy of the key apart from those of the store\n",
		settings->store, settings->store_key);
	return EX_OK;
}

static int run_rekey(struct ctl *ctl, int argc, char **argv)
{
	const struct settings *settings;
	struct error error;

	if (ctl_operands(&ctl_store_commands[REKEY], argc, argv, 0) != 0)
		return EX_USAGE;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	if (store_rekey(settings->store, settings->store_key, &error) != 0)
		return ctl_fail(1, &error);
	printf("%s is sealed with the new key in %s; older copies of it open with the older key "
	       "alone\n",
		settings->store, settings->store_key);
	return EX_OK;
}

const struct ctl_command ctl_store_commands[] = {
	[INIT] = {"init", "", "make the store, its key file and the cookie keys", run_init, true},
	[REKEY] = {"store rekey", "", "seal the store with a new key", run_rekey, true},
	{0},
};
