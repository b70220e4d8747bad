package manual

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/durable"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// task asks a person for one change. A row of the file is one task, in the order of the header.
type task struct {
	Opened   time.Time
	Due      access.Date
	App      string
	Do       string // one of the verbs
	PersonID string
	UserName string
	What     string // for people
	Subject  string // the group, or PRODUCT/LICENSE
	Values   map[access.Field]string
}

// The verbs of tasks.
const (
	doCreate     = "create account"
	doUpdate     = "update account"
	doDeactivate = "deactivate account"
	doReactivate = "reactivate account"
	doDelete     = "delete account"
	doAdd        = "add member"
	doRemove     = "remove member"
	doAssign     = "assign license"
	doTake       = "remove license"
)

func taskHeader() []string {
	return []string{"opened", "due", "app", "task", "person_id", "user_name", "what", "subject", "values"}
}

// row spells a task. Cells that a spreadsheet would take for a formula get an apostrophe, as spreadsheets write text.
func (t task) row() ([]string, error) {
	values := ""
	if len(t.Values) > 0 {
		b, err := json.Marshal(t.Values)
		if err != nil {
			return nil, err
		}
		values = string(b)
	}
	cells := []string{t.Opened.UTC().Format(time.RFC3339), t.Due.String(), t.App, t.Do, t.PersonID, t.UserName, t.What, t.Subject, values}
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@'\t\r", rune(c[0])) {
			cells[i] = "'" + c
		}
	}
	return cells, nil
}

func taskOf(row []string) (t task, err error) {
	if len(row) != len(taskHeader()) {
		return t, fmt.Errorf("%d columns instead of %d", len(row), len(taskHeader()))
	}
	cells := make([]string, len(row))
	for i, c := range row {
		cells[i] = strings.TrimPrefix(c, "'")
	}
	if t.Opened, err = time.Parse(time.RFC3339, cells[0]); err != nil {
		return t, fmt.Errorf("opened: %w", err)
	}
	if t.Due, err = access.ParseDate(cells[1]); err != nil {
		return t, fmt.Errorf("due: %w", err)
	}
	t.App, t.Do, t.PersonID, t.UserName, t.What, t.Subject = cells[2], cells[3], cells[4], cells[5], cells[6], cells[7]
	if cells[8] != "" {
		if err := json.Unmarshal([]byte(cells[8]), &t.Values); err != nil {
			return t, fmt.Errorf("values: %w", err)
		}
	}
	return t, nil
}

// readTasks reads the file of tasks; whole is its length without a line that a crash cut off. No file is no tasks.
func readTasks(path string) (tasks []task, whole int64, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, durable.Unreadable(err)
	}
	whole = int64(bytes.LastIndexByte(data, '\n') + 1)
	r := csv.NewReader(bytes.NewReader(data[:whole]))
	r.FieldsPerRecord = -1
	var errs []error
	for first := true; ; first = false {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return tasks, whole, errors.Join(errs...)
		}
		var t task
		if err == nil && !first {
			t, err = taskOf(row)
		} else if err == nil && !slices.Equal(row, taskHeader()) {
			err = fmt.Errorf("the header is %q instead of %q", row, taskHeader())
		}
		if err != nil {
			line := 0
			if len(row) > 0 {
				line, _ = r.FieldPos(0)
			}
			errs = append(errs, &fault.Error{
				Kind: fault.Invalid, Cause: fmt.Sprintf("the file of tasks %s, line %d: %v", path, line, err),
				Next: "Correct the line, or move the file away: a new one is begun, and what the export does not show is asked for again.",
			})
			if len(row) == 0 || first {
				return nil, whole, errors.Join(errs...)
			}
			continue
		}
		if !first {
			tasks = append(tasks, t)
		}
	}
}

// appendTasks writes the tasks behind the others, in one write that is on disk when it answers. The caller has the lock.
func appendTasks(path, app string, now time.Time, asked []task) error {
	if len(asked) == 0 {
		return nil
	}
	target, err := durable.Target(path)
	if err != nil {
		return err
	}
	_, whole, err := readTasks(target)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	if whole == 0 {
		_ = w.Write(taskHeader()) // into memory
	}
	for _, t := range asked {
		t.App, t.Opened = app, now
		row, err := t.row()
		if err != nil {
			return durable.Unwritten("cannot write a task", err)
		}
		_ = w.Write(row)
	}
	w.Flush()
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return durable.Unwritten("cannot write the file of tasks", err)
	}
	err = f.Truncate(whole) // less what a crash cut off
	if err == nil {
		_, err = f.WriteAt(buf.Bytes(), whole)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		_ = f.Truncate(whole)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return durable.Unwritten("cannot write the file of tasks", err)
	}
	if whole > 0 {
		return nil
	}
	if err := durable.SyncDirectory(filepath.Dir(target)); err != nil {
		return durable.Unwritten("cannot make the file of tasks", err)
	}
	return nil
}

// carryOut makes the view what the app will be once the task is done.
func (v *view) carryOut(t task) {
	id := fold(t.UserName)
	h := v.accounts[id]
	if h == nil && t.Do == doCreate {
		h = &holder{Account: access.Account{ID: id, UserName: t.UserName, Active: true}, groups: map[string]bool{}, licenses: map[string]string{}}
		for f, value := range t.Values {
			h.Set(f, value)
		}
		h.Status = "asked for until " + t.Due.String()
		v.put(h)
		return
	}
	if h == nil {
		return // gone in the meantime
	}
	switch t.Do {
	case doUpdate:
		for f, value := range t.Values {
			h.Set(f, value)
		}
	case doDeactivate:
		if h.Active {
			h.Active, h.Status = false, "deactivation asked for until "+t.Due.String()
		}
	case doReactivate:
		if !h.Active {
			h.Active, h.Status = true, "reactivation asked for until "+t.Due.String()
		}
	case doDelete:
		delete(v.accounts, id)
		v.order = slices.DeleteFunc(v.order, func(o string) bool { return o == id })
	case doAdd:
		h.groups[v.group(t.Subject)] = true
	case doRemove:
		delete(h.groups, v.group(t.Subject))
	case doAssign:
		p := v.pool(poolOf(t.Subject))
		h.licenses[p.Product] = p.License
	case doTake:
		if p := v.pool(poolOf(t.Subject)); h.licenses[p.Product] == p.License {
			delete(h.licenses, p.Product)
		}
	}
}

// ask adds a task and counts on it.
func (v *view) ask(t task, format string, args ...any) {
	t.Due, t.What = v.due, fmt.Sprintf(format, args...)
	v.asked = append(v.asked, t)
	v.carryOut(t)
}

// list is `email "ana@acme.com", title "Engineer"`, for people.
func list(values map[access.Field]string) string {
	var parts []string
	for _, f := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, fmt.Sprintf("%s %q", f, values[f]))
	}
	return strings.Join(parts, ", ")
}
