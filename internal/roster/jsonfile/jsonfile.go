// Package jsonfile reads a roster from a JSON file (RFC 8259): an array of objects, alone or somewhere
// inside an object.
package jsonfile

import (
	"errors"

	"github.com/tenure-access/terraform-provider-tenure/internal/roster"
)

// Config is a roster block with a json block.
type Config struct {
	// Name is the roster block's name.
	Name string
	// File is where the file is.
	roster.File
	// Items is the dotted path of the array of people; empty when the file is the array.
	Items string
	// Mapping says which value is what; columns are dotted paths inside a record ("work.email").
	Mapping roster.Mapping
}

type source struct{ cfg Config }

// Open checks the configuration, all of it, without touching the file.
func Open(c Config) (roster.Source, error) {
	if err := errors.Join(c.Check(), c.Mapping.Validate()); err != nil {
		return nil, roster.ConfigError(c.Name, "json", err)
	}
	return &source{cfg: c}, nil
}

// Info describes the source. A file may hold anybody, so absence says nothing about former and future
// people.
func (s *source) Info() roster.Info {
	return roster.Info{Kind: "json", Name: s.cfg.Name, Terminated: roster.Depends, FutureHires: roster.Depends, Leave: roster.Depends}
}
