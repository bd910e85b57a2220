package httpapi

import (
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	swagger "github.com/swaggo/files/v2"

	"handover/internal/kernel"
)

// docsPolicy lets the documentation page run its own scripts and styles, and nothing from elsewhere: it works offline.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"

// serveDocuments serves the description, the page that shows it, and the list of errors.
func (a *API) serveDocuments() error {
	described, err := a.OpenAPI()
	if err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	a.mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		_, _ = w.Write(described)
	})
	a.mux.HandleFunc("GET /docs", page{"text/html; charset=utf-8", docsPage}.serve)
	a.mux.HandleFunc("GET /docs/start.js", page{"text/javascript; charset=utf-8", docsScript}.serve)
	a.mux.HandleFunc("GET /docs/errors", page{"text/html; charset=utf-8", errorsPage()}.serve)
	a.mux.HandleFunc("GET /docs/assets/{asset}", asset)
	a.mux.HandleFunc("/", a.nothingHere)
	return nil
}

// page is a document that never changes.
type page struct{ kind, content string }

func (p page) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", p.kind)
	w.Header().Set("Content-Security-Policy", docsPolicy)
	_, _ = w.Write([]byte(p.content))
}

const docsPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Handover API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" href="/docs/assets/favicon-32x32.png">
</head>
<body>
<div id="api">The description of the API is at <a href="/openapi.json">/openapi.json</a>, its errors at <a href="/docs/errors">/docs/errors</a>.</div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`

const docsScript = `SwaggerUIBundle({url: "/openapi.json", dom_id: "#api", deepLinking: true, docExpansion: "list", validatorUrl: null});
`

// shown are the parts of the viewer that the page needs.
var shown = []string{"swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"}

func asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("asset")
	if !slices.Contains(shown, name) {
		Refuse(noSuchPath, "There is nothing here.").write(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=86400")
	http.ServeFileFS(w, r, swagger.FS, name)
}

var errorsTemplate = template.Must(template.New("errors").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Handover API: errors</title>
<style>body{font:16px/1.5 sans-serif;margin:2rem auto;max-width:60rem}table{border-collapse:collapse}td,th{border-bottom:1px solid #ccc;padding:.3rem .8rem;text-align:left}</style></head>
<body><h1>Errors</h1>
<p>Each cause has a name of its own; some share the code that the wire contract gives them.</p>
<table><tr><th>errorName</th><th>HTTP</th><th>code</th><th>rule</th></tr>
{{range .}}<tr id="{{.Name}}"><td>{{.Name}}</td><td>{{.Status}}</td><td>{{.Code}}</td><td>{{.Rule}}</td></tr>
{{end}}</table></body></html>
`))

// documented is one cause in the list of errors.
type documented struct {
	Name   kernel.Cause
	Status int
	Code   string
	Rule   string
}

// everyCause lists all causes that an answer can have, by name.
func everyCause() []documented {
	var all []documented
	for _, c := range kernel.Causes() {
		all = append(all, documented{c, c.HTTPStatus(), c.Code(), c.Rule()})
	}
	return all
}

func errorsPage() string {
	var out strings.Builder
	if err := errorsTemplate.Execute(&out, everyCause()); err != nil {
		return ""
	}
	return out.String()
}

// nothingHere answers what no route serves: 405 where another method would be served, 404 otherwise.
func (a *API) nothingHere(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := r.Clone(r.Context())
		probe.Method = method
		if _, pattern := a.mux.Handler(probe); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		Refuse(noSuchPath, "There is no such path. See /docs for those there are.").write(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	Refuse(methodNotAllowed, "%s is not possible here; %s is.", Clip(r.Method), strings.Join(allowed, ", ")).write(w, r)
}
