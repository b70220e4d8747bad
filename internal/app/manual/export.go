package manual

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/durable"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// view is what the app holds, with the open tasks as if they were done.
type view struct {
	accounts map[string]*holder // by folded user name, which is the id: an export has no other
	order    []string
	groups   []string
	pools    []access.Pool
	asked    []task      // by the changes of this commit
	due      access.Date // of those
}

// holder is one account with what it holds. A group is known by its name.
type holder struct {
	access.Account
	groups   map[string]bool
	licenses map[string]string // license by product
}

func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// maxExport is the most that is read of an export.
const maxExport = 256 << 20

// readExport reads the export. Whatever is wrong with it is said at once: half an export is none.
func (a *App) readExport() (*view, error) {
	f, err := os.Open(a.cfg.Export)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &fault.Error{
			Kind: fault.Unavailable, Cause: "the export " + a.cfg.Export + " does not exist",
			Next: "Export the app's accounts into that file: without it nobody knows what the app holds.",
		}
	}
	if err != nil {
		return nil, durable.Unreadable(err)
	}
	defer func() { _ = f.Close() }() // only read
	data, err := io.ReadAll(io.LimitReader(f, maxExport+1))
	if err != nil {
		return nil, durable.Unreadable(err)
	}
	if len(data) > maxExport {
		return nil, &fault.Error{Kind: fault.LimitReached, Cause: fmt.Sprintf("%s is larger than %d MiB", a.cfg.Export, maxExport>>20), Next: "Check that it is the right file."}
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	r.Comma = delimiter(data)
	header, err := r.Read()
	if err != nil {
		return nil, a.broken(fmt.Errorf("its first line is no header: %w", err))
	}
	columns, err := a.columns(header)
	if err != nil {
		return nil, err
	}
	v := &view{accounts: make(map[string]*holder), groups: slices.Clone(a.cfg.Groups), pools: slices.Clone(a.pools)}
	var errs []error
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			errs = append(errs, a.broken(err))
			if !errors.Is(err, csv.ErrFieldCount) {
				break // after a broken quote nothing is where it seems
			}
			continue
		}
		line, _ := r.FieldPos(0)
		if err := v.read(row, columns, a.cfg.Separator); err != nil {
			errs = append(errs, a.broken(fmt.Errorf("line %d: %w", line, err)))
		}
	}
	return v, errors.Join(errs...)
}

func (a *App) broken(err error) error {
	return &fault.Error{Kind: fault.Invalid, Cause: a.cfg.Export + ": " + err.Error(), Next: "Export again, or correct the line: nothing is planned from half an export."}
}

// delimiter is whichever of comma, semicolon and tab the first line has most of.
func delimiter(data []byte) rune {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	best := ','
	for _, d := range ";\t" {
		if bytes.Count(line, []byte(string(d))) > bytes.Count(line, []byte(string(best))) {
			best = d
		}
	}
	return best
}

// columns finds where each field and list is; all that are missing are named.
func (a *App) columns(header []string) (map[string]int, error) {
	at := make(map[string]int)
	find := func(name string, must bool) error {
		want := name
		if c, ok := a.cfg.Columns[name]; ok {
			want, must = c, true
		}
		for i, h := range header {
			if strings.EqualFold(strings.TrimSpace(h), want) {
				at[name] = i
				return nil
			}
		}
		if !must {
			return nil
		}
		return &fault.Error{
			Kind: fault.Invalid, Cause: fmt.Sprintf("the export %s has no column %q for %s", a.cfg.Export, want, name),
			Next: fmt.Sprintf("Its columns are %q. Say which is meant with columns = { %s = \"...\" }, or leave %[2]s out of fields.", header, name),
		}
	}
	var errs []error
	for _, f := range a.fields {
		errs = append(errs, find(string(f), true))
	}
	for _, name := range lists() {
		errs = append(errs, find(name, false))
	}
	return at, errors.Join(errs...)
}

// activeWords are how exports spell whether an account can be used.
func activeWords(word string) (active, known bool) {
	switch fold(word) {
	case "", "active", "enabled", "true", "yes", "1", "ok", "invited", "pending":
		return true, true
	case "inactive", "disabled", "deactivated", "suspended", "false", "no", "0", "locked", "deleted", "archived", "blocked":
		return false, true
	}
	return false, false
}

func (v *view) read(row []string, columns map[string]int, separator string) error {
	cell := func(name string) string {
		if i, ok := columns[name]; ok {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	h := &holder{Account: access.Account{Active: true, Status: "active"}, groups: map[string]bool{}, licenses: map[string]string{}}
	for _, f := range access.Fields() {
		h.Set(f, cell(string(f)))
	}
	h.ID = fold(h.UserName)
	if h.ID == "" {
		return errors.New("an account without a user name")
	}
	if _, twice := v.accounts[h.ID]; twice {
		return fmt.Errorf("the user name %q is there twice", h.UserName)
	}
	if word := cell("status"); word != "" {
		active, known := activeWords(word)
		if !known {
			return fmt.Errorf("the status %q of %s is none of active, inactive and their like", word, h.UserName)
		}
		h.Active, h.Status = active, strings.ToLower(word)
	}
	split := func(name string) []string {
		return slices.DeleteFunc(strings.Split(cell(name), separator), func(s string) bool { return strings.TrimSpace(s) == "" })
	}
	for _, g := range split("groups") {
		h.groups[v.group(strings.TrimSpace(g))] = true
	}
	for _, l := range split("licenses") {
		p := v.pool(poolOf(l))
		if has, twice := h.licenses[p.Product]; twice && has != p.License {
			return fmt.Errorf("%s holds %q and %q of %q, and licenses of one product exclude each other", h.UserName, has, p.License, p.Product)
		}
		h.licenses[p.Product] = p.License
	}
	v.put(h)
	return nil
}

func (v *view) put(h *holder) {
	if v.accounts[h.ID] == nil {
		v.order = append(v.order, h.ID)
	}
	v.accounts[h.ID] = h
}

// group is the name as it was first spelt; a new one is added.
func (v *view) group(name string) string {
	if known, ok := v.knownGroup(name); ok {
		return known
	}
	v.groups = append(v.groups, name)
	return name
}

func (v *view) knownGroup(name string) (string, bool) {
	i := slices.IndexFunc(v.groups, func(g string) bool { return fold(g) == fold(name) })
	if i < 0 {
		return "", false
	}
	return v.groups[i], true
}

func (v *view) pool(p access.Pool) access.Pool {
	for _, known := range v.pools {
		if fold(known.Product) == fold(p.Product) && fold(known.License) == fold(p.License) {
			return known
		}
	}
	v.pools = append(v.pools, p)
	return p
}
