/* SPDX-License-Identifier: MIT
 *
 * meetauthctl state: copies the state when an operator changes its kind or its server.
 */
#include "ctl/ctl.h"

#include "ctl/progress.h"
#include "secret/store.h"
#include "service/state.h"
#include "state/state.h"

static const char *password_of(enum state_peer peer, void *context)
{
	return service_state_password(context, peer);
}

static struct state *open_address(
	const struct settings *settings, struct store *store, const char *address)
{
	struct state_options options = service_state_options(settings);

	options.address = address;
	if (strncmp(address, "rediss:", 7) != 0)
		options.certificate = options.certificate_key = NULL;
	options.password = password_of;
	options.context = store;
	return ctl_need(1, state_open(&options, &ctl_error));
}

static int run_copy(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;
	const char *const *addresses = (const char *const *)ctl->given.operands;
	struct store *store;
	struct state *from, *to;
	int64_t count;

	if (strcmp(addresses[0], addresses[1]) == 0)
		ctl_usage(ctl->command, "both addresses are the same");
	store = ctl_need(1, store_open(settings->store, settings->store_key, &ctl_error));
	from = open_address(settings, store, addresses[0]);
	to = open_address(settings, store, addresses[1]);
	progress_start("copying the state");
	count = state_move(from, to);
	progress_stop();
	if (count < 0)
		ctl_die(1,
			"copying failed after a part: %s answers no more, or has no room; run "
			"it again",
			state_reachable(from) ? addresses[1] : addresses[0]);
	printf("%lld entries copied; set state = \"%s\" and start the pool\n", (long long)count,
		addresses[1]);
	state_close(&from);
	state_close(&to);
	store_free(&store);
	return EX_OK;
}

const struct ctl_command ctl_state_commands[] = {
	{"state copy", "FROM TO",
		"copy claims, revocations and ended sessions from one state to another", run_copy,
		.changes = true},
	{0},
};
