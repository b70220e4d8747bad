package main

import (
	"fmt"
	"strings"
)

// heading begins a step.
func (d *demo) heading(text string) {
	d.say("")
	if d.bold {
		d.say("\x1b[1m%s\x1b[0m", text)
	} else {
		d.say("%s\n%s", text, strings.Repeat("-", len([]rune(text))))
	}
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// item is one line of a list.
func (d *demo) item(format string, args ...any) { d.say("  - "+format, args...) }

// checked tells of an assertion that held.
func (d *demo) checked(format string, args ...any) { d.say("  ok  "+format, args...) }

// quote shows an excerpt of what Terraform said, set apart.
func (d *demo) quote(lines []string) {
	for _, line := range lines {
		d.say("%s", strings.TrimRight("    | "+line, " "))
	}
}
