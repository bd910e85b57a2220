package kernel

// Door is the way by which a command came.
type Door string

// The doors. Who may signal a run may write any actor into the signal, so what came that way is only claimed, unless it is signed by
// a program that has the deployment's key.
const (
	ByAPI          Door = "api"
	BySignal       Door = "signal, claimed"
	BySignedSignal Door = "signal, signed"
	ByOperator     Door = "operator" // on the ledger itself
)

// Origin is through what a command came, for the log: the door, the application that called, the correlation id of the
// request and, for an operator or a signed command, the name of the system's user. The user's id and principal name are known where a
// token said them, and travel no further than the log.
type Origin struct {
	Via         Door   `json:"via"`
	Application string `json:"application,omitempty"`
	Correlation string `json:"correlationId,omitempty"`
	Operator    string `json:"operator,omitempty"`

	UserID            string `json:"-"`
	UserPrincipalName string `json:"-"`
}

// ForOther is what the other party may know of it.
func (o Origin) ForOther() Origin { return Origin{Via: o.Via} }
