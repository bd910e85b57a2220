// Package activitylog is what the log of who did what says, whatever it is about. It is pure.
package activitylog
