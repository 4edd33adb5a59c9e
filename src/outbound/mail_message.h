/* SPDX-License-Identifier: MIT
 *
 * Formats a mail as a message for SMTP (RFC 5322, 2047, 3834). Private to outbound/.
 */
#pragma once

#include "base/buffer.h"
#include "outbound/mail.h"

/* Appends the message with its header, dated now. No field of the mail can add a line to the
 * header. If the message would be longer than the buffer's maximum, the buffer is marked as failed.
 */
void mail_write(const struct mail *mail, struct buffer *message);
