package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// CatalogFormat is the version of what WriteCatalog writes.
const CatalogFormat = 1

// Errors of ReadCatalog.
var (
	ErrNoCatalog     = errors.New("not a catalog")
	ErrCatalogCut    = errors.New("a catalog that is cut off")
	ErrCatalogFormat = errors.New("a catalog of another format")
)

// catalogFile is a catalog as it is kept in a file. The format comes first, so that every version can read it.
type catalogFile struct {
	Format int `json:"format"`
	policies.Catalog
}

// WriteCatalog writes down what CheckOffline needs to know of a database: names, types, keys, policies, privileges and
// database roles, no row of any table of the application. The same database gives the same bytes, to be committed.
func WriteCatalog(w io.Writer, c *policies.Catalog) error {
	file := catalogFile{Format: CatalogFormat, Catalog: *c}
	file.Readers, file.ServerLeaks = nil, nil // no check asks for them
	file.Installed = slices.Clone(c.Installed)
	for i := range file.Installed { // data, and another number tomorrow
		file.Installed[i].Grants = 0
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(file)
}

// ReadCatalog reads what WriteCatalog has written. Errors match ErrNoCatalog, ErrCatalogCut or ErrCatalogFormat.
func ReadCatalog(data []byte) (*policies.Catalog, error) {
	var head struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) && syntax.Offset >= int64(len(data)) && bytes.HasPrefix(bytes.TrimSpace(data), []byte(`{`)) {
			return nil, fmt.Errorf("%w after %d bytes", ErrCatalogCut, len(data))
		}
		return nil, fmt.Errorf("%w: %w", ErrNoCatalog, err)
	}
	switch {
	case head.Format == nil:
		return nil, fmt.Errorf("%w: it has no format", ErrNoCatalog)
	case *head.Format != CatalogFormat:
		return nil, fmt.Errorf("%w: %d, and not %d", ErrCatalogFormat, *head.Format, CatalogFormat)
	}
	var file catalogFile
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCatalog, err)
	}
	if file.ServerVersion == 0 {
		return nil, fmt.Errorf("%w: it names no server version", ErrNoCatalog)
	}
	return &file.Catalog, nil
}

// HasExpressions reports whether m holds an SQL expression, which CheckOffline cannot try on a server.
func HasExpressions(m *policies.Model) bool {
	u, g := m.Users, m.Groups
	return !u.Kernel && slices.ContainsFunc([]policies.Expression{u.Active, u.Superuser, u.Staff, g.ShareMembersVisibility, g.ShareCreatorVisibility},
		func(e policies.Expression) bool { return e.Compiled != "" })
}
