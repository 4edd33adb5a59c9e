/* SPDX-License-Identifier: MIT
 *
 * Memory is wiped as it is freed, in the whole program and whoever frees it: requests, passwords,
 * tokens and keys pass through libcurl, OpenSSL, libldap and jansson, which leave them
 * where they were. wipe.c replaces free() and realloc() for the program and all its libraries;
 * nobody has to call anything. What is freed early on purpose is still wiped by whoever owns it.
 */
#pragma once

/* Wipes what functions that have returned left on the stack of the calling thread, 64 KiB of it:
 * at the end of a turn of the loop, and of a job. */
void wipe_stack(void);

/* Sanitizers replace the same functions, and keep freed memory to look for its use. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define UNDER_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define UNDER_THREAD_SANITIZER 1
#endif
