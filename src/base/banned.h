/* SPDX-License-Identifier: MIT
 *
 * Functions that must not be used; a use does not compile. Every other header of base includes this
 * one, so it holds in every file. After git's banned.h.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef strcpy
#define strcpy(a, b) use_buffer_or_strdup_not_strcpy()
#undef strcat
#define strcat(a, b) use_buffer_not_strcat()
#undef strncpy
#define strncpy(a, b, n) use_snprintf_not_strncpy()
#undef strncat
#define strncat(a, b, n) use_buffer_not_strncat()
#undef sprintf
#define sprintf(...) use_snprintf_not_sprintf()
#undef vsprintf
#define vsprintf(...) use_vsnprintf_not_vsprintf()
#undef strtok
#define strtok(a, b) use_strsep_not_strtok()
#undef atoi
#define atoi(a) use_strtol_not_atoi()
#undef gmtime
#define gmtime(t) use_gmtime_r_not_gmtime()
#undef localtime
#define localtime(t) use_localtime_r_not_localtime()
#undef system
#define system(c) no_shell_ever()
#undef popen
#define popen(c, m) no_shell_ever()
