package cli

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenure-access/terraform-provider-tenure/internal/report"
)

// evidenceCommand is what the flags say.
type evidenceCommand struct {
	plans, logs []string
	from, to    string
	limits      map[string]int
	zone        string
	endHour     int
	dir         string
	redact      redaction

	now func() time.Time
}

// redaction are the flags for pseudonyms.
type redaction struct {
	on  bool
	key string
}

func (r *redaction) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&r.on, "redact", false, "replace people's names, user names, mail addresses and ids by pseudonyms")
	f.StringVar(&r.key, "redact-key", "", "`key` of the pseudonyms, so that they are the same in every report; better in "+redactKeyEnv+" (default a random one)")
}

// keyFor is the key to redact with, nil for not at all.
func (r *redaction) keyFor(cmd *cobra.Command) ([]byte, error) {
	key := []byte(cmp.Or(r.key, os.Getenv(redactKeyEnv)))
	switch {
	case !r.on && r.key == "":
		return nil, nil
	case len(key) > 0 && len(key) < minRedactKey:
		return nil, misuse(cmd, fmt.Errorf("the key for pseudonyms has %d characters; a key of less than %d is found by trying", len(key), minRedactKey))
	case len(key) == 0:
		key = []byte(rand.Text())
		fmt.Fprintf(cmd.ErrOrStderr(), "The pseudonyms are made with a random key and hold for this report only; set %s to have the same ones in every report.\n", redactKeyEnv)
	}
	return key, nil
}

func newEvidence(now func() time.Time) *cobra.Command {
	c := evidenceCommand{now: now}
	cmd := &cobra.Command{
		Use:   "evidence --plan FILE ... --audit FILE ... -o DIR",
		Short: "What an auditor asks for about a period: populations, timeliness, registers",
		Long: `Reads plans (what terraform show -json prints) and audit logs, and writes evidence.md, a CSV file for each list and
SHA256SUMS. What was planned is kept apart from what was done, every line names the plan or the line of the log that it
comes from, and the hash chains of the logs are checked.

Exit codes: 0 written; 1 the pack could not be made, or the chain of a log is broken (the pack is written all the same
and says so at its top).`,
		Example: `  terraform-provider-tenure report evidence --plan plans/*.json --audit audit.jsonl \
    --from 2026-01-01 --to 2026-04-01 --limit-hours leaver=24,joiner=8 -o evidence-2026q1`,
		Annotations: map[string]string{usageExit: strconv.Itoa(ExitFailed)},
		RunE:        c.run,
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&c.plans, "plan", nil, "`file` with the JSON of a plan; repeatable, and files after the flags are plans too")
	f.StringArrayVar(&c.logs, "audit", nil, "`file` with an audit log; repeatable")
	f.StringVar(&c.from, "from", "", "`date` (or RFC 3339 instant) with which the period begins (default the first input)")
	f.StringVar(&c.to, "to", "", "`date` (or RFC 3339 instant) before which it ends (default the last input)")
	f.StringToIntVar(&c.limits, "limit-hours", map[string]int{"leaver": 24, "joiner": 24}, "hours after the date within which accounts must be there, or off; 0 is no limit")
	f.StringVar(&c.zone, "time-zone", "UTC", "IANA `zone` of dates, such as Europe/Berlin")
	f.IntVar(&c.endHour, "end-of-day-hour", 18, "`hour` at which access ends on the last day, as in timing.end_of_day_hour")
	f.StringVarP(&c.dir, "output", "o", "", "`directory` to write to; it is made, and files of this command in it are replaced")
	c.redact.flags(cmd)
	return cmd
}

func (c *evidenceCommand) run(cmd *cobra.Command, args []string) error {
	o, err := c.options()
	if err != nil {
		return misuse(cmd, err)
	}
	key, err := c.redact.keyFor(cmd)
	if err != nil {
		return err
	}
	plans, closePlans, err := openAll(append(slices.Clone(c.plans), args...))
	defer closePlans()
	if err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	logs, closeLogs, err := openAll(c.logs)
	defer closeLogs()
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	e, err := report.ReadEvidence(plans, logs, o)
	if err != nil {
		return err
	}
	broken := e.Broken()
	if key != nil {
		e.Redact(key)
	}
	if err := c.write(e); err != nil {
		return err
	}
	for _, s := range broken {
		fmt.Fprintf(cmd.ErrOrStderr(), "The chain of %q is broken at line %d: %s: %s. Nothing from there on was used.\n", s.Name, s.Broken.Line, s.Broken.Damage, s.Broken.Why)
	}
	if len(broken) > 0 {
		return exitError(ExitFailed)
	}
	return nil
}

func (c *evidenceCommand) options() (report.EvidenceOptions, error) {
	o := report.EvidenceOptions{Made: c.now(), Version: buildVersion(), EndHour: c.endHour}
	if c.dir == "" {
		return o, fmt.Errorf("no directory is given to write to: --output DIR")
	}
	if c.endHour < 0 || c.endHour > 24 {
		return o, fmt.Errorf("--end-of-day-hour %d is not an hour of a day", c.endHour)
	}
	for _, name := range slices.Sorted(maps.Keys(c.limits)) {
		limit := time.Duration(c.limits[name]) * time.Hour
		switch {
		case limit < 0:
			return o, fmt.Errorf("--limit-hours %s=%d is less than nothing", name, c.limits[name])
		case name == "joiner":
			o.JoinerLimit = limit
		case name == "leaver":
			o.LeaverLimit = limit
		default:
			return o, fmt.Errorf("--limit-hours knows joiner and leaver, and not %q", name)
		}
	}
	var err error
	if o.Zone, err = time.LoadLocation(c.zone); err != nil {
		return o, fmt.Errorf("--time-zone: %w", err)
	}
	for _, x := range []struct {
		flag, text string
		at         *time.Time
	}{{"from", c.from, &o.From}, {"to", c.to, &o.To}} {
		if x.text == "" {
			continue
		}
		if *x.at, err = time.ParseInLocation(time.DateOnly, x.text, o.Zone); err == nil {
			continue
		}
		if *x.at, err = time.Parse(time.RFC3339, x.text); err != nil {
			return o, fmt.Errorf("--%s %q is neither a date such as 2026-01-31 nor an RFC 3339 instant", x.flag, x.text)
		}
	}
	if !o.From.IsZero() && !o.To.IsZero() && !o.From.Before(o.To) {
		return o, fmt.Errorf("--from %s is not before --to %s", c.from, c.to)
	}
	return o, nil
}

// openAll opens files one at a time, as they are read: a year has many plans.
func openAll(names []string) (inputs []report.EvidenceInput, closeAll func(), err error) {
	var open []*lazyFile
	closeAll = func() {
		for _, f := range open {
			f.close()
		}
	}
	for _, name := range names {
		if _, err := os.Stat(name); err != nil {
			return nil, closeAll, err
		}
		f := &lazyFile{path: name}
		open = append(open, f)
		inputs = append(inputs, report.EvidenceInput{Name: filepath.Base(name), Data: f})
	}
	return inputs, closeAll, nil
}

// lazyFile is open from the first Read to the end of the file.
type lazyFile struct {
	path string
	file *os.File
	done bool
}

func (l *lazyFile) Read(b []byte) (int, error) {
	if l.done {
		return 0, io.EOF
	}
	if l.file == nil {
		f, err := os.Open(l.path)
		if err != nil {
			return 0, err
		}
		l.file = f
	}
	n, err := l.file.Read(b)
	if err != nil {
		l.close()
	}
	return n, err
}

func (l *lazyFile) close() {
	if l.file != nil && !l.done {
		_ = l.file.Close() // read only
	}
	l.done = true
}

// write makes the files, for their owner's eyes: they name people.
func (c *evidenceCommand) write(e *report.Evidence) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("make the directory: %w", err)
	}
	var sums strings.Builder
	save := func(name string, write func(io.Writer) error) error {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(b.Bytes()), name)
		if err := os.WriteFile(filepath.Join(c.dir, name), b.Bytes(), 0o600); err != nil {
			return fmt.Errorf("write the evidence: %w", err)
		}
		return nil
	}
	if err := save("evidence.md", e.WriteMarkdown); err != nil {
		return err
	}
	for _, t := range e.Tables() {
		if err := save(t.Name, t.WriteCSV); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(c.dir, "SHA256SUMS"), []byte(sums.String()), 0o600); err != nil {
		return fmt.Errorf("write the evidence: %w", err)
	}
	return nil
}
