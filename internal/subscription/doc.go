// Package subscription is the thing that is billed: whose it is, for how long, and what its owner may change about it (domain
// section 8.3). It is pure.
package subscription
