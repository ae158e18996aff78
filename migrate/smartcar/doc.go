// Package smartcar is the only way from this program to Smartcar's hosts: a read-only client of the v2.0 API (legacy
// leg, opaque tokens) and of the v3 API (app leg, application token + sc-user-id).
//
// What it promises:
//   - Nothing but reads leaves the process: the guard at the bottom of the transport knows every allowed host, method,
//     path, query parameter and body, and refuses the rest (guard.go). No redirect is ever followed.
//   - Never one request over the application's bucket: every attempt, also of a retry or of a token request, takes a
//     token from the one Limiter first; a 429 of the application makes everyone wait, and then send more slowly (limiter.go,
//     bucket.go, queue.go).
//   - A host that does not answer is left alone, but for one request at a time that tries it (breaker.go).
//   - Secrets are opened in sign.go and nowhere else; no error, Call or Answer holds one, nor any prose of a body.
//   - Trouble with a vehicle is data (Answer.Failure). Errors are trouble of the tool: the context, the guard, the
//     budget, the application's credentials.
//
// A call passes these steps, one file each, outermost first:
//
//	renewed (token.go) → retried (retry.go) → guarded (breaker.go) → limited (limit.go) → authorised (token.go) → wire (wire.go, sign.go) → guard (guard.go)
package smartcar
