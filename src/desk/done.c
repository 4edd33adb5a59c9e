/* SPDX-License-Identifier: MIT
 *
 * What the page says of each action: afterwards, and before those that it asks about.
 */
#include "desk/desk.h"

const struct desk_done desk_dones[DESK_ACTIONS] = {
	[DESK_PUT_ACCOUNT] = {.word = "saved", .anchor = "accounts", .sentence = "desk.done.saved"},
	[DESK_REMOVE_ACCOUNT] = {.word = "removed",
		.anchor = "accounts",
		.sentence = "desk.done.removed",
		.undo = "restore-account",
		.question = "desk.sure.remove",
		.explanation = "desk.sure.remove.text",
		.button = "desk.remove",
		.action = "remove-account"},
	[DESK_REVOKE_INVITATION] = {.word = "revoked",
		.anchor = "invitations",
		.sentence = "desk.done.revoked",
		.undo = "restore-invitation",
		.question = "desk.sure.revoke",
		.explanation = "desk.sure.revoke.text",
		.button = "desk.revoke",
		.action = "revoke-invitation"},
	[DESK_RESTORE_ACCOUNT] = {.word = "restored",
		.anchor = "accounts",
		.sentence = "desk.done.restored"},
	[DESK_RESTORE_INVITATION] = {.word = "valid",
		.anchor = "invitations",
		.sentence = "desk.done.valid"},
	[DESK_END_ROOM] = {.word = "free",
		.anchor = "rooms",
		.sentence = "desk.done.free",
		.question = "desk.sure.end",
		.explanation = "desk.rooms.text",
		.button = "desk.room.end",
		.action = "end-room"},
};
