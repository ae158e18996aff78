// Package browser holds the tests that look at the HTML report in a real Chromium: what is painted, what is asked for,
// what a click does, how quickly a large fleet opens, and whether everybody can read it. It is no part of the product.
//
// The browser is $CHROMIUM, or the first of its usual names that is found; without one the tests fail where CI is set
// and are left out elsewhere. $AXE_CORE is the path of axe.min.js (npm axe-core), with the same rule.
package browser
