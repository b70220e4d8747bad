// Package cli is what the provider's binary does besides serving Terraform: one subcommand a file.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"
)

// Exit codes of Main.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2 // the command line cannot be meant; report says 1
	// What report found; like terraform plan -detailed-exitcode.
	ExitChanges  = 2
	ExitFindings = 3
)

// Main runs the subcommand that args name (without the program's name) and answers the exit code.
// Results go to stdout, errors to stderr. It ends early when ctx does.
//
// What the commands need of the rest of the binary comes with it: [OpenRosters].
func Main(ctx context.Context, args []string, stdout, stderr io.Writer, with ...OpenRosters) int {
	root := newRoot()
	for _, open := range with {
		root.AddCommand(newRoster(open))
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	var result exitError
	if errors.As(err, &result) {
		return int(result)
	}
	fmt.Fprintf(stderr, "Error: %v\n", err)
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(stderr, "Run '%s --help' for what is possible.\n", usage.command)
		return usage.code
	}
	return ExitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "terraform-provider-tenure",
		Short: "Declarative access lifecycle: tools beside the Terraform provider",
		Long: `This binary is the Tenure provider for Terraform and OpenTofu, which start it without arguments.
With a subcommand it is a tool for the people who work with the provider.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		// An unknown subcommand would otherwise print the help and succeed.
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse(cmd, fmt.Errorf("there is no subcommand %q", args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(misuse)
	root.AddCommand(newSandbox(), newReport())
	return root
}

// usageError is an error in the command line rather than in what it asked for.
type usageError struct {
	command string
	code    int
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usageExit is the annotation of commands for which ExitUsage means something else: their exit code for misuse.
const usageExit = "exit code of misuse"

func misuse(cmd *cobra.Command, err error) error {
	code := ExitUsage
	if own, err := strconv.Atoi(cmd.Annotations[usageExit]); err == nil {
		code = own
	}
	return &usageError{cmd.CommandPath(), code, err}
}

// exitError ends a command that did its work with another exit code than 0.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// noArguments refuses what follows the flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse(cmd, fmt.Errorf("%s takes no arguments, only flags; got %q", cmd.Name(), args[0]))
	}
	return nil
}
