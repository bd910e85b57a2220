package httpapi

import (
	"context"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Download is an answer that is written piece by piece, so that however long it is it never stands in memory.
type Download struct {
	Kind  string // media type
	Name  string // of the file that it is saved as; empty for an answer that is to be read as it is
	Write func(ctx context.Context, w io.Writer) error
}

// downloadFor bounds one download; takesPiece is how long a client may take for a piece of one.
const (
	downloadFor = 10 * time.Minute
	takesPiece  = 30 * time.Second
)

// RegisterDownload declares an operation that only reads and whose answers are Downloads. What the handler does is bounded in time like
// the answer of Register, and fails like that; what is written afterwards has ten minutes, ends with the program's streams, and counts
// among what a partner has open at once if it is a file. If it fails the connection is cut: nobody takes a part for the whole.
func RegisterDownload[I any](a *API, r Route, handle func(context.Context, *I) (*Download, error)) {
	r.streams = true
	Register(a, r, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		asking, cancel := context.WithTimeout(ctx, answerIn)
		defer cancel()
		d, err := handle(asking, in)
		if err != nil {
			return nil, err
		}
		leave := func() {}
		if d.Name != "" {
			if leave, err = a.limits.enter(RequestOf(ctx).Caller.TenantID, "downloads and streams"); err != nil {
				return nil, err
			}
		}
		return &huma.StreamResponse{Body: func(sending huma.Context) {
			defer leave()
			a.send(sending, *d)
		}}, nil
	})
}

func (a *API) send(sending huma.Context, d Download) {
	ctx, cancel := context.WithTimeout(sending.Context(), downloadFor)
	defer cancel()
	defer context.AfterFunc(a.streaming, cancel)()
	_, w := humago.Unwrap(sending)
	w.Header().Set("Content-Type", d.Kind)
	if d.Name != "" {
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}))
	}
	if sending.Method() == http.MethodHead {
		return
	}
	if err := d.writeTo(ctx, w); err != nil {
		a.log(sending.Context()).Info("A download was not finished.", errorField(err))
		panic(http.ErrAbortHandler)
	}
}

// writeTo writes a file for as long as the client takes each piece in time; anything else has the time of every answer.
func (d Download) writeTo(ctx context.Context, w http.ResponseWriter) error {
	if d.Name == "" {
		return d.Write(ctx, w)
	}
	p := &pieces{w: w, control: http.NewResponseController(w)}
	if err := p.control.SetReadDeadline(time.Time{}); err != nil { // the client says nothing more, however long it reads
		return err
	}
	return d.Write(ctx, p)
}

// pieces writes for clients that take each piece in time.
type pieces struct {
	w       io.Writer
	control *http.ResponseController
}

func (p *pieces) Write(piece []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(takesPiece)); err != nil {
		return 0, err
	}
	return p.w.Write(piece)
}

// JSONDownload is an answer with the value as its body.
func JSONDownload(value any) *Download {
	return &Download{Kind: "application/json", Write: func(_ context.Context, w io.Writer) error { return jsonFormat.Marshal(w, value) }}
}
