// SPDX-License-Identifier: MIT
//
// Everything that an operator changes in this sample.

export default {
    service: 'https://external.example.org/auth', // base-url of meetauth
    platform: 'example.webex.com', // title of the section of type webex
    page: 'https://app.example.org/spaces/', // this page, as `app` or `redirects` of the section lists it

    // Webex's Browser SDK (npm package "webex", umd/webex.min.js). Host it yourself, in a version that you have tested.
    sdk: 'https://app.example.org/webex/webex.min.js',
    integrity: '', // "sha384-…", needed if the SDK is on another host: browsers then run only this file
};
