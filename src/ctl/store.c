/* SPDX-License-Identifier: MIT
 *
 * meetauthctl init and store: the sealed store as a whole.
 */
#include "ctl/ctl.h"

#include "secret/store.h"

static int run_init(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;

	ctl_must(1, store_init(settings->store, settings->store_key, &ctl_error));
	printf("made %s and its key %s; keep a copy of the key apart from those of the store\n",
		settings->store, settings->store_key);
	return EX_OK;
}

static int run_rekey(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;

	ctl_must(1, store_rekey(settings->store, settings->store_key, &ctl_error));
	printf("%s is sealed with the new key in %s; older copies of it open only with the older "
	       "key\n",
		settings->store, settings->store_key);
	return EX_OK;
}

const struct ctl_command ctl_store_commands[] = {
	{"init", "", "make the store, its key file and the cookie keys", run_init, .changes = true},
	{"store rekey", "", "seal the store with a new key", run_rekey, .changes = true},
	{0},
};
