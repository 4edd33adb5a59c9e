/* SPDX-License-Identifier: MIT
 *
 * The steps of a sign-in (routes.c). Each step that authenticates either puts a session into the
 * visit or answers.
 */
#pragma once

#include "visit/visit.h"

step_function arrive_with_ticket;      /* GET login: opens the pending sign-in */
step_function arrive_with_form;	       /* POST: checks where the form comes from and parses it */
step_function arrive_with_form_ticket; /* opens the form's ticket: pending sign-in or challenge */
step_function arrive_from_provider;    /* GET callback: opens the ticket in `state` */
step_function arrive_with_invitation;  /* POST invite */
step_function arrive_with_message;     /* POST backchannel: parses a provider's form */
step_function arrive_and_stop;	       /* HEAD: answers 200 and does nothing */

/* For requests without a form, in this order: find the session or ask the web server; read groups
 * again that are too old; send visitors without a session to the login page. */
step_function authenticate_by_session;
step_function authenticate_by_code; /* instead of the session: a script's code */
step_function authenticate_renew;
step_function authenticate_require;

step_function
	authenticate_at_login; /* GET login: shows the page or redirects to the button's provider */
step_function authenticate_by_form;	/* a password, a code, … */
step_function authenticate_by_provider; /* checks what the provider sent back */
step_function backchannel_end;		/* ends the sessions that a provider reports */

step_function invite_show; /* shows the page of an invitation */
step_function invite_accept;
step_function logout_show;
step_function logout_do;
