/* SPDX-License-Identifier: MIT
 *
 * What `meetauthctl user list` prints: everything that is known of the users but their hashes.
 */
#ifndef CTL_USER_LIST_H
#define CTL_USER_LIST_H

#include "auth/users.h"

/* To standard output, as JSON or as a table, in the order of the names. 0, or -1 when it does not
 * take it. */
int user_list_print(const struct users *users, bool json);

#endif
