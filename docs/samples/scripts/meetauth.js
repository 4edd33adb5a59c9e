// SPDX-License-Identifier: MIT
//
// A token from meetauth for the page of an application, on whichever site the page is: docs/scripts.md.
// Goes to the sign-in at most once; what fails after that is an error, and no second round.

const base64url = bytes =>
    btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

// Takes an item out of the window's storage.
function take(name) {
    const value = sessionStorage.getItem(name);
    sessionStorage.removeItem(name);
    return value;
}

// The window's own name: two windows are two clients, and one that comes back is itself.
function clientOfWindow() {
    const client = sessionStorage.getItem('meetauth-client') ?? random();
    sessionStorage.setItem('meetauth-client', client);
    return client;
}

// service: base-url of meetauth. entry: the type of the platform. platform: the title of its section.
// page: this page, as `app` or `redirects` lists it. names: the parameters that may name the meeting.
export async function meetauthToken({service, entry, platform, page, names}) {
    const brought = new URLSearchParams(location.search);
    const begun = JSON.parse(take('meetauth-begun'));
    const code = brought.get('code'), state = brought.get('state');
    const meeting = {};
    for (const name of names)
        if (brought.has(name))
            meeting[name] = brought.get(name);
    if (code !== null) { // it is good once and for a minute, and need not stay in the address
        brought.delete('code');
        brought.delete('state');
        history.replaceState(null, '', '?' + brought);
    }
    const body = {...meeting, client: clientOfWindow()};
    if (code !== null)
        body.code = code;
    if (code !== null && begun !== null && begun.state === state)
        body.code_verifier = begun.verifier;
    const answer = await fetch(`${service}/token/${platform}`, {
        method: 'POST',
        credentials: code !== null ? 'omit' : 'include',
        headers: {'Content-Type': 'application/json'},
        body: JSON.stringify(body),
    });
    const said = await answer.json();
    if (answer.ok)
        return said;
    if (begun !== null || !['login-failed', 'ticket-expired', 'already-used'].includes(said.error))
        throw new Error(said.message);
    const next = {verifier: random(), state: random()};
    sessionStorage.setItem('meetauth-begun', JSON.stringify(next));
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(next.verifier));
    location.assign(`${service}/${entry}?` + new URLSearchParams({
        ...meeting, platform, redirect_uri: page, state: next.state,
        code_challenge: base64url(hash), code_challenge_method: 'S256',
    }));
    return new Promise(() => {}); // the page is being left
}
