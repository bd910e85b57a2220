package outbox

import (
	"slices"
	"strings"
)

// Departed are those whom e-mails about a subject wait for, and who act for its partner no more.
type Departed string

// Has tells whether the e-mail is to one of them.
func (d Departed) Has(n Notification) bool {
	return slices.Contains(strings.Split(string(d), "\n"), n.Audience+" "+n.Recipient)
}

// Hearers are the admin agents of a partner, which an expression names, as an audience of e-mails.
type Hearers struct{ Audience, Partner string }

// SelectDeparted is the expression for the Departed of a subject of that kind, the id of which is an expression too, that tells those
// hearers. An admin agent stays one under another address: mail goes where it was owed, which is where the agent was known then. Other
// audiences do not depart: the address of a request is the customer's as long as it lasts.
func SelectDeparted(kind, id string, of ...Hearers) string {
	var audiences, present []string
	for _, h := range of {
		audiences = append(audiences, "'"+h.Audience+"'")
		present = append(present, ` EXCEPT SELECT '`+h.Audience+` ' || a.email FROM partner_users a WHERE a.partner_tenant_id = `+h.Partner+` AND a.admin_agent
			AND (a.ended_at IS NULL OR EXISTS (SELECT 1 FROM partner_users s WHERE s.partner_tenant_id = a.partner_tenant_id AND s.user_id = a.user_id
				AND s.admin_agent AND s.ended_at IS NULL))`)
	}
	return `COALESCE((SELECT string_agg(d.told, '` + "\n" + `') FROM (SELECT n.audience || ' ' || n.recipient AS told FROM notifications n
		WHERE n.subject_id = ` + id + ` AND n.subject_kind = '` + kind + `' AND n.channel = '` + Email + `' AND n.sent_at IS NULL AND n.undelivered_at IS NULL
			AND n.audience IN (` + strings.Join(audiences, ", ") + `)` + strings.Join(present, "") + `) d), '')`
}
