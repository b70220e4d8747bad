// Package local is the app kind "local": one JSON file that behaves like an app, for demonstrations,
// tests of policies, and small tools that have no API of their own.
//
// The file is the truth: people may edit it, several processes may write it, and whoever reads it sees
// either the state before a write or the state after it.
package local

import (
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/tenure-access/terraform-provider-tenure/internal/access"
	"github.com/tenure-access/terraform-provider-tenure/internal/app"
	"github.com/tenure-access/terraform-provider-tenure/internal/fault"
)

// Kind is the name of the block that configures this app.
const Kind = "local"

// Config says which file is the app.
type Config struct {
	Name string       // the app block's name, for messages
	Path string       // the file; relative to the working directory, required
	Log  *slog.Logger // nil discards
}

// App is a JSON file that behaves like an app. Its methods are safe for concurrent use, in this process
// and beside other processes.
type App struct {
	name string
	path string
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
	return &App{name: cfg.Name, path: filepath.Clean(cfg.Path), log: log}, nil
}

// Info implements app.App.
func (a *App) Info() app.Info {
	return app.Info{
		Kind:              Kind,
		Tenant:            Kind + ":" + filepath.ToSlash(a.path),
		Fields:            access.Fields(),
		UserNamesFoldCase: true,
	}
}
