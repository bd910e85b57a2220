package kernel

// Links are the links of a resource of the REST contract.
type Links struct {
	Self Link `json:"self" doc:"The resource itself."`
}

// Link is one link of the wire; its address is relative.
type Link struct {
	URI     string   `json:"uri" doc:"Address, relative to the API."`
	Method  string   `json:"method" doc:"How to ask for it."`
	Headers []string `json:"headers" doc:"Always empty."`
}
