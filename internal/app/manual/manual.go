// Package manual is the kind of app that has no API: its truth is a CSV export that somebody makes in the app, and a
// write is a task for a person, appended to a CSV file with who, what and until when. The app so stays inside the same
// plan, the same brake and the same evidence as all others.
//
// Until a task is due, the app is shown as if the task had been done: otherwise each plan would ask for the same thing
// again. From the day after, only the export counts: what it still does not show is planned, and asked for, again.
package manual

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/durable"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Kind is the name of the block.
const Kind = "manual"

// Defaults of Config, and the most days a task may take: until then nobody notices that it was not done.
const (
	DefaultDueDays = 5
	MaxDueDays     = 90
)

// Config is an app block with a manual block.
type Config struct {
	Name string // the app block's name
	// Export is the CSV file that the app's own export makes; Tasks the CSV file that tasks are appended to.
	Export, Tasks string
	// DueDays is how many days a task may take; 0 means DefaultDueDays.
	DueDays int
	// Fields are the account fields that the export shows; user_name is always one. Default: [DefaultFields].
	Fields []string
	// Columns names the export's column for a field, or for status, groups or licenses; default: their own names.
	Columns map[string]string
	// Groups and Licenses ("PRODUCT/LICENSE", or one name for both) exist also while nobody holds them.
	Groups, Licenses []string
	// Separator divides several groups or licenses in one cell; default ";".
	Separator string

	Now func() time.Time // the wall clock; nil means time.Now
	Log *slog.Logger     // nil discards
}

// DefaultFields are the fields without Config.Fields.
func DefaultFields() []string {
	return []string{string(access.UserName), string(access.Email), string(access.DisplayName)}
}

var (
	_ app.App           = (*App)(nil)
	_ app.AccountReader = (*App)(nil)
	_ app.AccountWriter = (*App)(nil)
	_ app.GroupReader   = (*App)(nil)
	_ app.GroupWriter   = (*App)(nil)
	_ app.LicenseReader = (*App)(nil)
	_ app.LicenseWriter = (*App)(nil)
)

// App is one app without an API.
type App struct {
	cfg    Config
	fields []access.Field
	pools  []access.Pool
	queue  durable.Queue[func(*view) error]
}

// Open checks the configuration, all of it, without touching a file.
func Open(cfg Config) (*App, error) {
	var errs []error
	bad := func(next, format string, args ...any) {
		errs = append(errs, &fault.Error{
			Kind: fault.Invalid, System: cfg.Name, Op: "open the manual app", Cause: fmt.Sprintf(format, args...), Next: next,
		})
	}
	if strings.TrimSpace(cfg.Export) == "" {
		bad("Set export to the CSV file that the app's export makes.", "export is empty")
	}
	if strings.TrimSpace(cfg.Tasks) == "" {
		bad("Set tasks to a CSV file; it is made with the first task.", "tasks is empty")
	} else if filepath.Clean(cfg.Tasks) == filepath.Clean(cfg.Export) {
		bad("Give tasks a file of its own.", "tasks and export are the same file")
	}
	if cfg.DueDays == 0 {
		cfg.DueDays = DefaultDueDays
	}
	if cfg.DueDays < 1 || cfg.DueDays > MaxDueDays {
		bad(fmt.Sprintf("Choose 1 to %d days.", MaxDueDays), "due_days is %d", cfg.DueDays)
	}
	if cfg.Separator == "" {
		cfg.Separator = ";"
	}
	if cfg.Fields == nil {
		cfg.Fields = DefaultFields()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{cfg: cfg, fields: []access.Field{access.UserName}}
	for _, name := range cfg.Fields {
		f := access.Field(name)
		switch {
		case !slices.Contains(access.Fields(), f):
			bad(fmt.Sprintf("Fields are %v.", access.Fields()), "fields: %q is not a field of an account", name)
		case !slices.Contains(a.fields, f):
			a.fields = append(a.fields, f)
		}
	}
	for name := range cfg.Columns {
		if !slices.Contains(a.fields, access.Field(name)) && !slices.Contains(lists(), name) {
			bad(fmt.Sprintf("Columns can be named for %v and %v.", a.fields, lists()), "columns: %q is not read from the export", name)
		}
	}
	for _, l := range cfg.Licenses {
		p := poolOf(l)
		if p.Product == "" || p.License == "" {
			bad(`Write "PRODUCT/LICENSE", or one name where the product has one license.`, "licenses: %q", l)
		}
		a.pools = append(a.pools, p)
	}
	a.queue = durable.Queue[func(*view) error]{LockPath: a.lockPath, LockMode: 0o600, Commit: a.commit}
	return a, errors.Join(errs...)
}

// lists are the columns beside those of fields.
func lists() []string { return []string{"status", "groups", "licenses"} }

func poolOf(text string) access.Pool {
	product, license, both := strings.Cut(strings.TrimSpace(text), "/")
	if !both {
		license = product
	}
	return access.Pool{Product: strings.TrimSpace(product), License: strings.TrimSpace(license), Total: -1, Used: -1}
}

func (a *App) lockPath() (string, error) {
	path, err := durable.Target(a.cfg.Tasks)
	return path + ".lock", err
}

// Info implements app.App.
func (a *App) Info() app.Info {
	return app.Info{
		Kind: Kind, Tenant: Kind + ":" + filepath.ToSlash(filepath.Clean(a.cfg.Tasks)), Fields: slices.Clone(a.fields),
		MaxMemberChanges: 1000, UserNamesFoldCase: true, AsksPeople: true,
		Lacks: map[app.Capability]string{
			app.WriteGroups: "make the group in the app, and name it in groups of the manual block",
		},
	}
}

// Check implements app.App.
func (a *App) Check(ctx context.Context) error {
	_, err := a.view(ctx)
	return a.in(err, "read the export", a.cfg.Export)
}

// in says of every cause what was attempted, and where.
func (a *App) in(err error, op, subject string) error {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return fault.In(err, a.cfg.Name, op, subject)
	}
	var errs []error
	for _, e := range joined.Unwrap() {
		errs = append(errs, a.in(e, op, subject))
	}
	return errors.Join(errs...)
}

// view is the export as it would be if the open tasks were done.
func (a *App) view(ctx context.Context) (*view, error) {
	if err := ctx.Err(); err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Cause: "the operation was given up", Err: err}
	}
	v, err := a.readExport()
	if err != nil {
		return nil, err
	}
	tasks, _, err := readTasks(a.cfg.Tasks)
	if err != nil {
		return nil, err
	}
	today := access.DateOf(a.cfg.Now())
	for _, t := range tasks {
		if t.App == a.cfg.Name && !t.Due.Before(today) {
			v.carryOut(t)
		}
	}
	return v, nil
}

// write asks for what change finds missing in the view.
func (a *App) write(ctx context.Context, op, subject string, change func(*view) error) error {
	return a.in(a.queue.Do(ctx, change), op, subject)
}

// commit lets the changes of a batch write their tasks, all with one write to the file.
func (a *App) commit(batch []func(*view) error) []error {
	errs := make([]error, len(batch))
	v, err := a.view(context.Background())
	if err == nil {
		v.due = access.DateOf(a.cfg.Now().AddDate(0, 0, a.cfg.DueDays))
		for i, change := range batch {
			errs[i] = change(v)
		}
		err = appendTasks(a.cfg.Tasks, a.cfg.Name, a.cfg.Now(), v.asked)
	}
	if err != nil {
		for i := range errs {
			errs[i] = err
		}
	}
	return errs
}
