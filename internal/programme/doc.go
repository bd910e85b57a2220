// Package programme is who takes part in the cloud programme: partners with their standing, customers, and the agreements between
// them. It is pure.
package programme
