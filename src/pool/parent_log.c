/* SPDX-License-Identifier: MIT */
#include "pool/parent_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void parent_log(enum log_level level, const char *result, const char *message)
{
	struct log_line line;

	log_begin(&line, level, "pool");
	log_text(&line, "result", result);
	log_number(&line, "pid", getpid());
	log_text(&line, "message", message);
	log_end(&line);
	log_flush();
}

void parent_log_process(
	enum log_level level, const char *result, pid_t pid, const char *format, ...)
{
	struct log_line line;
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	log_begin(&line, level, "process");
	log_text(&line, "result", result);
	if (pid > 0)
		log_number(&line, "pid", pid);
	log_text(&line, "message", message[0] != '\0' ? message : NULL);
	log_end(&line);
	log_flush();
}
