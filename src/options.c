/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <getopt.h>
#include <unistd.h>

const char options_help[] =
	"usage: meetauthd [-c FILE] [--listen ADDRESS]\n"
	"       meetauthd -t [-c FILE]\n"
	"       meetauthd -V | -h\n"
	"\n"
	"The FastCGI program of meetauth. It takes its listening socket on descriptor 0, as\n"
	"spawn-fcgi and systemd (StandardInput=socket) pass it.\n"
	"\n"
	"  -c, --config FILE     configuration, instead of the installed one\n"
	"  -l, --listen ADDRESS  open the socket itself: unix:/path or 127.0.0.1:9000\n"
	"  -t, --test            check the configuration and what it names, and exit: 0 good, 1 "
	"bad\n"
	"  -V, --version         version, and the backends and platforms built in\n"
	"  -h, --help            this text\n"
	"\n"
	"Signals: TERM and INT finish what is in flight and end; HUP reads everything again.\n"
	"See meetauthd(8), meetauth.conf(5), meetauthctl(1).\n";

int options_parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"listen", required_argument, NULL, 'l'},
		{"test", no_argument, NULL, 't'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*options = (struct options){.config = SYSCONFDIR "/meetauth/meetauth.conf"};
	while ((c = getopt_long(argc, argv, "c:l:tVh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'l':
			options->listen = optarg;
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
