// Command demo plays a week at a company of sixty people on examples/quickstart, with a real Terraform or
// OpenTofu: the first apply, a new HR file, tampering, a stranger taken out, half an HR file, and a plan that is empty again. Every step is
// asserted, by name, against the plan and against what the apps then hold. `make demo` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	terraform := flag.String("terraform", "terraform", "Terraform or OpenTofu `binary`")
	provider := flag.String("provider", "bin/terraform-provider-tenure", "provider `binary`")
	source := flag.String("source", "examples/quickstart", "`directory` that is copied and applied")
	dir := flag.String("dir", "bin/demo", "working `directory`, emptied first and left for a look afterwards")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *terraform, *provider, *source, *dir); err != nil {
		fmt.Fprintf(os.Stderr, "\nThe demo FAILED: %v\n\nEverything is as it was left, in %s.\n", err, *dir)
		os.Exit(1)
	}
}

func run(ctx context.Context, terraform, provider, source, dir string) error {
	begun := time.Now()
	if err := prepare(source, dir); err != nil {
		return err
	}
	tf, err := newTerraform(ctx, terraform, provider, dir)
	if err != nil {
		return err
	}
	d := &demo{Terraform: tf, dir: dir, out: os.Stdout, bold: isTerminal(os.Stdout)}
	for _, step := range []func(context.Context) error{
		d.intro, d.firstApply, d.newHRFile, d.tampering, d.removal, d.halfTheFile, d.nothingLeft,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.outro(time.Since(begun))
	return nil
}

// marker says that a directory was made by the demo and may be emptied by it.
const marker = ".tenure-demo"

// prepare copies source to dir, which must be absent, empty or left by an earlier demo.
func prepare(source, dir string) error {
	old, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("look into the working directory: %w", err)
	}
	if len(old) > 0 {
		if _, err := os.Stat(filepath.Join(dir, marker)); err != nil {
			return fmt.Errorf("%s is not empty and not from an earlier demo: name another directory with -dir", dir)
		}
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("empty the working directory: %w", err)
		}
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make the working directory: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, marker), []byte("Made by make demo, which empties this directory.\n"), 0o600); err != nil {
		return fmt.Errorf("mark the working directory: %w", err)
	}
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		return fmt.Errorf("copy %s: %w", source, err)
	}
	return os.MkdirAll(filepath.Join(dir, "plans"), 0o750)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}
