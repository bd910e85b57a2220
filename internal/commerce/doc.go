// Package commerce is what partners pay: prices by the day, lines that a move or a cancellation costs or gives back, the orders
// that they come from and the invoices that they stand on. It is pure, and knows subscriptions, not transfers.
//
//	money.go    amounts, exact to the minor unit
//	days.go     what a run of days of a subscription costs
//	lines.go    the lines of a move, of a change, and of the cycle to come
//	orders.go   the order of what a transfer brought
//	invoices.go which invoice a line stands on
//	causes.go   every way in which it says no
package commerce
