// SPDX-License-Identifier: MIT
// The example of the platform's specification (section 5), made to run and given a keepalive agent; the
// authentication is left out there too. It is what the bench compares with.
//   node sample.js PLATFORM-ORIGIN        listens on a free port of 127.0.0.1 and prints "port=N"
'use strict'

const express = require('express')
const http = require('http')

const app = express()
const agent = new http.Agent({ keepAlive: true })
const origin = process.argv[2]

const SECRET = 'MySecret'

app.get('/auth', (req, res) => {
  const hostname = req.query.hostname
  const meetingId = req.query.meetingId
  const meetingToken = req.query.meetingToken
  const requestToken = req.query.requestToken

  const url = `${origin}/api/v6/meeting-room/auth/${SECRET}/access-token/${meetingId}/${requestToken}`
  const options = { agent, headers: { 'Content-Type': 'application/json; charset=utf-8' } }

  http.get(url, options, (answer) => {
    let body = ''
    answer.setEncoding('utf8')
    answer.on('data', (chunk) => { body += chunk })
    answer.on('end', () => {
      const accessToken = JSON.parse(body).data.accessToken
      res.redirect(`https://${hostname}/${meetingToken}/join?meetingAccessToken=${accessToken}`)
    })
  }).on('error', () => res.sendStatus(502))
})

const server = app.listen(0, '127.0.0.1', () => console.log(`port=${server.address().port}`))
