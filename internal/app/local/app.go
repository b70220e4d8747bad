// Package local is the app kind "local": one JSON file that behaves like an app, for demonstrations,
// tests of policies, and small tools that have no API of their own.
//
// The file is the truth: people may edit it, several processes may write it, and whoever reads it sees
// either the state before a write or the state after it. A missing file is an empty app. It looks so,
// sorted by name, with what is empty left out:
//
//	{
//	  "roles": ["member", "owner", "admin"],
//	  "last_id": 2,
//	  "accounts": [
//	    {
//	      "id": "u-000001",
//	      "user_name": "ana@acme.com",
//	      "title": "Engineer",
//	      "active": true,
//	      "last_login": "2026-03-01T09:30:00Z",
//	      "sessions": [
//	        "laptop"
//	      ],
//	      "attributes": {
//	        "site": "Madrid"
//	      }
//	    }
//	  ],
//	  "groups": [
//	    {
//	      "id": "g-000002",
//	      "name": "admins",
//	      "members": {
//	        "ana@acme.com": "owner"
//	      }
//	    }
//	  ],
//	  "licenses": [
//	    {
//	      "product": "design",
//	      "license": "Full",
//	      "total": 10,
//	      "assignees": [
//	        "ana@acme.com"
//	      ]
//	    }
//	  ]
//	}
//
// Accounts have every field of access.Fields; the names of their sessions mean nothing, ending them empties
// the list. Roles are those that members of groups may have; without them they are member, owner and admin. A key
// "self" may name the account that stands for the credential. A total of null is no limit. Licenses of one product exclude
// each other; a product that is not named is called like its license. Ids are given out by counting
// last_id up and are never used again.
package local

import (
	"context"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Kind is the name of the block that configures this app.
const Kind = "local"

// maxMemberChanges bounds one change of a group. A file has no limit of its own; this keeps one caller
// from holding the file for long.
const maxMemberChanges = 10_000

// Config says which file is the app.
type Config struct {
	Name string       // the app block's name, for messages
	Path string       // the file; relative to the working directory, required
	Log  *slog.Logger // nil discards
}

var (
	_ app.App           = (*App)(nil)
	_ app.AccountReader = (*App)(nil)
	_ app.AccountWriter = (*App)(nil)
	_ app.GroupReader   = (*App)(nil)
	_ app.GroupWriter   = (*App)(nil)
	_ app.LicenseReader = (*App)(nil)
	_ app.LicenseWriter = (*App)(nil)
	_ app.SessionEnder  = (*App)(nil)
)

// App is a JSON file that behaves like an app. Its methods are safe for concurrent use, in this process
// and beside other processes.
type App struct {
	name string
	file *store
	log  *slog.Logger
}

// Open checks cfg. It does no I/O: a file that is missing or broken shows when it is used.
func Open(cfg Config) (*App, error) {
	if strings.TrimSpace(cfg.Path) == "" {
		return nil, &fault.Error{
			Kind: fault.Invalid, System: cfg.Name, Op: "open the local app",
			Cause: "path is empty", Next: "Set path to the JSON file that holds the app.",
		}
	}
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &App{name: cfg.Name, file: newStore(filepath.Clean(cfg.Path)), log: log}, nil
}

// Info implements app.App. Which roles a group knows is for the file to say, and plans are checked
// against it before anything else is asked; so the first call looks into a file that was not read yet.
// What is wrong with the file shows when it is used.
func (a *App) Info() app.Info {
	return app.Info{
		Kind:              Kind,
		Tenant:            Kind + ":" + filepath.ToSlash(a.file.path),
		Fields:            access.Fields(),
		GroupRoles:        slices.Clone(a.file.roles()),
		MaxMemberChanges:  maxMemberChanges,
		UserNamesFoldCase: true,
	}
}

// Check implements app.App: the file can be read and makes sense, or does not exist yet.
func (a *App) Check(ctx context.Context) error {
	_, err := a.file.load(ctx)
	return fault.In(err, a.name, "read the file of the app", "")
}

// listing reads the file and yields what pick finds in it.
func listing[T any](ctx context.Context, a *App, op, subject string, pick func(*document, func(T) bool) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		doc, err := a.file.load(ctx)
		if err == nil {
			err = pick(doc, func(v T) bool { return yield(v, nil) })
		}
		if err != nil {
			var none T
			yield(none, fault.In(err, a.name, op, subject))
		}
	}
}

// write applies change to the file and says in its error what was attempted.
func (a *App) write(ctx context.Context, op, subject string, change func(*edit) error) error {
	err := a.file.update(ctx, change)
	if err != nil {
		a.log.DebugContext(ctx, "write failed", "app", a.name, "op", op, "kind", fault.KindOf(err).Error())
	} else {
		a.log.DebugContext(ctx, "written", "app", a.name, "op", op)
	}
	return fault.In(err, a.name, op, subject)
}
