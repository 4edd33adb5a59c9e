/* SPDX-License-Identifier: MIT */
#include "options.h"

#include "base/text.h"
#include "pool/parent.h"

#include <getopt.h>
#include <unistd.h>

const char options_help[] =
	"usage: meetauthd [-c FILE] [--listen ADDRESS] [--processes N]\n"
	"       meetauthd -t [-c FILE]\n"
	"       meetauthd -V | -h\n"
	"\n"
	"The FastCGI program of meetauth. It takes its listening socket on descriptor 0, as\n"
	"spawn-fcgi passes it, or from a socket unit of systemd (LISTEN_FDS).\n"
	"\n"
	"  -c, --config FILE     configuration, instead of the installed one\n"
	"  -l, --listen ADDRESS  open the socket itself: unix:/path or 127.0.0.1:9000\n"
	"  -p, --processes N     run a pool: a parent that keeps N processes at the socket\n"
	"  -t, --test            check the configuration and what it names, and exit: 0 good, 1 "
	"bad\n"
	"  -V, --version         version, and the backends and platforms built in\n"
	"  -h, --help            this text\n"
	"\n"
	"Signals: TERM, INT and QUIT finish what is in flight and end; HUP reads everything "
	"again;\n"
	"USR2 to the parent of a pool replaces its processes one by one, by the program as it is "
	"now.\n"
	"See meetauthd(8), meetauth.conf(5), meetauthctl(1).\n";

int options_parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"listen", required_argument, NULL, 'l'},
		{"processes", required_argument, NULL, 'p'},
		{"test", no_argument, NULL, 't'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int64_t number;
	int c;

	*options = (struct options){.config = SYSCONFDIR "/meetauth/meetauth.conf"};
	while ((c = getopt_long(argc, argv, "c:l:p:tVh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'l':
			options->listen = optarg;
			break;
		case 'p':
			if (text_to_number(optarg, 1, PARENT_PROCESSES_MAX, &number) != 0) {
				fprintf(stderr,
					"meetauthd: --processes %s: expected a number from 1 to "
					"%d\n",
					optarg, PARENT_PROCESSES_MAX);
				return -1;
			}
			options->processes = (unsigned)number;
			break;
		case 't':
			options->test = true;
			break;
		case 'V':
			options->version = true;
			break;
		case 'h':
			options->help = true;
			break;
		default:
			return -1;
		}
	}
	if (optind < argc)
		fprintf(stderr, "meetauthd: %s: takes no such argument\n", argv[optind]);
	return optind < argc ? -1 : 0;
}
