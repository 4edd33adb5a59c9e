/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include "base/banned.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* As glibc does for set-user-ID programs: opens a descriptor in the wrong direction. */
static void fill(int fd)
{
	int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

	if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", flags) != fd)
		_exit(1);
}

void process_begin(void)
{
	fill(STDIN_FILENO);
	fill(STDOUT_FILENO);
	fill(STDERR_FILENO);
	umask(027);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGXFSZ, SIG_IGN);
}
