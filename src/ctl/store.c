/* SPDX-License-Identifier: MIT
 *
 * meetauthctl init and store: creates the encrypted store and changes its key.
 */
#include "ctl/ctl.h"

#include "secret/store.h"

int ctl_init(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;

	ctl_must(1, store_init(settings->store, settings->store_key, &ctl_error));
	printf("created %s and its key %s; keep backups of the key and of the store in different "
	       "places\n",
		settings->store, settings->store_key);
	return EX_OK;
}

static int run_rekey(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;

	ctl_must(1, store_rekey(settings->store, settings->store_key, &ctl_error));
	printf("%s is encrypted with the new key in %s; older copies of it open only with the "
	       "older "
	       "key\n",
		settings->store, settings->store_key);
	return EX_OK;
}

const struct ctl_command ctl_store_commands[] = {
	{"init", "", "create the store, its key file and the cookie keys", ctl_init,
		.changes = true},
	{"store rekey", "", "encrypt the store with a new key", run_rekey, .changes = true},
	{0},
};
